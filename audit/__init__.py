"""The audit: whether what an outsider read from the topics, and what the database holds, is what was promised."""
