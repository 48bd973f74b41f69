"""Decisions: what becomes of requests and rows. Pure: no await, no clock, no I/O, no randomness."""
