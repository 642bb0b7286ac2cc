"""The client of openapi-python-client."""
