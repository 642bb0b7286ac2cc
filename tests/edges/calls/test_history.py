"""The past over HTTP, against a live service: wallets as they were, entries, a wallet's orders."""

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import pytest

from ledger.access.callers import SCOPES
from tests.kit.http_calls import funded, give, new_wallet, post, problem
from tests.kit.http_steps import clock_now, written
from tests.kit.keys import MakeKey
from tests.kit.serving import Client

ZERO = {"available": "0.00", "held": "0.00", "expiring_soon": "0.00"}


async def as_it_was(http: Client, wallet: str, at: str) -> dict[str, Any]:
    """The wallet at a time."""
    answer = await http.get(wallet, params={"at": at})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_wallet_is_told_as_it_was_at_every_moment_it_was_told(http: Client) -> None:
    """What a reading said stays true of its `as_of`, whatever came after it."""
    wallet = new_wallet()
    views = [(await http.get(wallet)).json()]
    for path, body in (
        ("grants", {"currency": "KUAIBI", "amount": "5", "source": "promotional", "reason": "x"}),
        ("daily-grant", {}),
        ("debits", {"sku": "image"}),
        ("holds", {"sku": "image", "hold_id": "h"}),
        ("holds/h/capture", {}),
    ):
        assert (await post(http, f"{wallet}/{path}", body)).status_code in {200, 201}
        views.append((await http.get(wallet)).json())
    for view in views:
        assert await as_it_was(http, wallet, view["as_of"]) == view
    assert [view["seq"] for view in views] == sorted({view["seq"] for view in views})
    assert views[0]["seq"] == 0


async def test_at_takes_any_offset_and_an_instant_is_exact(http: Client) -> None:
    """The same instant by other clocks; a microsecond before an event it has not happened."""
    wallet = new_wallet()
    await give(http, wallet, "5")
    (entry,) = (await http.get(f"{wallet}/entries")).json()["items"]
    recorded = datetime.fromisoformat(entry["recorded_at"])
    for hours in (0, 8, -5, 14):
        there = recorded.astimezone(timezone(timedelta(hours=hours))).isoformat()
        assert (await http.get(f"{wallet}?at={quote(there, safe='')}")).json() == {
            **(await as_it_was(http, wallet, entry["recorded_at"])),
            "as_of": entry["recorded_at"],
        }
        assert (await as_it_was(http, wallet, there))["seq"] == entry["seq"]
    before = await as_it_was(http, wallet, written(recorded - timedelta(microseconds=1)))
    assert (before["seq"], before["balances"]["INSPIRATION"]) == (0, ZERO)
    assert (await as_it_was(http, wallet, "1969-12-31T23:59:59Z"))["seq"] == 0
    assert (await as_it_was(http, wallet, "0001-01-01T00:00:00Z"))["balances"]["KUAIBI"] == ZERO


async def test_an_expiry_shows_in_the_past_from_its_own_instant_on(http: Client) -> None:
    """Also while it was not recorded yet; lots are told as they were, too."""
    wallet = new_wallet()
    expires_at = await clock_now(http) + timedelta(hours=1)
    lot_id = await give(http, wallet, "5", expires_at=written(expires_at))
    await http.post("/v1/dev/clock", json={"advance_s": 7_200})
    await give(http, wallet, "2", currency="KUAIBI")
    last = expires_at - timedelta(microseconds=1)
    for at, available, lots in ((last, "5.00", [lot_id]), (expires_at, "0.00", [])):
        past = await as_it_was(http, wallet, written(at))
        assert past["balances"]["INSPIRATION"]["available"] == available
        page = await http.get(f"{wallet}/lots", params={"at": written(at)})
        assert [lot["lot_id"] for lot in page.json()["items"]] == lots
    entries = (await http.get(f"{wallet}/entries")).json()["items"]
    assert [entry["type"] for entry in entries] == ["lot_granted", "lot_expired", "lot_granted"]
    expired = entries[1]
    assert datetime.fromisoformat(expired["at"]) == expires_at
    assert expired["recorded_at"] == entries[0]["recorded_at"] > expired["at"]
    assert (expired["lot_id"], expired["available_change"]) == (lot_id, "-5.00")


async def test_the_future_is_refused_with_the_time_it_is(http: Client) -> None:
    """400 malformed, on the wallet and its lots."""
    wallet = await funded(http)
    for path in (wallet, f"{wallet}/lots"):
        for at in ("2999-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"):
            refusal = problem(await http.get(path, params={"at": at}), 400, "malformed")
            assert refusal["field"] == "at"
            assert refusal["now"] in refusal["detail"]
            assert datetime.fromisoformat(refusal["now"]) <= await clock_now(http)
            assert (await http.get(path, params={"at": refusal["now"]})).status_code == 200


@pytest.mark.parametrize(
    "at",
    [
        *("", "now", "2026-03-01", "2026-03-01T00:00:00", "2026-13-01T00:00:00Z", "0", "-1"),
        *("2026-03-01T00:00:60Z", "2026-03-01T24:00:00Z", "0001-01-01T00:00:00+08:00", "\x00"),
        *("2026-03-01T00:00:00+25:00", "1772323200", "２０２６-03-01T00:00:00Z", "9" * 65),
    ],
)
async def test_what_is_no_time_is_malformed(http: Client, at: str) -> None:
    """RFC 3339 with an offset, and nothing else."""
    wallet = new_wallet()
    for path in (wallet, f"{wallet}/lots"):
        refusal = problem(await http.get(path, params={"at": at}), 400, "malformed")
        assert refusal["field"] == "at"


async def test_a_plus_that_was_not_encoded_is_explained(http: Client) -> None:
    """In a query a + is a space: the answer says what to write instead."""
    wallet = new_wallet()
    refusal = problem(await http.get(f"{wallet}?at=2026-03-01T00:00:00+08:00"), 400, "malformed")
    assert "%2B" in refusal["detail"]
    assert (await http.get(f"{wallet}?at=2026-03-01T00:00:00%2B08:00")).status_code == 200


async def test_entries_tell_what_each_event_was_and_what_it_left(http: Client) -> None:
    """Newest first: every id it names, its amount, and what was available right after it."""
    wallet = new_wallet()
    lot_id = await give(http, wallet, "100")
    debit = {"currency": "INSPIRATION", "amount": "30", "reference": "job-1"}
    charge = (await post(http, f"{wallet}/debits", debit)).json()["charge_id"]
    hold = {"currency": "INSPIRATION", "amount": "20", "hold_id": "h", "reference": "job-2"}
    await post(http, f"{wallet}/holds", hold)
    await post(http, f"{wallet}/holds/h/extend", {"expires_in_s": 60})
    captured = await post(http, f"{wallet}/holds/h/capture", {"amount": "8"})
    refund = {"amount": "1", "reason": "we failed"}
    await post(http, f"{wallet}/charges/{charge}/refund", refund)
    order = {"kind": "recharge", "currency": "KUAIBI", "price_cny": "10", "channel": "sandbox"}
    opened = (await post(http, f"{wallet}/orders", order)).json()
    await http.post(opened["payment"]["pay_url"])
    items = (await http.get(f"{wallet}/entries")).json()["items"]
    for item in items:
        assert item["at"] == item["recorded_at"]
        for name in ("seq", "at", "recorded_at"):
            item.pop(name)
        assert item.pop("what")
    nothing = dict.fromkeys(items[0]) | {"caller": "dev"}
    points = {**nothing, "currency": "INSPIRATION"}

    def left(amount: str, change: str, after: str) -> dict[str, str]:
        return {"amount": amount, "available_change": change, "available_after": after}

    held = {**points, "hold_id": "h", "reference": "job-2"}
    bought = {**nothing, "order_id": opened["order_id"], "amount_cny": "10.00"}
    charged = {**points, "charge_id": charge, "reference": "job-1"}
    assert items[::-1] == [
        points
        | {"type": "lot_granted", "lot_id": lot_id, "reason": "test"}
        | left("100.00", "100.00", "100.00"),
        charged | {"type": "debit_charged"} | left("30.00", "-30.00", "70.00"),
        held | {"type": "hold_authorized"} | left("20.00", "-20.00", "50.00"),
        held | {"type": "hold_extended", "currency": None},
        held
        | {"type": "hold_captured", "charge_id": captured.json()["charge_id"]}
        | left("8.00", "12.00", "62.00"),
        charged
        | {"type": "charge_refunded", "reason": "we failed"}
        | left("1.00", "1.00", "63.00"),
        bought | {"type": "order_opened"},
        bought
        | {"type": "recharge_paid", "caller": "channel:sandbox"}
        | {"currency": "KUAIBI", "lot_id": f"lot-{opened['order_id']}"}
        | left("100.00", "100.00", "100.00"),
    ]


async def test_entries_go_on_where_a_page_ended_whatever_comes_meanwhile(http: Client) -> None:
    """Keyset pages: nothing is skipped, told twice or told differently."""
    wallet = await funded(http)
    for number in range(7):
        await post(http, f"{wallet}/debits", {"sku": "image", "reference": f"r{number}"})
        await give(http, wallet, "1", currency="KUAIBI")
    whole = (await http.get(f"{wallet}/entries")).json()
    assert (len(whole["items"]), whole["next"]) == (15, None)
    page = (await http.get(f"{wallet}/entries", params={"limit": 4})).json()
    items = page["items"]
    while page["next"]:
        await post(http, f"{wallet}/debits", {"sku": "image"})
        params = {"limit": "4", "after": page["next"]}
        page = (await http.get(f"{wallet}/entries", params=params)).json()
        items += page["items"]
    assert items == whole["items"]
    empty = (await http.get(f"{new_wallet()}/entries")).json()
    assert empty == {"items": [], "next": None}


async def test_a_wallets_orders_are_listed_newest_first(http: Client) -> None:
    """As each reads by itself."""
    wallet = new_wallet()
    body = {"kind": "recharge", "currency": "INSPIRATION", "channel": "sandbox"}
    opened = []
    for yuan in range(1, 6):
        answer = await post(http, f"{wallet}/orders", {**body, "price_cny": f"{yuan}"})
        opened.append(answer.json()["order_id"])
        await post(http, f"{new_wallet()}/orders", {**body, "price_cny": "7"})
    await http.post(f"/v1/channels/sandbox/orders/{opened[1]}/pay")
    one_by_one = [(await http.get(f"/v1/orders/{order_id}")).json() for order_id in opened[::-1]]
    assert (await http.get(f"{wallet}/orders")).json() == {"items": one_by_one, "next": None}
    page = (await http.get(f"{wallet}/orders", params={"limit": 2})).json()
    items = page["items"]
    while page["next"]:
        params = {"limit": "2", "after": page["next"]}
        page = (await http.get(f"{wallet}/orders", params=params)).json()
        items += page["items"]
    assert items == one_by_one
    assert (await http.get(f"{new_wallet()}/orders")).json() == {"items": [], "next": None}


@pytest.mark.parametrize("path", ["entries", "orders"])
@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=1001", "limit=-1", "limit=1.5", "limit=x", "limit=", "limit=1&limit=2"),
        *(
            "after=",
            "after=x",
            "after=e30",
            "after=W10",
            "after=WzFd",
            "after=bnVsbA",
            "x=1",
            "%ff",
        ),
        *("after=WyJ3IiwtMSx7fV0", "after=WyJ3Iiw5OTk5OTk5OTk5OTk5OTk5OTk5OTksIHt9XQ", "at=now"),
        *("after=WyJhXHUwMDAwIl0", f"after={'x' * 600}", "limit=10000000000000000000000", "%ff"),
    ],
)
async def test_a_wrong_page_is_malformed(http: Client, path: str, query: str) -> None:
    """Limits out of range, cursors that are none of this list, unknown parameters."""
    problem(await http.get(f"{new_wallet()}/{path}?{query}"), 400, "malformed")


@pytest.mark.parametrize(
    "place", ["-1, {}", f"{2**63}, {{}}", f"{10**40}, {{}}", '1, {"1001": -1}', '1, {"x": 1}', "1"]
)
async def test_a_made_up_cursor_is_refused(http: Client, place: str) -> None:
    """Whatever no page could have told, a number beyond what is stored above all."""
    wallet = await funded(http)
    made_up = f'["{wallet.rsplit("/", 1)[1]}", {place}]'.encode()
    cursor = urlsafe_b64encode(made_up).decode().rstrip("=")
    problem(await http.get(f"{wallet}/entries", params={"after": cursor}), 400, "malformed")


async def test_a_cursor_of_another_wallet_is_refused(http: Client) -> None:
    """Its balances are not this one's."""
    mine, other = await funded(http), await funded(http)
    for wallet in (mine, other):
        await post(http, f"{wallet}/debits", {"sku": "image"})
    cursor = (await http.get(f"{mine}/entries?limit=1")).json()["next"]
    refusal = problem(
        await http.get(f"{other}/entries", params={"after": cursor}), 400, "malformed"
    )
    assert refusal["field"] == "after"
    assert (await http.get(f"{mine}/entries", params={"after": cursor})).status_code == 200


@pytest.mark.parametrize(
    ("path", "scopes"),
    [
        ("{wallet}/entries", ["wallet:read"]),
        ("{wallet}/orders", ["wallet:read", "order:write"]),
        ("/v1/events", ["finance:read"]),
    ],
)
async def test_each_call_needs_one_of_its_scopes(
    http: Client, make_key: MakeKey, path: str, scopes: list[str]
) -> None:
    """Any of them will do; all the others together will not."""
    where = path.format(wallet=new_wallet())
    for scope in scopes:
        headers = {"authorization": f"Bearer {await make_key([scope])}"}
        assert (await http.get(where, headers=headers)).status_code == 200
    headers = {"authorization": f"Bearer {await make_key(sorted(SCOPES - set(scopes)))}"}
    refusal = problem(await http.get(where, headers=headers), 403, "forbidden")
    assert refusal["scope"] == " or ".join(scopes)
