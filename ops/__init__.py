"""Settings, logging, metrics, health, the ops port and the command line: the composition root."""
