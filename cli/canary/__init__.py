"""`codes canary`: a sender of our own, that shows whether requests are answered, and how fast."""
