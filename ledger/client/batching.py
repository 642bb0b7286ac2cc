"""Batches: commands made ahead, each with its own key, and the result of each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

from ledger.client import operations as op
from ledger.client.attempts import error_of
from ledger.client.calls import Calls, decoded, keyed
from ledger.client.errors import LedgerError, OutcomeUnknown
from ledger.client.fields import Amount, amount_text, given, optional_amount, optional_moment
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
from ledger.client.transport import Reply, Request

T = TypeVar("T")


class BatchCommand(Struct, Generic[T], frozen=True):
    """One command of a batch; `key` was made with it, so the same object is the same command."""

    kind: str
    wallet_id: str
    fields: Mapping[str, Any]
    key: str
    result: type[T]

    def document(self) -> dict[str, Any]:
        """The command as it is sent."""
        named = {"kind": self.kind, "idempotency_key": self.key, "wallet_id": self.wallet_id}
        return {**named, **self.fields}


class BatchResult(Struct, Generic[T], frozen=True):
    """What one command came to: its result, or `error`.

    The error is Refused, or Unavailable or OutcomeUnknown: then send the same command object again.
    """

    command: BatchCommand[T]
    answer: T | None
    error: LedgerError | None
    replayed: bool = False

    @property
    def value(self) -> T:
        """The result. Raises the error, if there is one."""
        if self.error is not None:
            raise self.error
        assert self.answer is not None
        return self.answer


def debit(
    wallet_id: str,
    *,
    sku: str | None = None,
    quantity: int | None = None,
    currency: str | None = None,
    amount: Amount | None = None,
    reference: str | None = None,
    idempotency_key: str | None = None,
) -> BatchCommand[Debit]:
    """`client.debit`, as one command of a batch."""
    fields = given(
        sku=sku,
        quantity=quantity,
        currency=currency,
        amount=optional_amount(amount),
        reference=reference,
    )
    return BatchCommand("debit", wallet_id, fields, keyed(idempotency_key), Debit)


def authorize(
    wallet_id: str,
    *,
    sku: str | None = None,
    quantity: int | None = None,
    currency: str | None = None,
    amount: Amount | None = None,
    hold_id: str | None = None,
    expires_in_s: int | None = None,
    reference: str | None = None,
    idempotency_key: str | None = None,
) -> BatchCommand[Hold]:
    """`client.authorize`, as one command of a batch."""
    fields = given(
        sku=sku,
        quantity=quantity,
        currency=currency,
        amount=optional_amount(amount),
        hold_id=hold_id,
        expires_in_s=expires_in_s,
        reference=reference,
    )
    return BatchCommand("authorize_hold", wallet_id, fields, keyed(idempotency_key), Hold)


def capture(
    wallet_id: str,
    hold_id: str,
    amount: Amount | None = None,
    *,
    idempotency_key: str | None = None,
) -> BatchCommand[Capture]:
    """`client.capture`, as one command of a batch."""
    fields = given(hold_id=hold_id, amount=optional_amount(amount))
    return BatchCommand("capture_hold", wallet_id, fields, keyed(idempotency_key), Capture)


def void(wallet_id: str, hold_id: str, *, idempotency_key: str | None = None) -> BatchCommand[Hold]:
    """`client.void`, as one command of a batch."""
    fields = {"hold_id": hold_id}
    return BatchCommand("void_hold", wallet_id, fields, keyed(idempotency_key), Hold)


def extend(
    wallet_id: str, hold_id: str, expires_in_s: int, *, idempotency_key: str | None = None
) -> BatchCommand[Hold]:
    """`client.extend`, as one command of a batch."""
    fields = {"hold_id": hold_id, "expires_in_s": expires_in_s}
    return BatchCommand("extend_hold", wallet_id, fields, keyed(idempotency_key), Hold)


def refund_charge(
    wallet_id: str,
    charge_id: str,
    amount: Amount | None = None,
    *,
    reason: str,
    idempotency_key: str | None = None,
) -> BatchCommand[ChargeRefund]:
    """`client.refund_charge`, as one command of a batch."""
    fields = given(charge_id=charge_id, amount=optional_amount(amount), reason=reason)
    return BatchCommand("refund_charge", wallet_id, fields, keyed(idempotency_key), ChargeRefund)


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
    fields = given(
        currency=currency,
        amount=amount_text(amount),
        source=source,
        reason=reason,
        expires_at=optional_moment(expires_at),
    )
    return BatchCommand("grant", wallet_id, fields, keyed(idempotency_key), Grant)


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
    fields = given(from_currency=from_currency, to_currency=to_currency, amount=amount_text(amount))
    return BatchCommand("convert", wallet_id, fields, keyed(idempotency_key), Conversion)


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
    fields = given(
        to_wallet_id=to_wallet_id,
        currency=currency,
        amount=amount_text(amount),
        reference=reference,
    )
    return BatchCommand("transfer", wallet_id, fields, keyed(idempotency_key), SentTransfer)


class BatchCalls(Calls):
    """Batches."""

    async def batch(self, commands: Sequence[BatchCommand[T]]) -> list[BatchResult[T]]:
        """Run up to 10,000 commands, each standing alone; results in their order.

        Sent again as a whole until it is answered, which does nothing twice: each command has its
        key. Raises Malformed or Forbidden, naming the `index` of a command, when one of them is:
        then nothing was done. Unavailable or OutcomeUnknown are about all of them.
        """
        kept = list(commands)
        body = {"commands": [command.document() for command in kept]}

        def results(body: Any) -> list[BatchResult[T]]:  # noqa: ANN401 - JSON
            answers = decoded(body, _BatchAnswer).results
            return [_result(command, answer) for command, answer in zip(kept, answers, strict=True)]

        return await self._sent(Request(operation=op.BATCH, body=body), results)


class _ResultAnswer(Struct, frozen=True):
    status: int
    body: Any
    replayed: bool = False


class _BatchAnswer(Struct, frozen=True):
    results: list[_ResultAnswer]


def _result(command: BatchCommand[T], answer: _ResultAnswer) -> BatchResult[T]:
    if answer.status < 300:
        value = decoded(answer.body, command.result)
        return BatchResult(command, value, None, answer.replayed)
    request = Request(operation=op.BATCH, body={"commands": [command.document()]}, key=command.key)
    error = error_of(request, Reply(status=answer.status, body=answer.body))
    if isinstance(error, OutcomeUnknown):
        error.decode = lambda body: _result(command, decoded(body, _BatchAnswer).results[0]).value
    return BatchResult(command, None, error, answer.replayed)
