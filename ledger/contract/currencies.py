"""Currencies: their codes, as callers know them, and their numbers in the log."""

from collections.abc import Mapping

from msgspec import Struct

from ledger.core.money import CNY


class Currencies(Struct, frozen=True):
    """Codes by number, the renminbi included; numbers by code, virtual currencies only."""

    codes: Mapping[int, str]
    numbers: Mapping[str, int]


def currencies_of(codes: Mapping[int, str]) -> Currencies:
    """Both ways of a catalogue's codes."""
    return Currencies(codes, {code: number for number, code in codes.items() if number != CNY})
