"""Calls about generations: prices, holds, debits, and giving back what was charged."""

from collections.abc import AsyncIterator

from ledger.client import operations as op
from ledger.client.calls import Calls, each, keyed
from ledger.client.fields import Amount, given, optional_amount
from ledger.client.holding import HoldScope
from ledger.client.results import Capture, Charge, ChargeRefund, Debit, Hold, Page, Quote


class GenerationCalls(Calls):
    """Generations. What is charged is either `currency` and `amount`, or `sku` and `quantity`."""

    async def quote(self, sku: str, *, quantity: int = 1) -> Quote:
        """What a SKU costs now. Raises UnknownSku."""
        return await self._read(Quote, op.QUOTE, {"sku": sku, "quantity": quantity})

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

    async def authorize(
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
    ) -> Hold:
        """Set an amount aside until it is captured or voided, or `expires_in_s` (3600) is over.

        Raises InsufficientFunds, WalletFrozen, LimitExceeded, ClaimOpen, Stopped, HoldExists.
        """
        body = given(
            sku=sku,
            quantity=quantity,
            currency=currency,
            amount=optional_amount(amount),
            hold_id=hold_id,
            expires_in_s=expires_in_s,
            reference=reference,
        )
        return await self._change(
            Hold, op.AUTHORIZE_HOLD, body, idempotency_key, wallet_id=wallet_id
        )

    async def read_hold(self, wallet_id: str, hold_id: str) -> Hold:
        """A hold, open or not. Raises NotFound."""
        return await self._read(Hold, op.READ_HOLD, wallet_id=wallet_id, hold_id=hold_id)

    async def open_holds(self, wallet_id: str) -> AsyncIterator[Hold]:
        """The wallet's open holds, oldest first."""

        async def page(after: str | None) -> Page[Hold]:
            query = {"status": "open", "after": after}
            return await self._read(Page[Hold], op.LIST_HOLDS, query, wallet_id=wallet_id)

        async for hold in each(page):
            yield hold

    async def capture(
        self,
        wallet_id: str,
        hold_id: str,
        amount: Amount | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Capture:
        """Charge a hold, all of it or less, and so close it; the rest returns to its lots.

        Raises HoldNotOpen, CaptureExceedsHold (the hold stays open), NotFound.
        """
        return await self._change(
            Capture,
            op.CAPTURE_HOLD,
            given(amount=optional_amount(amount)),
            idempotency_key,
            wallet_id=wallet_id,
            hold_id=hold_id,
        )

    async def void(
        self, wallet_id: str, hold_id: str, *, idempotency_key: str | None = None
    ) -> Hold:
        """Give a hold back. Raises HoldNotOpen, NotFound."""
        return await self._change(
            Hold, op.VOID_HOLD, {}, idempotency_key, wallet_id=wallet_id, hold_id=hold_id
        )

    async def extend(
        self,
        wallet_id: str,
        hold_id: str,
        expires_in_s: int,
        *,
        idempotency_key: str | None = None,
    ) -> Hold:
        """Let a hold expire so many seconds from now instead. Raises HoldNotOpen, NotFound."""
        return await self._change(
            Hold,
            op.EXTEND_HOLD,
            {"expires_in_s": expires_in_s},
            idempotency_key,
            wallet_id=wallet_id,
            hold_id=hold_id,
        )

    async def debit(
        self,
        wallet_id: str,
        *,
        sku: str | None = None,
        quantity: int | None = None,
        currency: str | None = None,
        amount: Amount | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> Debit:
        """Charge a wallet in one step.

        Raises InsufficientFunds, WalletFrozen, LimitExceeded, ClaimOpen, Stopped.
        """
        body = given(
            sku=sku,
            quantity=quantity,
            currency=currency,
            amount=optional_amount(amount),
            reference=reference,
        )
        return await self._change(Debit, op.DEBIT, body, idempotency_key, wallet_id=wallet_id)

    async def charge(self, wallet_id: str, charge_id: str) -> Charge:
        """A charge, and what was refunded of it so far. Raises NotFound."""
        return await self._read(Charge, op.READ_CHARGE, wallet_id=wallet_id, charge_id=charge_id)

    async def refund_charge(
        self,
        wallet_id: str,
        charge_id: str,
        amount: Amount | None = None,
        *,
        reason: str,
        idempotency_key: str | None = None,
    ) -> ChargeRefund:
        """Give back a charge: `amount`, or all that is not yet refunded.

        Raises RefundExceedsCharge, also when nothing is left; NotFound.
        """
        return await self._change(
            ChargeRefund,
            op.REFUND_CHARGE,
            given(amount=optional_amount(amount), reason=reason),
            idempotency_key,
            wallet_id=wallet_id,
            charge_id=charge_id,
        )
