"""Refusals: each reason as an error of its own, with what the ledger said of it."""

import asyncio
import pickle
from decimal import Decimal

import pytest

from ledger.client import (
    ONCE,
    ApprovalNeeded,
    CaptureExceedsHold,
    Forbidden,
    HoldExists,
    HoldNotOpen,
    IdempotencyKeyReused,
    InsufficientFunds,
    LedgerClient,
    LimitExceeded,
    Malformed,
    NoMembership,
    NotFound,
    OrderNotPayable,
    RateLimited,
    RefundExceedsCharge,
    RefundExceedsOrder,
    Refused,
    Unauthenticated,
    Unavailable,
    UnexpectedAnswer,
    UnknownCurrency,
    UnknownSku,
    WalletClosed,
    WalletFrozen,
    new_key,
)
from ledger.client.refusals import KINDS, refusal_of
from ledger.client.transport import Reply
from tests.client.conftest import QUICK, Waits, funded, left
from tests.kit.http_proxy import FaultyWay
from tests.kit.keys import DEV_KEY, MakeKey
from tests.kit.serving import Served


async def test_too_little_says_what_there_is(either: LedgerClient) -> None:
    """What is available, as a Decimal, with the words for people."""
    wallet_id = await funded(either, 5)
    with pytest.raises(InsufficientFunds) as refused:
        await either.debit(wallet_id, sku="video-10s-professional")
    error = refused.value
    assert (error.available, error.currency, error.status) == (Decimal(5), "INSPIRATION", 402)
    assert error.amount is not None
    assert error.amount > error.available
    assert "Top up" in error.detail
    assert error.detail in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.available) == (InsufficientFunds, Decimal(5))


async def test_refusals_of_generations(either: LedgerClient) -> None:
    """What there is not, what is over, and what is too much."""
    wallet_id = await funded(either)
    with pytest.raises(NotFound) as missing:
        await either.capture(wallet_id, "no-such-hold")
    assert missing.value.what == "hold"
    with pytest.raises(UnknownSku):
        await either.quote("no-such-sku")
    with pytest.raises(UnknownCurrency):
        await either.debit(wallet_id, currency="CNY", amount=1)
    with pytest.raises(Malformed) as wrong:
        await either.grant(wallet_id, "KUAIBI", 1, source="promotional", reason="x" * 201)
    assert wrong.value.slug == "malformed"
    hold = await either.authorize(wallet_id, sku="image", hold_id="h-1")
    with pytest.raises(HoldExists):
        await either.authorize(wallet_id, sku="image", hold_id="h-1")
    with pytest.raises(CaptureExceedsHold):
        await either.capture(wallet_id, "h-1", hold.amount + 1)
    charge = await either.capture(wallet_id, "h-1")
    with pytest.raises(HoldNotOpen) as over:
        await either.void(wallet_id, "h-1")
    assert over.value.hold_status == "captured"
    with pytest.raises(RefundExceedsCharge) as less:
        await either.refund_charge(wallet_id, charge.charge_id, 1, reason="test")
    assert less.value.refundable == hold.amount


async def test_a_key_belongs_to_one_command(either: LedgerClient) -> None:
    """The field that differs is named."""
    wallet_id, key = await funded(either), new_key()
    await either.debit(wallet_id, currency="INSPIRATION", amount=1, idempotency_key=key)
    with pytest.raises(IdempotencyKeyReused) as reused:
        await either.debit(wallet_id, currency="INSPIRATION", amount=2, idempotency_key=key)
    assert reused.value.field == "amount"
    assert await left(either, wallet_id) == ("99.00", "0.00")


async def test_refusals_of_wallets_and_orders(either: LedgerClient) -> None:
    """Frozen, limited, closed; nothing to cancel, nothing to refund, nothing to pay."""
    wallet_id = await funded(either)
    await either.set_limit(wallet_id, "INSPIRATION", single=10, reason="test")
    with pytest.raises(LimitExceeded) as limited:
        await either.debit(wallet_id, currency="INSPIRATION", amount=11)
    assert limited.value.limit == "a single charge"
    await either.freeze(wallet_id, reason="test")
    with pytest.raises(WalletFrozen):
        await either.debit(wallet_id, sku="image")
    with pytest.raises(NoMembership):
        await either.cancel_membership(wallet_id)
    order = await either.open_recharge(wallet_id, "INSPIRATION", 10, "sandbox")
    await either.close_order(order.order_id)
    with pytest.raises(OrderNotPayable):
        await either.close_order(order.order_id)
    with pytest.raises(Refused) as refused:
        await either.close_wallet(wallet_id, reason="test")
    assert (type(refused.value), refused.value.slug) == (Refused, "wallet-not-empty")
    await either.close_wallet(wallet_id, reason="test", forfeit_balance=True)
    with pytest.raises(WalletClosed):
        await either.debit(wallet_id, sku="image")


async def test_who_may_not_is_told(served: Served, make_key: MakeKey) -> None:
    """No key, a wrong key, a key without the scope; a refused read is never asked again."""
    reader = await make_key(["wallet:read"])
    for url in (served.url, f"grpc://127.0.0.1:{served.grpc_port}"):
        for key in (None, "wrong-key-01234567890123456789012345"):
            async with LedgerClient(url, key) as stranger:
                with pytest.raises(Unauthenticated):
                    await stranger.wallet("w")
        async with LedgerClient(url, reader) as client:
            with pytest.raises(Forbidden):
                await client.debit("w", sku="image")


async def test_a_caller_that_is_too_quick_waits_as_long_as_it_is_told(
    far: LedgerClient, way: FaultyWay
) -> None:
    """A 429 is tried again after its time, and then told; nothing was done, so it is no riddle."""

    def quick(_: bytes) -> bytes:
        return b'{"type":"x/rate-limited","status":429,"detail":"slow down","retry_after_s":0.001}'

    way.faults.extend([quick] * QUICK.attempts_max)
    way.status = 429
    with pytest.raises(RateLimited) as limited:
        await far.debit("w", sku="image")
    assert limited.value.retry_after_s == 0.001
    assert len(way.heads) == QUICK.attempts_max


async def test_a_caller_with_a_rate_is_slowed_down_and_not_refused(
    client: LedgerClient, served: Served, make_key: MakeKey
) -> None:
    """The ledger says for how long, over both transports; who does not wait hears of it."""
    wallet_id, caller = await funded(client), f"slow-{new_key()[-12:]}"
    await client.grant(wallet_id, "KUAIBI", 12, source="promotional", reason="test")
    key = await make_key(["debit:write"], caller=caller, kind="service")
    body = {"rate_per_s": 4, "burst": 2, "reason": "test"}
    await client.request("POST", f"/v1/callers/{caller}/rate", body=body, idempotency_key=new_key())
    urls = (served.url, f"grpc://127.0.0.1:{served.grpc_port}")
    waits = Waits(really=True)
    async with LedgerClient(urls[1], key, pace=waits.pace) as slow:
        debits = (slow.debit(wallet_id, currency="KUAIBI", amount=1) for _ in range(6))
        done = await asyncio.gather(*debits)
    assert len({charged.charge_id for charged in done}) == 6
    assert min(waits.waited) >= 1
    for url in urls:
        async with LedgerClient(url, key, retry=ONCE) as hasty:
            with pytest.raises(RateLimited) as limited:
                await asyncio.gather(*(hasty.debit(wallet_id, sku="image") for _ in range(12)))
        assert limited.value.retry_after_s >= 1
    assert (await client.wallet(wallet_id)).balances["KUAIBI"].available == 6


async def test_an_answer_that_is_not_understood_says_it_was_done(
    far: LedgerClient, way: FaultyWay
) -> None:
    """A result of another shape is no failure of the command."""
    way.faults.append(lambda _: b'{"of": "another contract"}')
    with pytest.raises(UnexpectedAnswer, match="carried out"):
        await far.quote("image")


async def test_what_a_newer_ledger_adds_is_ignored(far: LedgerClient, way: FaultyWay) -> None:
    """A new field, and a new status, break nothing."""
    way.faults.append(
        lambda body: body.replace(b'"status":"open"', b'"status":"napping","mood":{"is":"good"}')
    )
    assert (await far.wallet("nobody")).status == "napping"


async def test_a_mistake_of_the_ledger_is_not_asked_for_twice(
    client: LedgerClient, far: LedgerClient, way: FaultyWay
) -> None:
    """A 500 would come again: it is told at once, for a read as unavailable."""
    way.status = 500
    way.faults.append(lambda _: b'{"type": "x/internal-error", "status": 500, "detail": "bug"}')
    with pytest.raises(Unavailable, match="bug"):
        await far.wallet("nobody")
    assert len(way.heads) == 1
    way.status = None
    assert (await client.wallet("nobody")).seq == 0


@pytest.mark.parametrize(("slug", "kind"), KINDS.items())
def test_a_slug_has_its_class(slug: str, kind: type[Refused]) -> None:
    """Wherever it comes from; the status does not matter."""
    error = refusal_of(
        Reply(status=409, body={"type": f"https://x/problems/{slug}", "detail": "d", "a": 1})
    )
    assert type(error) is kind
    assert (error.slug, error.detail, error.facts) == (slug, "d", {"a": 1})


def test_an_unknown_refusal_is_still_one() -> None:
    """By its status, or as plain Refused; a proxy's page too."""
    assert type(refusal_of(Reply(status=409, body={"type": "x/problems/new-reason"}))) is Refused
    assert type(refusal_of(Reply(status=403, body=None))) is Forbidden
    assert type(refusal_of(Reply(status=400, body={"type": "x/problems/new-reason"}))) is Malformed
    assert issubclass(ApprovalNeeded, Forbidden)
    assert KINDS["refund-exceeds-order"] is RefundExceedsOrder
    assert DEV_KEY not in str(refusal_of(Reply(status=401, body=None)))
