"""Models of everything sent or stored: requests, results, events, documents, settings. Imports no other package."""
