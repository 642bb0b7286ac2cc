"""Refusals of the core as problems: their words, and their facts for people."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from ledger.contract.problems import Problem, Slug
from ledger.contract.wording import told_as, words_of
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.rejections import Reason, Rejection

_INSTANTS: Final = frozenset({"expires_at", "now", "closed_at", "since", "until"})
_CURRENCIES: Final = frozenset({"currency", "to_currency"})
_RENAMED: Final = {"withheld_fen": "tax_withheld_cny"}


def problem_of(rejection: Rejection, codes: Mapping[int, str]) -> Problem:
    """The problem that a refusal is told as; `codes` are currency codes by number."""
    facts = {
        public_name(name): _public_value(name, value, codes)
        for name, value in rejection.facts.items()
    }
    slug, _ = told_as(rejection.reason)
    detail = words_of(rejection).format_map(defaultdict(lambda: "unknown", facts))
    return Problem(slug, f"{detail}{_bounds(facts, slug)}", _what(rejection.reason) | facts)


def public_name(name: str) -> str:
    """The name that callers know a core field by: `amount_minor` is `amount` to them."""
    if name in _RENAMED:
        return _RENAMED[name]
    if name.endswith("_minor"):
        return name.removesuffix("_minor")
    if name.endswith("_fen"):
        return f"{name.removesuffix('_fen')}_cny"
    return name


def _public_value(name: str, value: str | int, codes: Mapping[int, str]) -> str | int:
    if isinstance(value, str):
        return public_name(value) if name == "field" else value
    if name.endswith(("_minor", "_fen")):
        return format_amount(value)
    if name in _INSTANTS:
        return format_instant(value)
    return codes[value] if name in _CURRENCIES else value


def _what(reason: Reason) -> dict[str, str | int]:
    kind, suffix, _ = reason.partition("-not-found")
    return {"what": kind} if suffix else {}


def _bounds(facts: Mapping[str, str | int], slug: Slug) -> str:
    """What a range refusal knows, said in a sentence of its own."""
    if not slug.endswith("-out-of-range"):
        return ""
    return ": " + ", ".join(f"{name} {value}" for name, value in facts.items()) + "."
