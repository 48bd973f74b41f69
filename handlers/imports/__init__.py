"""What becomes of the rows of a CSV object: bytes in, chunks and the import's next state out. Pure."""
