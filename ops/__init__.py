"""What running the service takes: settings, telemetry, monitoring, and the broker's topics."""
