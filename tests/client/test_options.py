"""What a call may be given beside its fields, and what its result or error says of the request."""

import asyncio
import pickle
import time
from typing import Any

import pytest

from ledger.client import (
    ONCE,
    FeedGap,
    LedgerClient,
    LedgerError,
    OutcomeUnknown,
    Refused,
    Result,
    Rows,
    SyncLedgerClient,
    Unavailable,
    batch,
)
from tests.client.conftest import QUICK, funded, without
from tests.kit.http_proxy import FaultyWay
from tests.kit.keys import DEV_KEY
from tests.kit.serving import Served

NOWHERE = "http://127.0.0.1:9"
"""Nobody listens there."""


async def test_a_timeout_bounds_a_call_as_a_whole(way: FaultyWay) -> None:
    """Attempts and waits together; other calls of the same client keep their own limits."""
    async with LedgerClient(way.url, DEV_KEY) as client:
        wallet_id = await funded(client)
        way.faults.extend(["silence"] * 50)
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown) as unknown:
            await client.with_options(timeout_s=0.3).debit(wallet_id, sku="image")
        assert time.monotonic() - began >= 0.3
        assert unknown.value.attempts == 1, "the first attempt may use all of the time"
        way.faults.clear()
        assert (await client.resolve(unknown.value)).wallet_id == wallet_id


async def test_limits_of_a_call_leave_those_of_its_client_alone(way: FaultyWay) -> None:
    """The view shares connections, budget and what is unfinished; only its policy differs."""
    async with LedgerClient(way.url, DEV_KEY, retry=QUICK) as client:
        wallet_id = await funded(client)
        hasty = client.with_options(retry=ONCE)
        way.faults.append("cut-before")
        with pytest.raises(OutcomeUnknown):
            await hasty.debit(wallet_id, sku="image")
        way.faults.append("cut-before")
        assert (await client.debit(wallet_id, sku="image")).wallet_id == wallet_id
        async with hasty.hold(wallet_id, sku="image") as hold:
            assert hold.amount > 0
        assert [hold async for hold in hasty.open_holds(wallet_id)] == []
    for useless in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="more than 0"):
            client.with_options(timeout_s=useless)


def test_the_synchronous_client_takes_the_same_limits(served: Served) -> None:
    """And runs on the same thread."""
    with SyncLedgerClient(served.url, DEV_KEY) as client:
        hasty = client.with_options(timeout_s=20)
        assert hasty.wallet("w-nobody").seq == client.wallet("w-nobody").seq == 0
        assert hasty.loop is client.loop


async def test_every_result_names_its_request(either: LedgerClient) -> None:
    """As the service, which logs it, sent it back; a replay has its own, and says what it is."""
    wallet_id = await funded(either)
    first = await either.debit(wallet_id, sku="image", idempotency_key=f"k-{wallet_id}")
    again = await either.debit(wallet_id, sku="image", idempotency_key=f"k-{wallet_id}")
    assert first == again
    assert (first.replayed, again.replayed) == (False, True)
    (result,) = await either.batch([batch.debit(wallet_id, sku="image")])
    answers: list[Result | Rows[Any]] = [
        first,
        again,
        result.value,
        await either.wallet(wallet_id),
        await either.entries_page(wallet_id),
        await either.lots(wallet_id),
        await either.switches(),
        await either.trial_balance(),
        await either.events_page(0, limit=1),
    ]
    ids = [answer.request_id for answer in answers]
    assert all(ids)
    assert len(set(ids)) == len(ids)


async def test_every_error_names_its_request(
    either: LedgerClient, far: LedgerClient, way: FaultyWay, client: LedgerClient
) -> None:
    """Refused, lost, never sent, or passed over: what support needs to find it in the log."""
    wallet_id = await funded(client)
    errors: list[LedgerError] = []
    with pytest.raises(Refused) as refused:
        await either.debit(wallet_id, currency="INSPIRATION", amount=10**6)
    errors.append(refused.value)
    (result,) = await either.batch([batch.debit(wallet_id, currency="KUAIBI", amount=5)])
    assert isinstance(result.error, Refused)
    errors.append(result.error)
    way.faults.extend(["cut-after"] * 8)
    with pytest.raises(OutcomeUnknown) as unknown:
        await far.debit(wallet_id, sku="image")
    errors.append(unknown.value)
    way.faults.extend([without(0)])
    with pytest.raises(FeedGap) as gap:
        [event async for event in far.events(0, follow=False)]
    errors.append(gap.value)
    async with LedgerClient(NOWHERE, DEV_KEY, retry=ONCE) as nobody:
        with pytest.raises(Unavailable) as unavailable:
            await nobody.debit(wallet_id, sku="image")
    errors.append(unavailable.value)
    ids = [error.request_id for error in errors]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    assert pickle.loads(pickle.dumps(refused.value)).request_id == refused.value.request_id


async def test_all_attempts_of_a_call_have_one_id(far: LedgerClient, way: FaultyWay) -> None:
    """So the log shows them as one call."""
    wallet_id = await funded(far)
    way.heads.clear()
    way.faults.extend(["cut-after", "reset", "busy"])
    result = await far.debit(wallet_id, sku="image")
    ids = {
        line
        for head in way.heads
        for line in head.decode().lower().split("\r\n")
        if line.startswith("x-request-id:")
    }
    assert ids == {f"x-request-id: {result.request_id}"}
    assert len(way.heads) == 4


async def test_ids_of_calls_made_at_once_differ(client: LedgerClient) -> None:
    """No two calls share one."""
    wallets = await asyncio.gather(*(client.wallet(f"w-{number}") for number in range(40)))
    assert len({wallet.request_id for wallet in wallets}) == 40
