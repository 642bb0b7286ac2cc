"""Bodies of batches: each command has the fields of its own call, its key and its wallet."""

from typing import Annotated

from msgspec import Meta

from ledger.contract.bodies import (
    Body,
    CaptureBody,
    ConvertBody,
    DebitBody,
    EmptyBody,
    ExtendBody,
    GrantBody,
    HoldBody,
    RefundBody,
    TransferBody,
)
from ledger.contract.fields import Id, KeyText


class BatchDebit(DebitBody, frozen=True, kw_only=True, tag_field="kind", tag="debit"):
    """POST …/debits, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


class BatchAuthorizeHold(
    HoldBody, frozen=True, kw_only=True, tag_field="kind", tag="authorize_hold"
):
    """POST …/holds, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


class BatchCaptureHold(
    CaptureBody, frozen=True, kw_only=True, tag_field="kind", tag="capture_hold"
):
    """POST …/holds/{hold_id}/capture, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id
    hold_id: Id


class BatchVoidHold(EmptyBody, frozen=True, kw_only=True, tag_field="kind", tag="void_hold"):
    """POST …/holds/{hold_id}/void, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id
    hold_id: Id


class BatchExtendHold(ExtendBody, frozen=True, kw_only=True, tag_field="kind", tag="extend_hold"):
    """POST …/holds/{hold_id}/extend, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id
    hold_id: Id


class BatchRefundCharge(
    RefundBody, frozen=True, kw_only=True, tag_field="kind", tag="refund_charge"
):
    """POST …/charges/{charge_id}/refund, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id
    charge_id: Id


class BatchGrant(GrantBody, frozen=True, kw_only=True, tag_field="kind", tag="grant"):
    """POST …/grants, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


class BatchDailyGrant(EmptyBody, frozen=True, kw_only=True, tag_field="kind", tag="daily_grant"):
    """POST …/daily-grant, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


class BatchConvert(ConvertBody, frozen=True, kw_only=True, tag_field="kind", tag="convert"):
    """POST …/conversions, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


class BatchTransfer(TransferBody, frozen=True, kw_only=True, tag_field="kind", tag="transfer"):
    """POST …/transfers, as one command of a batch."""

    idempotency_key: KeyText
    wallet_id: Id


AnyBatchCommand = (
    BatchDebit
    | BatchAuthorizeHold
    | BatchCaptureHold
    | BatchVoidHold
    | BatchExtendHold
    | BatchRefundCharge
    | BatchGrant
    | BatchDailyGrant
    | BatchConvert
    | BatchTransfer
)

BATCH_COMMANDS_MAX = 10_000


class BatchBody(Body, frozen=True):
    """Up to 10,000 commands; each stands alone."""

    commands: Annotated[list[AnyBatchCommand], Meta(max_length=BATCH_COMMANDS_MAX)]
