"""The inventory's HTTP side: API, live stream, page."""
