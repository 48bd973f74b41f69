"""S3, and the only place that knows its client."""
