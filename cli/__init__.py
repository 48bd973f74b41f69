"""`codes`, the command line: one program for every role and every command."""
