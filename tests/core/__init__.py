"""Tests of the pure core: rules, invariants, and the auditor's agreement."""
