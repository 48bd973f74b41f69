"""Settings of topics, brokers and the database that weaken the promise: read, then judged by pure functions."""
