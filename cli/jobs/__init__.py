"""One-off jobs behind the commands: publish, tail, look up, retry. They know nothing of options."""
