"""Dead letters for operators: listed, shown, and replayed."""
