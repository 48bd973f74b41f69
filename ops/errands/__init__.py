"""What people ask of a running service: send a request, watch a topic, look something up."""
