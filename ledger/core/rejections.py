"""Refusals: one closed list of reasons, in order of precedence; each names a state."""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class Reason(StrEnum):
    """Why a well-formed request was refused: by a wallet, or by the rules of proposals and keys.

    Where a command breaks several rules, the first of them here is the answer; the edges refuse
    what is not well-formed, an unknown currency code among it, before there is a command, and the
    daily cap on a caller's grants is kept before the wallet is looked at. The values are wire
    names and never change.
    """

    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused"
    UNKNOWN_CURRENCY = "unknown-currency"
    UNKNOWN_SKU = "unknown-sku"
    UNKNOWN_PLAN = "unknown-plan"
    UNKNOWN_CHANNEL = "unknown-channel"
    UNKNOWN_PROMOTION = "unknown-promotion"
    AMOUNT_OUT_OF_RANGE = "amount-out-of-range"
    EXPIRY_OUT_OF_RANGE = "expiry-out-of-range"
    NOT_CONVERTIBLE = "not-convertible"
    NOT_TRANSFERABLE = "not-transferable"
    TRANSFER_TO_SELF = "transfer-to-self"
    WALLET_CLOSED = "wallet-closed"
    WALLET_FROZEN = "wallet-frozen"
    CLAIM_OPEN = "claim-open"
    STOPPED = "stopped"
    HOLD_EXISTS = "hold-exists"
    HOLD_NOT_FOUND = "hold-not-found"
    HOLD_NOT_OPEN = "hold-not-open"
    CHARGE_NOT_FOUND = "charge-not-found"
    ORDER_NOT_FOUND = "order-not-found"
    ORDER_NOT_PAYABLE = "order-not-payable"
    ORDER_NOT_REFUNDABLE = "order-not-refundable"
    REFUND_NOT_FOUND = "refund-not-found"
    REFUND_NOT_OPEN = "refund-not-open"
    TRANSFER_NOT_FOUND = "transfer-not-found"
    LOT_NOT_FOUND = "lot-not-found"
    NO_MEMBERSHIP = "no-membership"
    PROMOTION_NOT_APPLICABLE = "promotion-not-applicable"
    UPGRADE_NOT_OFFERED = "upgrade-not-offered"
    WALLET_NOT_EMPTY = "wallet-not-empty"
    LOT_EXISTS = "lot-exists"
    CAPTURE_EXCEEDS_HOLD = "capture-exceeds-hold"
    REFUND_EXCEEDS_CHARGE = "refund-exceeds-charge"
    REFUND_EXCEEDS_ORDER = "refund-exceeds-order"
    PAYOUT_EXCEEDS_PAYABLE = "payout-exceeds-payable"
    LIMIT_EXCEEDED = "limit-exceeded"
    INSUFFICIENT_FUNDS = "insufficient-funds"
    PROPOSAL_NOT_FOUND = "proposal-not-found"
    PROPOSAL_IS_OWN = "proposal-is-own"
    PROPOSAL_IS_ANOTHERS = "proposal-is-anothers"
    PROPOSAL_EXPIRED = "proposal-expired"
    PROPOSAL_NOT_OPEN = "proposal-not-open"
    SCOPES_UNKNOWN = "scopes-unknown"
    CALLER_NAME_MALFORMED = "caller-name-malformed"
    CERTIFICATE_MALFORMED = "certificate-malformed"
    CALLER_OF_ANOTHER_KIND = "caller-of-another-kind"
    SCOPES_NOT_FOR_KIND = "scopes-not-for-kind"
    KEYS_ARE_PEOPLES = "keys-are-peoples"
    KEY_MADE_ON_HOST = "key-made-on-host"
    KEY_NOT_FOUND = "key-not-found"
    KEY_OUTLIVES_ITS_OWN = "key-outlives-its-own"
    KEY_IS_ANOTHERS = "key-is-anothers"
    KEY_ROTATED_ON_HOST = "key-rotated-on-host"
    KEY_NOT_ROTATABLE = "key-not-rotatable"
    CERTIFICATE_TAKEN = "certificate-taken"
    CALLER_NOT_FOUND = "caller-not-found"


Fact = str | int | None
"""A value that explains a refusal: a name, an id or an amount; None if there is none."""


_PLACES: Final = {reason: place for place, reason in enumerate(Reason)}


class Rejection(Struct, frozen=True, omit_defaults=True, tag="rejected"):
    """A refusal with the facts that explain it; `facts` holds names, ids and minor amounts."""

    reason: Reason
    facts: dict[str, Fact] = {}


def rejected(reason: Reason, **facts: Fact) -> Rejection:
    """A refusal; amounts among the facts end in `_minor` or `_fen`."""
    return Rejection(reason, facts)


def first_of(refusal: Rejection, other: Rejection) -> Rejection:
    """Of two refusals of a command, the one whose reason stands earlier in `Reason`."""
    return other if _PLACES[other.reason] < _PLACES[refusal.reason] else refusal
