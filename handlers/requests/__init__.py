"""What becomes of a batch of requests: facts in, a plan out. Pure."""
