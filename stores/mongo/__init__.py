"""MongoDB, and the only place that knows its driver."""
