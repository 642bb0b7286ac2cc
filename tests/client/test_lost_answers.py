"""Lost answers: whatever the network does, a command is done once, and its answer is recovered."""

import asyncio
import random
from decimal import Decimal

import msgspec
import pytest

from ledger.client import (
    LedgerClient,
    OutcomeUnknown,
    RetryBudget,
    RetryPolicy,
    Unauthenticated,
    Unavailable,
    batch,
    new_key,
)
from tests.client.conftest import QUICK, Waits, funded, left
from tests.kit.http_proxy import LOSING, Fault, FaultyWay
from tests.kit.keys import DEV_KEY
from tests.kit.serving import free_port

TWICE = RetryPolicy(attempts_max=2, attempt_timeout_s=0.5, backoff_s=0.001, backoff_max_s=0.01)


@pytest.mark.parametrize("fault", LOSING)
async def test_a_lost_answer_is_recovered_and_charged_once(
    client: LedgerClient, far: LedgerClient, way: FaultyWay, fault: Fault
) -> None:
    """Every attempt of a debit has one key, so the second one is answered with the first charge."""
    wallet_id = await funded(client)
    way.faults.extend([fault, fault])
    debit = await far.debit(wallet_id, currency="INSPIRATION", amount=7)
    assert (await client.charge(wallet_id, debit.charge_id)).amount == 7
    assert await left(client, wallet_id) == ("93.00", "0.00")
    assert len(set(way.keys)) == 1
    assert len(way.keys) == (1 if fault == "close" else 3)


async def test_a_storm_of_faults_charges_each_debit_once(
    client: LedgerClient, way: FaultyWay
) -> None:
    """Many debits at once over a way that loses half of all: those unknown are resolved later."""
    wallet_id = await funded(client, 1_000)
    chance = random.Random(4)
    way.faults.extend(
        chance.choice(LOSING) if chance.random() < 0.5 else "pass" for _ in range(150)
    )
    async with LedgerClient(way.url, DEV_KEY, retry=TWICE, pace=Waits().pace) as far:
        done = await asyncio.gather(
            *(far.debit(wallet_id, currency="INSPIRATION", amount=1) for _ in range(60)),
            return_exceptions=True,
        )
        way.faults.clear()
        unknown = [result for result in done if isinstance(result, OutcomeUnknown)]
        undone = [result for result in done if isinstance(result, Unavailable)]
        results = [result for result in done if not isinstance(result, BaseException)]
        assert len(unknown) > 5
        assert len(unknown) + len(undone) + len(results) == 60
        results += [await far.resolve(lost) for lost in unknown]
    assert len({result.charge_id for result in results}) == len(results)
    assert await left(client, wallet_id) == (f"{1_000 - len(results)}.00", "0.00")


async def test_an_unknown_outcome_tells_its_key_and_is_resolved_by_it(
    client: LedgerClient, far: LedgerClient, way: FaultyWay
) -> None:
    """What was done under the key is told, by `resolve` and by the same call, not done again."""
    wallet_id = await funded(client)
    way.faults.extend(["cut-after"] * QUICK.attempts_max)
    with pytest.raises(OutcomeUnknown) as unknown:
        await far.debit(wallet_id, currency="INSPIRATION", amount=30)
    key = unknown.value.idempotency_key
    assert set(way.keys) == {key}
    assert unknown.value.attempts == QUICK.attempts_max
    assert unknown.value.operation == "debit"
    resolved = await client.resolve(unknown.value)
    again = await client.debit(wallet_id, currency="INSPIRATION", amount="30", idempotency_key=key)
    assert resolved == again
    assert await left(client, wallet_id) == ("70.00", "0.00")


async def test_what_was_never_sent_is_not_called_unknown() -> None:
    """Without a connection nothing was done, and the error says so."""
    async with LedgerClient(f"http://127.0.0.1:{free_port()}", DEV_KEY, retry=TWICE) as nowhere:
        with pytest.raises(Unavailable, match="Nothing was done") as away:
            await nowhere.debit("w", currency="INSPIRATION", amount=1)
    assert away.value.attempts == 2


async def test_a_busy_ledger_did_nothing(far: LedgerClient, way: FaultyWay) -> None:
    """A 503 that says nothing was done is no unknown outcome; it is tried again all the same."""
    way.faults.extend(["busy"] * QUICK.attempts_max)
    with pytest.raises(Unavailable):
        await far.debit("w", currency="INSPIRATION", amount=1)
    assert len(way.keys) == QUICK.attempts_max


async def test_a_busy_ledger_is_left_alone_for_as_long_as_it_asks(way: FaultyWay) -> None:
    """Retry-After is the least wait; past the deadline it is not waited for at all."""
    waits = Waits()
    policy = RetryPolicy(deadline_s=20)
    async with LedgerClient(way.url, DEV_KEY, retry=policy, pace=waits.pace) as far:
        way.faults.extend(["busy", "busy"])
        await far.wallet("nobody")
        assert waits.waited == [7, 7]
    hasty = RetryPolicy(deadline_s=5)
    async with LedgerClient(way.url, DEV_KEY, retry=hasty, pace=waits.pace) as far:
        way.faults.append("busy")
        with pytest.raises(Unavailable):
            await far.wallet("nobody")


async def test_without_a_budget_nothing_is_sent_again(way: FaultyWay) -> None:
    """All calls of a client share one; clients may share it too."""
    budget = RetryBudget(burst=1, ratio=0)
    for attempts in (2, 1, 1):
        pace = Waits().pace
        async with LedgerClient(way.url, DEV_KEY, retry=TWICE, budget=budget, pace=pace) as far:
            way.faults.extend(["busy"] * attempts)
            with pytest.raises(Unavailable) as away:
                await far.wallet("nobody")
            assert away.value.attempts == attempts


async def test_one_unknown_attempt_makes_the_outcome_unknown(
    client: LedgerClient, way: FaultyWay
) -> None:
    """Also when all later attempts certainly did nothing."""
    wallet_id = await funded(client)
    way.faults.extend(["cut-after", "busy"])
    async with LedgerClient(way.url, DEV_KEY, retry=TWICE, pace=Waits().pace) as far:
        with pytest.raises(OutcomeUnknown):
            await far.debit(wallet_id, currency="INSPIRATION", amount=1)
    assert await left(client, wallet_id) == ("99.00", "0.00")


async def test_a_refused_caller_does_not_settle_an_unknown_attempt(
    client: LedgerClient, way: FaultyWay
) -> None:
    """A 401 is not remembered under a key: it tells nothing about the attempt before."""
    wallet_id = await funded(client)

    def revoked(_: bytes) -> bytes:
        return b'{"type": "x/unauthenticated", "status": 401, "detail": "revoked"}'

    async with LedgerClient(way.url, "not-a-key-0123456789012345678901", retry=TWICE) as far:
        with pytest.raises(Unauthenticated):
            await far.debit(wallet_id, currency="INSPIRATION", amount=1)
        way.faults.extend(["cut-before", revoked])
        with pytest.raises(OutcomeUnknown) as unknown:
            await far.debit(wallet_id, currency="INSPIRATION", amount=1)
    assert isinstance(unknown.value.__cause__, Unauthenticated)


async def test_a_change_without_a_key_is_sent_once(far: LedgerClient, way: FaultyWay) -> None:
    """What no key protects is never sent again, not even when it would help; a read is."""
    for fault in ("close", "cut-before", "cut-after", "busy"):
        way.faults.append(fault)
        sent = len(way.heads)
        with pytest.raises((OutcomeUnknown, Unavailable)) as lost:
            await far.request("POST", "/v1/dev/clock", body={"advance_s": 0})
        assert len(way.heads) - sent == (0 if fault == "close" else 1)
        assert lost.value.attempts == 1
        assert lost.value.idempotency_key is None
        if isinstance(lost.value, OutcomeUnknown):
            with pytest.raises(ValueError, match="no idempotency key"):
                await far.resolve(lost.value)
    way.faults.append("cut-after")
    assert (await far.request("GET", "/v1/wallets/nobody"))["seq"] == 0


async def test_a_request_with_a_key_is_sent_again(
    client: LedgerClient, far: LedgerClient, way: FaultyWay
) -> None:
    """The escape hatch is as safe as the methods once it has a key."""
    wallet_id = await funded(client)
    way.faults.append("cut-after")
    body = {"currency": "INSPIRATION", "amount": "1"}
    path = f"/v1/wallets/{wallet_id}/debits"
    answer = await far.request("post", path, body=body, idempotency_key=new_key())
    assert answer["available_after"] == "99.00"
    assert await left(client, wallet_id) == ("99.00", "0.00")


async def test_a_batch_is_sent_again_as_a_whole_and_done_once(
    client: LedgerClient, far: LedgerClient, way: FaultyWay
) -> None:
    """Each command has its own key, made with it; one that is refused does not hold up others."""
    wallet_id = await funded(client)
    commands = [
        batch.debit(wallet_id, currency="INSPIRATION", amount=10),
        batch.debit(wallet_id, currency="INSPIRATION", amount=500),
        batch.debit(wallet_id, currency="INSPIRATION", amount=20),
    ]
    way.faults.extend(["cut-after", "half"])
    first, refused, third = await far.batch(commands)
    assert [first.value.amount, third.value.amount] == [Decimal(10), Decimal(20)]
    assert first.replayed
    assert str(refused.error).startswith("insufficient-funds")
    assert refused.command is commands[1]
    assert [result.replayed for result in await client.batch(commands)] == [True, True, True]
    assert await left(client, wallet_id) == ("70.00", "0.00")


async def test_a_command_of_a_batch_may_be_unknown_alone(
    client: LedgerClient, far: LedgerClient, way: FaultyWay
) -> None:
    """It is resolved by itself, or sent again in another batch; the others are answered."""
    wallet_id = await funded(client)
    commands = [batch.debit(wallet_id, currency="INSPIRATION", amount=1) for _ in range(3)]

    def some_lost(body: bytes) -> bytes:
        results = msgspec.json.decode(body)["results"]
        for index, slug in enumerate(("outcome-unknown", "busy")):
            problem = {"type": f"https://x/problems/{slug}", "status": 503, "detail": "later"}
            results[index] = {"status": 503, "body": problem, "replayed": False}
        return msgspec.json.encode({"results": results})

    way.faults.append(some_lost)
    unknown, busy, done = await far.batch(commands)
    assert isinstance(unknown.error, OutcomeUnknown)
    assert unknown.error.idempotency_key == commands[0].key
    assert isinstance(busy.error, Unavailable)
    with pytest.raises(Unavailable):
        _ = busy.value
    resolved = [await far.resolve(unknown.error)]
    resolved += [result.value for result in await far.batch([busy.command])]
    assert len({charged.charge_id for charged in (*resolved, done.value)}) == 3
    assert await left(client, wallet_id) == ("97.00", "0.00")


async def test_an_answer_in_drips_is_given_up(way: FaultyWay) -> None:
    """An attempt is bounded as a whole, not from byte to byte."""
    once = RetryPolicy(attempts_max=1, attempt_timeout_s=0.3)
    way.faults.append("drip")
    async with LedgerClient(way.url, DEV_KEY, retry=once) as client:
        with pytest.raises(Unavailable):
            await client.wallet("w")
