"""Explanations: why a balance is what it is, and what a charge took, cost and earned."""
