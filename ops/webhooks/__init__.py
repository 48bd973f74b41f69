"""Stock alerts as HTTP requests to other systems."""
