"""What `make docs` adds to mkdocs: pages from outside of docs/, and drawings without a script from elsewhere."""
