"""Kafka in: records become requests, requests become batches, batches become answers."""
