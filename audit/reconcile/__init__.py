"""Counts and reservations compared with the codes, and the correction of what differs."""
