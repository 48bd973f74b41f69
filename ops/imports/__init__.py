"""What people do with imports: cancel, retry, upload; for the command line and the HTTP API."""
