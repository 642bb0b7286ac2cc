# Generated from the contract by `make client-code`: change that instead.
"""The commands of a batch: each is made here, and sent by `client.batch`."""

from datetime import datetime

from ledger.client.batching import BatchCommand
from ledger.client.fields import (
    Amount,
    amount_text,
    given,
    optional_amount,
    optional_moment,
)
from ledger.client.results import (
    Capture,
    ChargeRefund,
    Conversion,
    DailyGrant,
    Debit,
    Grant,
    Hold,
    SentTransfer,
)
from ledger.client.sending import keyed


def debit(
    wallet_id: str,
    *,
    currency: str | None = None,
    amount: Amount | None = None,
    sku: str | None = None,
    quantity: int | None = None,
    reference: str | None = None,
    idempotency_key: str | None = None,
) -> BatchCommand[Debit]:
    """`client.debit`, as one command of a batch."""
    return BatchCommand(
        "debit",
        wallet_id,
        given(
            currency=currency,
            amount=optional_amount(amount),
            sku=sku,
            quantity=quantity,
            reference=reference,
        ),
        keyed(idempotency_key),
        Debit,
    )


def authorize(
    wallet_id: str,
    *,
    currency: str | None = None,
    amount: Amount | None = None,
    sku: str | None = None,
    quantity: int | None = None,
    reference: str | None = None,
    hold_id: str | None = None,
    expires_in_s: int | None = None,
    idempotency_key: str | None = None,
) -> BatchCommand[Hold]:
    """`client.authorize`, as one command of a batch."""
    return BatchCommand(
        "authorize_hold",
        wallet_id,
        given(
            currency=currency,
            amount=optional_amount(amount),
            sku=sku,
            quantity=quantity,
            reference=reference,
            hold_id=hold_id,
            expires_in_s=expires_in_s,
        ),
        keyed(idempotency_key),
        Hold,
    )


def capture(
    wallet_id: str,
    hold_id: str,
    amount: Amount | None = None,
    *,
    idempotency_key: str | None = None,
) -> BatchCommand[Capture]:
    """`client.capture`, as one command of a batch."""
    return BatchCommand(
        "capture_hold",
        wallet_id,
        given(hold_id=hold_id, amount=optional_amount(amount)),
        keyed(idempotency_key),
        Capture,
    )


def void(wallet_id: str, hold_id: str, *, idempotency_key: str | None = None) -> BatchCommand[Hold]:
    """`client.void`, as one command of a batch."""
    return BatchCommand(
        "void_hold", wallet_id, given(hold_id=hold_id), keyed(idempotency_key), Hold
    )


def extend(
    wallet_id: str, hold_id: str, expires_in_s: int, *, idempotency_key: str | None = None
) -> BatchCommand[Hold]:
    """`client.extend`, as one command of a batch."""
    return BatchCommand(
        "extend_hold",
        wallet_id,
        given(hold_id=hold_id, expires_in_s=expires_in_s),
        keyed(idempotency_key),
        Hold,
    )


def refund_charge(
    wallet_id: str,
    charge_id: str,
    amount: Amount | None = None,
    *,
    reason: str,
    idempotency_key: str | None = None,
) -> BatchCommand[ChargeRefund]:
    """`client.refund_charge`, as one command of a batch."""
    return BatchCommand(
        "refund_charge",
        wallet_id,
        given(charge_id=charge_id, amount=optional_amount(amount), reason=reason),
        keyed(idempotency_key),
        ChargeRefund,
    )


def grant(
    wallet_id: str,
    currency: str,
    amount: Amount,
    *,
    source: str,
    reason: str,
    expires_at: datetime | None = None,
    idempotency_key: str | None = None,
) -> BatchCommand[Grant]:
    """`client.grant`, as one command of a batch."""
    return BatchCommand(
        "grant",
        wallet_id,
        given(
            currency=currency,
            amount=amount_text(amount),
            source=source,
            reason=reason,
            expires_at=optional_moment(expires_at),
        ),
        keyed(idempotency_key),
        Grant,
    )


def daily_grant(wallet_id: str, *, idempotency_key: str | None = None) -> BatchCommand[DailyGrant]:
    """`client.daily_grant`, as one command of a batch."""
    return BatchCommand("daily_grant", wallet_id, {}, keyed(idempotency_key), DailyGrant)


def convert(
    wallet_id: str,
    from_currency: str,
    to_currency: str,
    amount: Amount,
    *,
    idempotency_key: str | None = None,
) -> BatchCommand[Conversion]:
    """`client.convert`, as one command of a batch."""
    return BatchCommand(
        "convert",
        wallet_id,
        given(from_currency=from_currency, to_currency=to_currency, amount=amount_text(amount)),
        keyed(idempotency_key),
        Conversion,
    )


def transfer(
    wallet_id: str,
    to_wallet_id: str,
    currency: str,
    amount: Amount,
    *,
    reference: str | None = None,
    idempotency_key: str | None = None,
) -> BatchCommand[SentTransfer]:
    """`client.transfer`, as one command of a batch."""
    return BatchCommand(
        "transfer",
        wallet_id,
        given(
            to_wallet_id=to_wallet_id,
            currency=currency,
            amount=amount_text(amount),
            reference=reference,
        ),
        keyed(idempotency_key),
        SentTransfer,
    )
