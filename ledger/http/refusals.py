"""Refusals of the core as problems: each reason's slug, its words, and its facts for people."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, Literal, assert_never

from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.rejections import Reason, Rejection
from ledger.http.problems import Problem, Slug

_INSTANTS: Final = frozenset({"expires_at", "now"})
_CATALOGUE: Final = "GET /v1/catalogue lists what there is."


def problem_of(rejection: Rejection, codes: Mapping[int, str]) -> Problem:
    """The problem that a refusal is told as; `codes` are currency codes by number."""
    facts = {
        public_name(name): _public_value(name, value, codes)
        for name, value in rejection.facts.items()
    }
    slug, words = told_as(rejection.reason)
    detail = words.format_map(defaultdict(lambda: "unknown", facts))
    return Problem(slug, f"{detail}{_bounds(facts, slug)}", _what(rejection.reason) | facts)


def public_name(name: str) -> str:
    """The name that callers know a core field by: `amount_minor` is `amount` to them."""
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
    return codes[value] if name == "currency" else value


def told_as(reason: Reason) -> tuple[Slug, str]:
    """The slug of a reason, which has its status, and the words of its detail."""
    match reason:
        case Reason.IDEMPOTENCY_KEY_REUSED:
            return "idempotency-key-reused", (
                "This key was first used for a command that differs in {field}. Use a new key for "
                "a new command, or send the first one again unchanged."
            )
        case Reason.UNKNOWN_CURRENCY:
            return "unknown-currency", f"There is no such currency. {_CATALOGUE}"
        case Reason.UNKNOWN_SKU:
            return "unknown-sku", f"There is no SKU {{sku}}. {_CATALOGUE}"
        case Reason.UNKNOWN_PLAN:
            return "unknown-plan", f"There is no plan {{plan}} for a {{period}}. {_CATALOGUE}"
        case Reason.UNKNOWN_CHANNEL:
            return "unknown-channel", f"There is no channel {{channel}} here. {_CATALOGUE}"
        case Reason.AMOUNT_OUT_OF_RANGE:
            return "amount-out-of-range", "The amount asked for is out of range"
        case Reason.EXPIRY_OUT_OF_RANGE:
            return "expiry-out-of-range", "The expiry asked for is out of range"
        case Reason.HOLD_NOT_FOUND:
            return "not-found", "This wallet never had a hold {hold_id}. Check both ids."
        case Reason.CHARGE_NOT_FOUND:
            return "not-found", "This wallet has no charge {charge_id}. Check both ids."
        case Reason.ORDER_NOT_FOUND:
            return "not-found", "There is no order {order_id}. Check the id."
        case _:
            return _told_of_state(reason)


_StateReason = Literal[
    Reason.HOLD_EXISTS,
    Reason.HOLD_NOT_OPEN,
    Reason.ORDER_NOT_PAYABLE,
    Reason.CAPTURE_EXCEEDS_HOLD,
    Reason.REFUND_EXCEEDS_CHARGE,
    Reason.LIMIT_EXCEEDED,
    Reason.INSUFFICIENT_FUNDS,
]


def _told_of_state(reason: _StateReason) -> tuple[Slug, str]:
    match reason:
        case Reason.HOLD_EXISTS:
            return "hold-exists", (
                "The id {hold_id} names a hold of this wallet already, open or closed. Choose "
                "another, or leave hold_id out."
            )
        case Reason.HOLD_NOT_OPEN:
            return "hold-not-open", "Hold {hold_id} is {hold_status}. Only an open hold changes."
        case Reason.ORDER_NOT_PAYABLE:
            return "order-not-payable", "Order {order_id} cannot be paid. Open a new one."
        case Reason.CAPTURE_EXCEEDS_HOLD:
            return "capture-exceeds-hold", (
                "A capture of {amount} was asked of hold {hold_id}, which holds {held}. Capture at "
                "most that; debit the rest."
            )
        case Reason.REFUND_EXCEEDS_CHARGE:
            return "refund-exceeds-charge", (
                "A refund of {amount} was asked of charge {charge_id}, of which {refundable} is "
                "not yet refunded. Refund at most that."
            )
        case Reason.LIMIT_EXCEEDED:
            return "limit-exceeded", (
                "The wallet has as many {limit} as it may: {most}. Close or spend some first."
            )
        case Reason.INSUFFICIENT_FUNDS:
            return "insufficient-funds", (
                "{amount} {currency} was asked for and {available} is available. Top up, then send "
                "the command under a new key."
            )
        case _:
            assert_never(reason)


def _what(reason: Reason) -> dict[str, str | int]:
    kind, suffix, _ = reason.partition("-not-found")
    return {"what": kind} if suffix else {}


def _bounds(facts: Mapping[str, str | int], slug: Slug) -> str:
    """What a range refusal knows, said in a sentence of its own."""
    if not slug.endswith("-out-of-range"):
        return ""
    return ": " + ", ".join(f"{name} {value}" for name, value in facts.items()) + "."
