"""`codes`, the command line: one program for all roles and commands."""
