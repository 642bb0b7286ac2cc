"""A hold around a piece of work: its cost is set aside first, and charged if it succeeds."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from decimal import Decimal
from types import TracebackType
from typing import Any, Final, Self

from ledger.client.calls import ContractCalls
from ledger.client.errors import LedgerError, OutcomeUnknown
from ledger.client.fields import Amount, amount_text
from ledger.client.refusals import HoldNotOpen, Refused
from ledger.client.results import Capture, Hold
from ledger.client.sending import keyed

_log: Final = logging.getLogger("ledger.client")

KEY_MAX: Final = 240
"""The longest key of a hold: those of its capture and its void are made of it."""


class HoldScope:
    """An `async with` block that is paid for: authorized on entry, captured when it succeeds.

    - The block ends: `capture_amount` is captured, everything unless it was set; `charge` is the
      answer. A capture that fails never voids: the work is done. If it is refused (HoldNotOpen: the
      hold expired or was voided while the block ran) nothing was charged. After OutcomeUnknown give
      the error to `client.resolve`. After Unavailable the hold is open: capture it later.
    - The block raises, or its task is cancelled: the hold is voided, shielded from cancellation,
      and the block's own error goes on. If the void fails, a note on that error and a warning in
      the log say so; the hold then expires by itself. A second cancellation goes on at once and
      leaves the void to finish behind it; `aclose` of the client waits for it.
    - Entering raises: nothing was charged. If it was cancelled, or its outcome is unknown, a hold
      may exist: a cancelled one is voided as soon as it is known, an unknown one expires.
    - The process dies: nothing is charged, and the hold expires at `hold.expires_at`.
    - In the block `capture` and `void` may be called at once; then the end of it does nothing.

    The keys of the capture and the void are made of the hold's key, so whoever runs the same block
    again under the same key is never charged twice.
    """

    def __init__(
        self, calls: ContractCalls, authorize: Callable[[], Coroutine[Any, Any, Hold]], key: str
    ) -> None:
        if len(key) > KEY_MAX:
            raise ValueError(f"The idempotency key of a hold has at most {KEY_MAX} characters.")
        self._calls, self._authorize, self._key = calls, authorize, key
        self._hold: Hold | None = None
        self._entered = False
        self._settled = False
        self._refused = 0
        self._amount: Amount | None = None
        self.charge: Capture | None = None
        """What was captured; None as long as nothing is."""

    @property
    def hold(self) -> Hold:
        """The hold as it was authorized, or last extended."""
        if self._hold is None:
            raise RuntimeError("The hold does not exist yet: enter it with `async with`.")
        return self._hold

    @property
    def hold_id(self) -> str:
        """The hold's id."""
        return self.hold.hold_id

    @property
    def amount(self) -> Decimal:
        """What is held."""
        return self.hold.amount

    @property
    def capture_amount(self) -> Amount | None:
        """What is to be captured at the end; None is all of it."""
        return self._amount

    @capture_amount.setter
    def capture_amount(self, amount: Amount | None) -> None:
        """Say it as soon as it is known. Raises ValueError for nothing, or more than is held."""
        self._amount = self._checked(amount)

    async def capture(self, amount: Amount | None = None) -> Capture:
        """Capture now, `amount` or all of it; the end of the block does nothing more.

        Raises ValueError for nothing, or more than is held.
        """
        return await self._calls.finish(self._capture(self._checked(amount)))

    async def void(self) -> Hold:
        """Give it back now; the end of the block does nothing more."""
        self._settled = True
        return await self._calls.finish(self._void())

    async def extend(self, expires_in_s: int) -> Hold:
        """Let it expire so many seconds from now instead."""
        hold = self.hold
        self._hold = await self._calls.extend(hold.wallet_id, hold.hold_id, expires_in_s)
        return self._hold

    async def __aenter__(self) -> Self:
        if self._entered:
            raise RuntimeError("A hold is entered once; ask the client for another one.")
        self._entered = True
        authorizing = asyncio.ensure_future(self._calls.finish(self._authorize()))
        try:
            self._hold = await asyncio.shield(authorizing)
        except asyncio.CancelledError:
            self._calls.finish(self._void_abandoned(authorizing))
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._settled:
            return
        if error is None:
            await self.capture(self._amount)
            return
        failure = await self._calls.finish(self._void_or_note())
        if failure is not None:
            error.add_note(failure)

    def _checked(self, amount: Amount | None) -> Amount | None:
        if amount is not None and not 0 < Decimal(amount_text(amount)) <= self.amount:
            raise ValueError(
                f"{amount} was to be captured; it is above 0 and at most {self.amount}, what is "
                "held. To charge nothing, call void()."
            )
        return amount

    async def _capture(self, amount: Amount | None) -> Capture:
        # Settled before it is known: whatever is unknown about a capture, a void may not follow.
        self._settled = True
        hold = self.hold
        # A refusal is remembered under its key, so what is tried after it needs another one.
        key = f"{self._key}:capture" + (f"-{self._refused}" if self._refused else "")
        try:
            self.charge = await self._calls.capture(
                hold.wallet_id, hold.hold_id, amount, idempotency_key=key
            )
        except OutcomeUnknown:
            raise
        except LedgerError as error:
            self._settled = False
            self._refused += isinstance(error, Refused)
            raise
        return self.charge

    async def _void(self) -> Hold:
        hold = self.hold
        key = f"{self._key}:void"
        return await self._calls.void(hold.wallet_id, hold.hold_id, idempotency_key=key)

    async def _void_or_note(self) -> str | None:
        """Void the hold; returns a note for the block's error if that failed, else None."""
        hold = self.hold
        try:
            await self._void()
        except HoldNotOpen:
            return None
        except Exception as failure:  # noqa: BLE001 - the block's own error goes on, not this one
            _log.warning("hold %s of %s was not voided: %s", hold.hold_id, hold.wallet_id, failure)
            return (
                f"The hold {hold.hold_id} of wallet {hold.wallet_id} could not be voided: "
                f"{failure} It expires by itself at {hold.expires_at.isoformat()}."
            )
        return None

    async def _void_abandoned(self, authorizing: "asyncio.Future[Hold]") -> None:
        """Void the hold, once it is authorized, of a block that was cancelled before it began."""
        try:
            self._hold = await authorizing
        except Exception:  # noqa: BLE001 - there is no hold, and nobody waits for the reason
            return
        await self._void_or_note()


class HoldCalls(ContractCalls):
    """Holds around a piece of work."""

    def hold(
        self,
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
    ) -> HoldScope:
        """A hold for `async with`: captured when the block succeeds, voided when it does not.

        See `HoldScope` for what happens in every other case.
        """
        key = keyed(idempotency_key)

        async def authorize() -> Hold:
            return await self.authorize(
                wallet_id,
                sku=sku,
                quantity=quantity,
                currency=currency,
                amount=amount,
                hold_id=hold_id,
                expires_in_s=expires_in_s,
                reference=reference,
                idempotency_key=key,
            )

        return HoldScope(self, authorize, key)
