"""The broker: how clients connect, which version it has, and the topics it must have."""
