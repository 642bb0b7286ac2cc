"""Calls about wallets: what they hold and held, points given, converted and passed on."""

from collections.abc import AsyncIterator
from datetime import datetime

from ledger.client import operations as op
from ledger.client.calls import Calls, each
from ledger.client.fields import Amount, amount_text, given, optional_moment
from ledger.client.results import (
    Conversion,
    DailyGrant,
    Grant,
    Lot,
    Page,
    SentTransfer,
    Transfer,
    Wallet,
)
from ledger.client.results_books import Entry


class WalletCalls(Calls):
    """Wallets."""

    async def wallet(self, wallet_id: str, *, at: datetime | None = None) -> Wallet:
        """The wallet now, or as it was `at` a time; one never seen reads as zeros."""
        query = {"at": optional_moment(at)}
        return await self._read(Wallet, op.READ_WALLET, query, wallet_id=wallet_id)

    async def lots(self, wallet_id: str, *, at: datetime | None = None) -> tuple[Lot, ...]:
        """The lots that have anything left, in spending order; `at` a time as they were then."""
        query = {"at": optional_moment(at)}

        async def page(after: str | None) -> Page[Lot]:
            more = query | {"after": after}
            return await self._read(Page[Lot], op.LIST_LOTS, more, wallet_id=wallet_id)

        return tuple([lot async for lot in each(page)])

    async def entries_page(
        self, wallet_id: str, *, limit: int = 100, after: str | None = None
    ) -> Page[Entry]:
        """A page of what was recorded of the wallet, newest first; `after` a page's `next`."""
        query = {"limit": limit, "after": after}
        return await self._read(Page[Entry], op.LIST_ENTRIES, query, wallet_id=wallet_id)

    async def entries(self, wallet_id: str, *, page_size: int = 100) -> AsyncIterator[Entry]:
        """All that was recorded of the wallet, newest first, read page by page as it goes on."""

        async def page(after: str | None) -> Page[Entry]:
            return await self.entries_page(wallet_id, limit=page_size, after=after)

        async for entry in each(page):
            yield entry

    async def daily_grant(
        self, wallet_id: str, *, idempotency_key: str | None = None
    ) -> DailyGrant:
        """Claim the day's free points, once a Shanghai day; later that day the same lot again."""
        return await self._change(
            DailyGrant, op.CLAIM_DAILY_GRANT, {}, idempotency_key, wallet_id=wallet_id
        )

    async def grant(
        self,
        wallet_id: str,
        currency: str,
        amount: Amount,
        *,
        source: str,
        reason: str,
        expires_at: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> Grant:
        """Give points without payment; `source` is promotional or compensation."""
        body = given(
            currency=currency,
            amount=amount_text(amount),
            source=source,
            reason=reason,
            expires_at=optional_moment(expires_at),
        )
        return await self._change(Grant, op.GRANT, body, idempotency_key, wallet_id=wallet_id)

    async def convert(
        self,
        wallet_id: str,
        from_currency: str,
        to_currency: str,
        amount: Amount,
        *,
        idempotency_key: str | None = None,
    ) -> Conversion:
        """Turn paid value of one currency into as much of another.

        Raises InsufficientFunds: only what was paid for counts.
        """
        body = given(
            from_currency=from_currency, to_currency=to_currency, amount=amount_text(amount)
        )
        return await self._change(
            Conversion, op.CONVERT, body, idempotency_key, wallet_id=wallet_id
        )

    async def transfer(
        self,
        wallet_id: str,
        to_wallet_id: str,
        currency: str,
        amount: Amount,
        *,
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> SentTransfer:
        """Give paid value to the owner of another wallet. Raises InsufficientFunds."""
        body = given(
            to_wallet_id=to_wallet_id,
            currency=currency,
            amount=amount_text(amount),
            reference=reference,
        )
        return await self._change(
            SentTransfer, op.SEND_TRANSFER, body, idempotency_key, wallet_id=wallet_id
        )

    async def read_transfer(self, wallet_id: str, transfer_id: str) -> Transfer:
        """A transfer that the wallet sent. Raises NotFound."""
        return await self._read(
            Transfer, op.READ_TRANSFER, wallet_id=wallet_id, transfer_id=transfer_id
        )
