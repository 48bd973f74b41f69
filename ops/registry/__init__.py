"""The contract in a schema registry."""
