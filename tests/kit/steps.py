"""Steps of users at a service in this process: points, orders, payments, and what is then there."""

import itertools
from typing import TypeVar

from ledger.core.batch import Outcome
from ledger.core.decider import Command
from ledger.core.flows.grant import Grant, LotGranted
from ledger.core.flows.order import OpenMembership, OpenRecharge, OrderOpened, SettlePayment
from ledger.core.purchases import Order
from ledger.core.rejections import Reason, Rejection
from ledger.service import Ledger
from tests.kit.currencies import CNY, INSPIRATION

T = TypeVar("T")

_keys = itertools.count()


async def done(ledger: Ledger, command: Command, kind: type[T], key: str = "") -> T:
    """Have a command done, under a key of its own unless one is given; the event of this kind."""
    answer = await ledger.submit("test", key or f"key-{next(_keys)}", command)
    assert isinstance(answer.outcome, kind), answer.outcome
    return answer.outcome


async def refused(ledger: Ledger, command: Command, reason: Reason) -> Rejection:
    """Have a command refused for this reason."""
    answer: Outcome = (await ledger.submit("test", f"key-{next(_keys)}", command)).outcome
    assert isinstance(answer, Rejection), answer
    assert answer.reason is reason, answer
    return answer


async def give(
    ledger: Ledger, wallet_id: str, amount_minor: int = 100_000, currency: int = INSPIRATION
) -> LotGranted:
    """Points that nobody paid for and that never expire."""
    grant = Grant(wallet_id, currency, amount_minor, "promotional", "for a test")
    return await done(ledger, grant, LotGranted)


async def paid(ledger: Ledger, command: OpenRecharge | OpenMembership) -> Order:
    """Open an order and have it paid; the order as it is then."""
    order = (await done(ledger, command, OrderOpened)).order
    await settled(ledger, command.wallet_id, order)
    return await order_now(ledger, order.order_id)


async def settled(ledger: Ledger, wallet_id: str, order: Order, payment_id: str = "") -> Outcome:
    """What comes of the channel's word that an order was paid, under the channel's own number."""
    payment_id = payment_id or f"pay-{order.order_id}"
    settle = SettlePayment(wallet_id, order.order_id, payment_id, order.price_fen)
    return (await ledger.submit(f"channel:{order.channel}", payment_id, settle)).outcome


async def order_now(ledger: Ledger, order_id: str) -> Order:
    """An order as it stands."""
    row = await ledger.orders.find(order_id)
    assert row is not None, order_id
    return row[1]


async def closing_of(ledger: Ledger, currency: int = CNY) -> dict[str, int]:
    """What every account that is not at zero stands at, debit positive, by its path."""
    rows = await ledger.reports.trial_balance(None, currency)
    return {row.account: row.closing for row in rows if row.closing}


async def available(ledger: Ledger, wallet_id: str, currency: int = INSPIRATION) -> int:
    """What a wallet has to spend."""
    return (await ledger.wallets.read(wallet_id)).wallet.available_minor(currency)
