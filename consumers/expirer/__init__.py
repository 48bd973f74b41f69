"""The expirer: release requests for overdue reservations."""
