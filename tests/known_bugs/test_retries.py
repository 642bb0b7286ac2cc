"""The same thing asked again: after a timeout, without a key, in one batch, after a refusal."""

import asyncio
import uuid
from typing import Any

import httpx2

from ledger.core.flows.order import OpenRecharge
from ledger.core.flows.order_refund import OrderRefundRequested, RefundOrder
from ledger.core.instants import DAY_US
from ledger.jobs import JOBS
from ledger.jobs.directory import DIRECTORY
from ledger.jobs.runner import run_once
from ledger.service import Ledger
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import shards_locked
from tests.kit.http_calls import Response, balance, funded, new_wallet, post, problem, state
from tests.kit.http_steps import body_of
from tests.kit.serving import Client, Served, client_of
from tests.kit.steps import available, done, order_now, paid
from tests.kit.waiting import until

RECHARGE = {
    "kind": "recharge",
    "currency": "INSPIRATION",
    "price_cny": "10",
    "channel": "sandbox",
}


async def test_a_retry_after_a_timeout_applies_money_once(http: Client, served: Served) -> None:
    """midaz#2485: a client retry applied money twice after a timeout.

    Rule: the same key and command is one effect and one answer, also while the first is under way.
    """
    wallet = await funded(http, "10")
    order = body_of(await post(http, f"{wallet}/orders", RECHARGE))
    debit = {"currency": "INSPIRATION", "amount": "3"}
    grant = debit | {"source": "compensation", "reason": "sorry"}
    calls: dict[str, tuple[str, object]] = {
        uuid.uuid4().hex: (f"{wallet}/debits", debit),
        uuid.uuid4().hex: (f"{wallet}/grants", grant),
        uuid.uuid4().hex: (order["payment"]["pay_url"], {}),
    }
    impatient = client_of(served, timeout=httpx2.Timeout(60, read=0.8))
    async with impatient, shards_locked(served.database_url):
        for _ in range(2):
            tries = [post(impatient, path, body, key=key) for key, (path, body) in calls.items()]
            given_up = await asyncio.gather(*tries, return_exceptions=True)
            assert {type(failure) for failure in given_up} == {httpx2.ReadTimeout}
    answers = {path: await post(http, path, body, key=key) for key, (path, body) in calls.items()}
    for path, answer in answers.items():
        assert body_of(answer), path
    assert answers[f"{wallet}/debits"].headers["idempotency-replayed"] == "true"
    assert answers[f"{wallet}/grants"].headers["idempotency-replayed"] == "true"
    assert await balance(http, wallet) == ("110.00", "0.00")
    lots = (await http.get(f"{wallet}/lots")).json()["items"]
    assert sorted(lot["source"] for lot in lots) == ["compensation", "promotional", "purchased"]


async def test_a_top_up_needs_a_key_and_is_made_once(http: Client) -> None:
    """lago-api#5870: top-ups without idempotency were made twice.

    Rule: without a key nothing happens; with one there is one order, and its payment makes one lot
    however often and however concurrently the channel tells of it.
    """
    wallet = new_wallet()
    problem(await http.post(f"{wallet}/orders", json=RECHARGE), 400, "malformed")
    assert (await state(http, wallet))["seq"] == 0
    opened = await asyncio.gather(
        *(post(http, f"{wallet}/orders", RECHARGE, key="top-up") for _ in range(8))
    )
    orders = [body_of(answer) for answer in opened]
    assert len({order["order_id"] for order in orders}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in opened) == 1
    pay_url = orders[0]["payment"]["pay_url"]
    for answer in await asyncio.gather(*(http.post(pay_url) for _ in range(8))):
        assert body_of(answer)["status"] == "paid"
    assert len((await http.get(f"{wallet}/lots")).json()["items"]) == 1
    assert await balance(http, wallet) == ("100.00", "0.00")
    await post(http, f"{wallet}/debits", {"currency": "INSPIRATION", "amount": "100"})
    assert (await http.post(pay_url)).json()["status"] == "paid"
    assert await balance(http, wallet) == ("0.00", "0.00")


async def test_a_retry_is_the_same_request_though_balances_have_changed(http: Client) -> None:
    """wallets#109: a retry rebuilt its body from live balances and became a conflict.

    Rule: what is compared is what the caller said; "all of it" stays "all of it", and the answer is
    the first one with the values it had.
    """
    wallet = await funded(http, "10")
    charge = body_of(
        await post(http, f"{wallet}/debits", {"sku": "image", "quantity": 15}, key="d")
    )
    hold = body_of(await post(http, f"{wallet}/holds", {"sku": "image"}, key="h"))
    refund = f"{wallet}/charges/{charge['charge_id']}/refund"
    capture = f"{wallet}/holds/{hold['hold_id']}/capture"
    everything = {"reason": "all that is left"}
    too_much = {"currency": "INSPIRATION", "amount": "9"}
    asked: list[tuple[str, str, object]] = [
        ("d", f"{wallet}/debits", {"sku": "image", "quantity": 15}),
        ("h", f"{wallet}/holds", {"sku": "image"}),
        ("c", capture, {}),
        ("part", refund, {"amount": "1.00", "reason": "a third"}),
        ("rest", refund, everything),
        ("no", f"{wallet}/debits", too_much | {"amount": "10"}),
    ]
    first = [await post(http, path, body, key=key) for key, path, body in asked]
    assert [answer.status_code for answer in first] == [201, 201, 200, 200, 200, 402]
    assert first[4].json()["refunded_now"] == "2.00"
    problem(await post(http, refund, everything), 409, "refund-exceeds-charge")
    body_of(await post(http, f"{wallet}/debits", too_much))
    before = await state(http, wallet)
    for answer, (key, path, body) in zip(first, asked, strict=True):
        again: Response = await post(http, path, body, key=key)
        assert again.headers["idempotency-replayed"] == "true", key
        assert (again.status_code, again.json()) == (answer.status_code, answer.json()), key
    assert await state(http, wallet) == before


async def test_the_same_key_twice_in_one_batch_is_done_once(http: Client) -> None:
    """stack#1633: the same key twice in one batch crashed.

    Rule: a batch answers as its commands one by one would: done, replayed, or refused by the field.
    """
    wallet = await funded(http, "10")
    debit = {
        "kind": "debit",
        "idempotency_key": "k",
        "wallet_id": wallet.rsplit("/", 1)[1],
        "currency": "INSPIRATION",
        "amount": "1",
    }
    commands = [debit, debit, debit | {"amount": "2"}, debit, debit | {"idempotency_key": "l"}]
    answer = await http.post("/v1/batch", json={"commands": commands})
    results = body_of(answer)["results"]
    assert [result["status"] for result in results] == [201, 201, 422, 201, 201]
    bodies = [result["body"] for result in results]
    assert bodies[0] == bodies[1] == bodies[3]
    assert "amount" in bodies[2]["detail"]
    assert bodies[4]["charge_id"] != bodies[0]["charge_id"]
    assert await balance(http, wallet) == ("8.00", "0.00")
    body_of(
        await post(http, f"{wallet}/debits", {"currency": "INSPIRATION", "amount": "1"}, key="k")
    )
    assert await balance(http, wallet) == ("8.00", "0.00")


async def test_a_declined_refund_is_not_asked_for_again(ledger: Ledger, owner: Any) -> None:
    """lago-api#6103: automatic top-ups in a loop after a decline.

    Rule: a refund that its channel declined is settled: the value is back, no job finds anything to
    send, the same key tells the first answer, and only a new request under a new key asks again.
    """
    await ledger.sandbox.behave("fail")
    order = await paid(ledger, OpenRecharge("w", INSPIRATION, 1_000, "sandbox"))
    ask = RefundOrder("w", order.order_id, "changed my mind", 400)
    asked = await done(ledger, ask, OrderRefundRequested, "ask")
    refund_id = asked.refund.refund_id

    async def declined() -> bool:
        row = await ledger.orders.find_refund(refund_id)
        return row is not None and row[1].status == "failed"

    await until(declined)
    assert await available(ledger, "w") == 10_000
    for _ in range(3):
        await ledger.clock.advance(DAY_US)
        for job in (job for job in JOBS if job is not DIRECTORY):  # it only reads the log
            assert not any([count async for count in run_once(ledger, job)])
    again = await ledger.submit("test", "ask", ask)
    assert (again.outcome, again.replayed) == (asked, True)
    tags = await owner.fetch("SELECT tag FROM events WHERE tag LIKE 'order_refund%' ORDER BY seq")
    assert [row["tag"] for row in tags] == ["order_refund_requested_v1", "order_refund_failed_v1"]
    now = await order_now(ledger, order.order_id)
    assert (now.status, now.refunding_fen, now.refunded_fen) == ("paid", 0, 0)
    new = await done(ledger, ask, OrderRefundRequested, "ask once more")
    assert new.refund.refund_id != refund_id
