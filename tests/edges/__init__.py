"""The edges: what callers see, decoded and told."""
