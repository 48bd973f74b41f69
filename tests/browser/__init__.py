"""The live page in a real browser. A package, so that its roles and its browser end when its last test has."""
