"""Payments: what channels say and what they are asked."""
