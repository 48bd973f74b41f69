"""Settings: read once at start, from variables and files, checked as a whole."""
