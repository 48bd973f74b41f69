"""What the image and `docker-compose.yml` are made with."""
