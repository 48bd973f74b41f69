"""What the pipeline needs and the service does not: of the pinned packages, those that the image installs."""
