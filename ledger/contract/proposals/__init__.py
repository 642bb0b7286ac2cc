"""Proposals: dangerous actions take two people, one who proposes them and one who approves."""
