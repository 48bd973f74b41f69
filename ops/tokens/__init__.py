"""Signed tokens: their keys, their claims, and what they grant."""
