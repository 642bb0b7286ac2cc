"""The calls over HTTP, against a live service: a file an area."""
