"""What a process says of itself: metrics, logs, traces, health, and the ops port that serves them."""
