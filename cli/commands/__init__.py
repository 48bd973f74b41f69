"""The commands of `codes`, one module each. A module imports what is heavy when its command runs."""
