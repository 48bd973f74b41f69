"""The works that `make bench` measures, a module for each kind. Each gives rows of the report."""
