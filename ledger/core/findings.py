"""Findings: the differences that a verification of the log reports."""

from msgspec import Struct


class Finding(Struct, frozen=True):
    """One difference: what kind of thing, which one, and what is wrong with it."""

    what: str
    where: str
    problem: str
