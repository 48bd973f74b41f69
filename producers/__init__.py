"""Kafka out: models become records, records go out together with the offsets of what caused them."""
