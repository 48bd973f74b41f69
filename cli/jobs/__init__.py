"""What commands do once their arguments are read: publish, tail, look up, retry."""
