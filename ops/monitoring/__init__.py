"""What others watch the service with: alert rules for Prometheus and a dashboard for Grafana, made of our metrics."""
