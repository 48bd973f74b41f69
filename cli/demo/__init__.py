"""The demo: the whole service on one machine, with a simulated upstream program, followed by an audit."""
