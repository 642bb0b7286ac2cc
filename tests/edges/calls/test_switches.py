"""Stop switches over HTTP: a channel, a SKU and a caller, stopped in every process at once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from ledger.engine.controls import REFRESH_S, SWITCH_S
from ledger.service import Ledger
from tests.kit.databases import Database
from tests.kit.http_calls import funded, new_wallet, post, problem
from tests.kit.keys import MakeKey, add_key, fresh
from tests.kit.serving import Client, Served, client_within, opened

SKU = "video-5s-standard"
ORDER = {"kind": "recharge", "currency": "INSPIRATION", "price_cny": "10", "channel": "sandbox"}


async def throw(http: Client, kind: str, name: str, *, stopped: bool) -> httpx2.Response:
    """Stop something or let it go on."""
    body = {"kind": kind, "name": name, "stopped": stopped, "reason": "for a test"}
    return await http.post("/v1/switches", json=body)


@pytest.fixture
async def hasty(alone: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client of a service that is alone, and waits for no other to know what is stopped."""
    monkeypatch.setattr("ledger.engine.controls.SWITCH_S", 0)
    return alone


@pytest.fixture
async def all_go_on(http: Client) -> AsyncIterator[None]:
    """The service is shared: what a test stopped goes on after it."""
    yield
    for item in (await http.get("/v1/switches")).json()["items"]:
        await throw(http, item["kind"], item["name"], stopped=False)


async def test_a_switch_is_listed_with_who_threw_it_and_why(hasty: Client) -> None:
    """The same twice is the same once: it stays stopped since when it first was."""
    assert (await hasty.get("/v1/switches")).json() == {"items": []}
    answer = await throw(hasty, "sku", SKU, stopped=True)
    assert answer.status_code == 200
    item = answer.json()
    assert item.pop("stopped_at").endswith("Z")
    assert item == {
        "kind": "sku",
        "name": SKU,
        "stopped": True,
        "stopped_by": "alone",
        "reason": "for a test",
    }
    assert (await throw(hasty, "sku", SKU, stopped=True)).json() == answer.json()
    await throw(hasty, "channel", "sandbox", stopped=True)
    items = (await hasty.get("/v1/switches")).json()["items"]
    assert [(item["kind"], item["name"]) for item in items] == [
        ("channel", "sandbox"),
        ("sku", SKU),
    ]
    assert items[1] == answer.json()
    for _ in range(2):
        answer = await throw(hasty, "sku", SKU, stopped=False)
        assert (answer.status_code, answer.json()["stopped"]) == (200, False)
        assert answer.json()["stopped_at"] is None
    items = (await hasty.get("/v1/switches")).json()["items"]
    assert [item["name"] for item in items] == ["sandbox"]


async def test_a_stopped_sku_is_not_sold_and_others_are(hasty: Client) -> None:
    """Neither held nor charged; what was held before can still be captured."""
    wallet = await funded(hasty, "200")
    held = (await post(hasty, f"{wallet}/holds", {"sku": SKU})).json()["hold_id"]
    await throw(hasty, "sku", SKU, stopped=True)
    for call in ("debits", "holds"):
        refused = problem(await post(hasty, f"{wallet}/{call}", {"sku": SKU}), 409, "stopped")
        assert SKU in refused["detail"]
    assert (await post(hasty, f"{wallet}/debits", {"sku": "image"})).status_code == 201
    assert (await post(hasty, f"{wallet}/holds/{held}/capture", {})).status_code == 200
    await throw(hasty, "sku", SKU, stopped=False)
    assert (await post(hasty, f"{wallet}/debits", {"sku": SKU})).status_code == 201


async def test_a_stopped_channel_takes_no_orders_but_payments(hasty: Client) -> None:
    """Who has paid is credited: an authentic payment is never refused."""
    wallet = new_wallet()
    order = (await post(hasty, f"{wallet}/orders", ORDER)).json()["order_id"]
    await throw(hasty, "channel", "sandbox", stopped=True)
    problem(await post(hasty, f"{wallet}/orders", ORDER), 409, "stopped")
    paid = await hasty.post(f"/v1/channels/sandbox/orders/{order}/pay")
    assert paid.json()["status"] == "paid"
    await throw(hasty, "channel", "sandbox", stopped=False)
    assert (await post(hasty, f"{wallet}/orders", ORDER)).status_code == 201


async def test_nothing_is_done_for_a_stopped_caller(
    hasty: Client, ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call with any of its keys, reads too, is refused with since when; others go on."""
    # By one who has not just checked its key; the others are in the last test of this file.
    monkeypatch.setattr("ledger.access.callers.KEY_CACHE_S", 0)
    me = "them"
    async with client_within(ledger, await add_key(database.url, caller=me)) as theirs:
        wallet = await funded(theirs)
        stopped = (await throw(hasty, "caller", me, stopped=True)).json()
        for answer in (
            await theirs.get(wallet),
            await theirs.get("/v1/catalogue"),
            await post(theirs, f"{wallet}/debits", {"sku": "image"}),
            await post(theirs, "/v1/batch", {"commands": []}),
        ):
            refusal = problem(answer, 403, "forbidden")
            assert (refusal["caller"], refusal["stopped_at"]) == (me, stopped["stopped_at"])
            assert stopped["stopped_at"] in refusal["detail"]
        assert (await hasty.get(wallet)).status_code == 200
        await throw(hasty, "caller", me, stopped=False)
        assert (await theirs.get(wallet)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "name", "slug", "complaint"),
    [
        ("sku", "video", "unknown-sku", SKU),
        ("channel", "paypal", "unknown-channel", "sandbox"),
        ("caller", "nobody", "malformed", "no caller"),
        ("caller", "dev", "malformed", "itself"),
        ("wallet", "w", "malformed", "kind"),
        ("sku", "", "malformed", "name"),
        ("sku", "a\0b", "malformed", "name"),
    ],
)
async def test_what_does_not_exist_cannot_be_stopped(
    http: Client, kind: str, name: str, slug: str, complaint: str
) -> None:
    """400, naming what exists; and nobody locks himself out."""
    refusal = problem(await throw(http, kind, name, stopped=True), 400, slug)
    assert complaint in refusal["detail"]
    assert (await http.get("/v1/switches")).json() == {"items": []}
    if name != "dev":
        problem(await throw(http, kind, name, stopped=False), 400, slug)


async def test_it_takes_an_administrator(http: Client, served: Served, make_key: MakeKey) -> None:
    """Seeing and throwing switches need the scope admin:write."""
    del http
    token = await make_key(["admin:approve", "wallet:read", "debit:write"])
    headers = {"authorization": f"Bearer {token}"}
    async with Client(base_url=served.url, headers=headers) as theirs:
        for answer in (
            await theirs.get("/v1/switches"),
            await throw(theirs, "sku", SKU, stopped=True),
        ):
            assert problem(answer, 403, "forbidden")["scope"] == "admin:write"


@pytest.mark.usefixtures("all_go_on")
async def test_a_switch_is_in_force_everywhere_when_its_call_is_answered(
    http: Client, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process on the same database refuses at once, and sells at once when it goes on."""
    assert REFRESH_S < SWITCH_S
    # However busy the machine is, this one looks in time.
    monkeypatch.setattr("ledger.engine.controls.REFRESH_S", REFRESH_S / 20)
    name = served.database_url
    async with opened(Database(name, name)) as other:
        for stopped in (True, False, True, False):
            await throw(http, "sku", SKU, stopped=stopped)
            assert ("sku:video-5s-standard" in other.controls.stopped) is stopped


@pytest.mark.usefixtures("all_go_on")
async def test_a_stopped_caller_is_refused_by_other_processes_too(
    http: Client, served: Served, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by one that has just checked its key."""
    monkeypatch.setattr("ledger.engine.controls.REFRESH_S", REFRESH_S / 20)
    me = fresh("stopped")
    token = await make_key(caller=me)
    name = served.database_url
    headers = {"authorization": f"Bearer {token}"}
    async with (
        Client(base_url=served.url, headers=headers) as theirs,
        opened(Database(name, name)) as other,
    ):
        await funded(theirs)
        busy = asyncio.create_task(keep_asking(other, token))
        await throw(http, "caller", me, stopped=True)
        caller = other.callers.cached(token) or await other.callers.authenticate(token)
        busy.cancel()
        assert caller is not None
        assert caller.stopped_at is not None


async def keep_asking(other: Any, token: str) -> None:
    """Use a key all the time, so that what is known of it is always fresh."""
    while True:
        if other.callers.cached(token) is None:
            await other.callers.authenticate(token)
        await asyncio.sleep(0.01)
