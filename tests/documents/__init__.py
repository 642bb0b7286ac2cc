"""Markdown documents: what they show is run, what they name exists."""
