"""The demo: the whole service on one machine, asked by a made-up upstream program, and audited."""
