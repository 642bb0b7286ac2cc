"""The SDK against a live ledger: what callers do with it, over both transports."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ledger.client import (
    BatchCommand,
    HoldNotOpen,
    InsufficientFunds,
    LedgerClient,
    NotFound,
    UnknownCurrency,
    batch,
)
from ledger.client.results import (
    AccountBalance,
    MembershipOrder,
    RechargeOrder,
)
from tests.client.conftest import funded
from tests.kit.http_proxy import FaultyWay
from tests.kit.keys import DEV_KEY
from tests.kit.serving import Served


async def test_every_call_is_made(either: LedgerClient) -> None:
    """A wallet's life: points of all kinds in and out, and each result as the contract says."""
    wallet_id = await funded(either, 50)
    daily = await either.daily_grant(wallet_id)
    assert (daily.claimed_now, daily.amount) == (True, Decimal(66))
    assert not (await either.daily_grant(wallet_id)).claimed_now
    soon = datetime.now(UTC) + timedelta(days=40)
    grant = await either.grant(
        wallet_id, "KUAIBI", "2.5", source="compensation", reason="sorry", expires_at=soon
    )
    assert grant.expires_at == soon
    lots = await either.lots(wallet_id)
    assert [lot.source for lot in lots][:1] == ["daily"]
    quote = await either.quote("image", quantity=5)
    debit = await either.debit(wallet_id, sku="image", quantity=5, reference="r-1")
    assert (debit.amount, debit.reference) == (quote.amount, "r-1")
    assert (await either.charge(wallet_id, debit.charge_id)).refunded == 0
    refund = await either.refund_charge(wallet_id, debit.charge_id, "0.4", reason="blurred")
    assert (refund.refunded_now, refund.refunded) == (Decimal("0.40"), Decimal("0.40"))
    hold = await either.authorize(wallet_id, currency="INSPIRATION", amount=1, expires_in_s=60)
    assert [hold.hold_id async for hold in either.open_holds(wallet_id)] == [hold.hold_id]
    longer = await either.extend(wallet_id, hold.hold_id, 120)
    assert longer.expires_at > hold.expires_at
    assert (await either.void(wallet_id, hold.hold_id)).status == "voided"
    limit = await either.set_limit(wallet_id, "INSPIRATION", day=500, reason="asked for")
    assert (limit.day, limit.single) == (Decimal(500), None)
    assert (await either.freeze(wallet_id, reason="asked for")).frozen
    assert not (await either.unfreeze(wallet_id, reason="asked for")).frozen
    entries = [entry async for entry in either.entries(wallet_id, page_size=3)]
    assert len(entries) == len({entry.seq for entry in entries}) > 8
    assert entries == sorted(entries, key=lambda entry: -entry.seq)
    assert (await either.wallet(wallet_id, at=entries[-1].at)).seq == entries[-1].seq
    assert (await either.erase(wallet_id)).erased > 0
    totals = await either.trial_balance(currency="INSPIRATION")
    assert isinstance(totals[0], AccountBalance)
    assert sum(row.debit - row.credit for row in totals) == 0


async def test_orders_are_opened_paid_and_given_back(
    client: LedgerClient, either: LedgerClient
) -> None:
    """Points and memberships; what was bought is converted and passed on."""
    wallet_id, other = await funded(either), await funded(either)
    catalogue = await either.catalogue()
    assert {plan.plan for plan in catalogue.plans} >= {"gold", "black"}
    order = await either.open_recharge(wallet_id, "KUAIBI", 10, "sandbox")
    assert order.payment is not None
    await client.request("POST", order.payment.pay_url)
    paid = await either.order(order.order_id)
    assert isinstance(paid, RechargeOrder)
    assert (paid.status, paid.amount) == ("paid", Decimal(100))
    conversion = await either.convert(wallet_id, "KUAIBI", "INSPIRATION", 20)
    assert conversion.to_available == 120
    sent = await either.transfer(wallet_id, other, "KUAIBI", 10, reference="tip")
    assert sent.available_after == 70
    assert (await either.read_transfer(wallet_id, sent.transfer_id)).amount == 10
    refund = await either.refund_order(order.order_id, 2, reason="too much")
    assert (refund.amount_cny, refund.order.order_id) == (Decimal(2), order.order_id)
    assert (await either.order_refund(refund.refund_id)).refund_id == refund.refund_id
    member = await either.open_membership(wallet_id, "gold", "month", "sandbox", promotion="launch")
    assert member.price_cny < member.list_price_cny
    assert member.payment is not None
    await client.request("POST", member.payment.pay_url)
    assert not (await either.cancel_membership(wallet_id)).renews
    orders = [order async for order in either.orders(wallet_id, page_size=1)]
    assert [type(order) for order in orders] == [MembershipOrder, RechargeOrder]
    with pytest.raises(NotFound):
        await either.order("no-such-order")
    payable = (await either.wallet(other)).payable_fen
    payout = await either.pay_out(other, Decimal(payable) / 100, reference="p-1")
    assert payout.payable_after_cny == 0


async def test_every_kind_of_command_goes_in_a_batch(
    client: LedgerClient, either: LedgerClient
) -> None:
    """Each with the result of its own call, or its refusal."""
    wallet_id, other = await funded(client), await funded(client)
    order = await client.open_recharge(wallet_id, "KUAIBI", 10, "sandbox")
    assert order.payment is not None
    await client.request("POST", order.payment.pay_url)
    commands: list[BatchCommand[Any]] = [
        batch.daily_grant(wallet_id),
        batch.grant(wallet_id, "KUAIBI", 1, source="promotional", reason="test"),
        batch.authorize(wallet_id, sku="image", hold_id="h-1", expires_in_s=60),
        batch.extend(wallet_id, "h-1", 120),
        batch.capture(wallet_id, "h-1", "0.1"),
        batch.authorize(wallet_id, currency="INSPIRATION", amount=1, hold_id="h-2"),
        batch.void(wallet_id, "h-2"),
        batch.convert(wallet_id, "KUAIBI", "INSPIRATION", 10),
        batch.transfer(wallet_id, other, "KUAIBI", 10, reference="tip"),
        batch.debit(wallet_id, sku="image", quantity=2, reference="r-1"),
        batch.debit(wallet_id, currency="KUAIBI", amount=5_000),
        batch.void(wallet_id, "h-1"),
    ]
    results = await either.batch(commands)
    refused = [result.error for result in results if result.error is not None]
    assert [type(refusal) for refusal in refused] == [InsufficientFunds, HoldNotOpen]
    assert [type(result.value) for result in results[:-2]] == [
        command.result for command in commands[:-2]
    ]
    captured, debit = results[4].value, results[9].value
    assert (captured.captured, captured.returned) == (Decimal("0.10"), Decimal("0.10"))
    assert await client.charge(wallet_id, debit.charge_id) == await either.charge(
        wallet_id, debit.charge_id
    )
    (refund,) = await either.batch(
        [batch.refund_charge(wallet_id, debit.charge_id, "0.3", reason="blurred")]
    )
    assert refund.value.refunded == Decimal("0.30")
    with pytest.raises(UnknownCurrency) as wrong:
        await either.batch([commands[0], batch.debit(wallet_id, currency="CNY", amount=1)])
    assert str(wrong.value.facts["index"]) == "1"


async def test_switches_are_thrown_and_thrown_back(served: Served, client: LedgerClient) -> None:
    """A SKU that nobody else uses here, stopped over one transport and let go over the other."""
    sku = "video-10s-standard"
    thrown = await client.throw_switch("sku", sku, stopped=True, reason="the model is down")
    async with LedgerClient(f"grpc://127.0.0.1:{served.grpc_port}", DEV_KEY) as other:
        assert thrown in await client.switches()
        assert await other.switches() == await client.switches()
        assert not (await other.throw_switch("sku", sku, stopped=False, reason="back")).stopped
    assert thrown not in await client.switches()


async def test_ids_and_keys_reach_the_ledger_as_they_are(either: LedgerClient) -> None:
    """Dots alone are no step in a path, and a quote in a key is none around it."""
    for wallet_id in (".", "..", "a:b.c-d_e"):
        grant = await either.grant(wallet_id, "KUAIBI", 1, source="promotional", reason="test")
        assert grant.wallet_id == wallet_id
    for strange in ('"a', '"a"', "a\\b", '"\\"', "~!@#$%^&*()"):
        lots = {
            (
                await either.grant(
                    "..", "KUAIBI", 1, source="promotional", reason="x", idempotency_key=strange
                )
            ).lot_id
            for _ in range(2)
        }
        assert len(lots) == 1
    with pytest.raises(ValueError, match="visible ASCII"):
        await either.debit("w", sku="image", idempotency_key="not\r\nvisible")
    with pytest.raises(ValueError, match="zone"):
        await either.wallet("w", at=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
    with pytest.raises(ValueError, match="https"):
        LedgerClient("ftp://ledger")


async def test_connections_are_kept(far: LedgerClient, way: FaultyWay) -> None:
    """Calls one after the other share a connection, whatever they were answered."""
    wallet_id = await funded(far)
    for _ in range(10):
        await far.debit(wallet_id, currency="INSPIRATION", amount=1)
        with pytest.raises(NotFound):
            await far.order("no-such-order")
    assert len(way.heads) == 21
    assert way.connections == 1


async def test_what_an_id_cannot_be_is_refused_before_it_is_sent(client: LedgerClient) -> None:
    """An empty one would name another path."""
    with pytest.raises(ValueError, match="empty"):
        await client.wallet("")
