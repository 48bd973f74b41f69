"""The worker: batches of requests, decided and answered."""
