"""Bugs of others."""
