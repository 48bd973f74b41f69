"""Measurements: `make bench` prints a table and writes `results/latest.json`."""
