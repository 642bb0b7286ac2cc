"""Words that several explanations share: for support agents, who know neither code nor books."""

from typing import Annotated

from msgspec import Meta

from ledger.core.instants import format_instant
from ledger.core.wallet import LotTerms

Words = Annotated[str, Meta(description="The same in plain words, for people")]


def counted(number: int, noun: str) -> str:
    """A number of things, as in `2 lots`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def expiry_words(terms: LotTerms) -> str:
    """When a lot expires, as in `never`."""
    return "never" if terms.expires_at is None else format_instant(terms.expires_at)
