"""Counts, rates, alerts and corrections of the inventory. Pure."""
