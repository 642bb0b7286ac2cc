"""Clients made by generators of the document, and what is done with them."""
