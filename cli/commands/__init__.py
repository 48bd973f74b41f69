"""The commands of `codes`, one module each. Heavy imports are inside functions, so that `codes --help` is quick."""
