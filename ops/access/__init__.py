"""Which rights each role and each neighbour needs, and no more: in Kafka, MongoDB and S3."""
