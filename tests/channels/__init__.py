"""Tests of payment channels."""
