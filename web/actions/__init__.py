"""Actions of people on the page and in its API: each needs a right of its own, and leaves an audit record."""
