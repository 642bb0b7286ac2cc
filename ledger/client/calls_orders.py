"""Calls about orders: what is for sale, buying it, giving it back, memberships."""

from collections.abc import AsyncIterator
from typing import Final, cast

from ledger.client import operations as op
from ledger.client.calls import Calls, each
from ledger.client.fields import Amount, amount_text, given, optional_amount
from ledger.client.results import Membership, Page
from ledger.client.results_orders import (
    Catalogue,
    MembershipOrder,
    Order,
    OrderRefund,
    RechargeOrder,
    RequestedRefund,
)

_EITHER: Final = cast("type[RechargeOrder | MembershipOrder]", Order)


class OrderCalls(Calls):
    """Orders."""

    async def catalogue(self) -> Catalogue:
        """Everything that is for sale, at the prices of now, and what the house allows."""
        return await self._read(Catalogue, op.READ_CATALOGUE)

    async def open_recharge(
        self,
        wallet_id: str,
        currency: str,
        price_cny: Amount,
        channel: str,
        *,
        idempotency_key: str | None = None,
    ) -> RechargeOrder:
        """Order points for whole yuan; `payment` says how to pay, once the channel has answered."""
        body = {
            "kind": "recharge",
            "currency": currency,
            "price_cny": amount_text(price_cny),
            "channel": channel,
        }
        return await self._change(
            RechargeOrder, op.OPEN_ORDER, body, idempotency_key, wallet_id=wallet_id
        )

    async def open_membership(
        self,
        wallet_id: str,
        plan: str,
        period: str,
        channel: str,
        *,
        promotion: str | None = None,
        idempotency_key: str | None = None,
    ) -> MembershipOrder:
        """Order a membership, at its list price or under a promotion; a higher plan upgrades."""
        body = given(
            kind="membership", plan=plan, period=period, channel=channel, promotion=promotion
        )
        return await self._change(
            MembershipOrder, op.OPEN_ORDER, body, idempotency_key, wallet_id=wallet_id
        )

    async def order(self, order_id: str) -> RechargeOrder | MembershipOrder:
        """An order. Raises NotFound."""
        return await self._read(_EITHER, op.READ_ORDER, order_id=order_id)

    async def orders(
        self, wallet_id: str, *, page_size: int = 100
    ) -> AsyncIterator[RechargeOrder | MembershipOrder]:
        """The wallet's orders, newest first, read page by page as it goes on."""

        async def page(after: str | None) -> Page[RechargeOrder | MembershipOrder]:
            query = {"limit": page_size, "after": after}
            return await self._read(
                Page[RechargeOrder | MembershipOrder], op.LIST_ORDERS, query, wallet_id=wallet_id
            )

        async for order in each(page):
            yield order

    async def close_order(
        self, order_id: str, *, idempotency_key: str | None = None
    ) -> RechargeOrder | MembershipOrder:
        """Give up an order that was not paid. Raises OrderNotPayable, NotFound."""
        return await self._change(_EITHER, op.CLOSE_ORDER, {}, idempotency_key, order_id=order_id)

    async def refund_order(
        self,
        order_id: str,
        amount_cny: Amount | None = None,
        *,
        reason: str,
        idempotency_key: str | None = None,
    ) -> RequestedRefund:
        """Give back what is unspent of an order, or `amount_cny` of it; the channel is asked.

        Raises RefundExceedsOrder, NotFound. `order_refund` tells what the channel said.
        """
        body = given(amount_cny=optional_amount(amount_cny), reason=reason)
        return await self._change(
            RequestedRefund, op.REFUND_ORDER, body, idempotency_key, order_id=order_id
        )

    async def order_refund(self, refund_id: str) -> OrderRefund:
        """A refund of an order, and how far it is. Raises NotFound."""
        return await self._read(OrderRefund, op.READ_REFUND, refund_id=refund_id)

    async def cancel_membership(
        self, wallet_id: str, *, idempotency_key: str | None = None
    ) -> Membership:
        """Let the membership end after what was paid. Raises NoMembership."""
        return await self._change(
            Membership, op.CANCEL_MEMBERSHIP, {}, idempotency_key, wallet_id=wallet_id
        )
