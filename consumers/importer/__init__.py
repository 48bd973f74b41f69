"""The importer: import commands, each taken to its end."""
