"""Doing: each command that changes something, once as a person would use it, and what it did."""

import json
import secrets
import stat
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.admin.conftest import Call
from tests.admin.desk import Desk, at_once
from tests.kit.keys import add_key
from tests.kit.serving import Served


async def test_a_wallet_is_given_limited_and_frozen(desk: Desk, call: Call) -> None:
    """Grant, limit, freeze: the same key again is done once and tells the same."""
    wallet = f"w.{secrets.token_hex(4)}"
    give = ("grant", wallet, "KUAIBI", "12.5", "--source", "compensation", "--reason", "渲染失败")
    once = await desk.run(*give, "--idempotency-key", "give-1", "--json")
    again = await desk.run(*give, "--idempotency-key", "give-1", "--json")
    assert (once.code, once.err) == (0, "")
    assert again.out == once.out
    limited, frozen = await at_once(
        desk.run("wallet", "limit", wallet, "KUAIBI", "--day", "5", "--reason", "asked"),
        desk.run("wallet", "freeze", wallet, "--reason", "stolen"),
    )
    assert limited.out == f"{wallet}, KUAIBI: a day 5.00, a charge no limit.\n"
    assert frozen.code == 0
    body = await call(f"/v1/wallets/{wallet}")
    assert body["balances"]["KUAIBI"]["available"] == "12.50"
    assert body["limits"][0]["day"] == "5.00"
    assert body["frozen"]


@pytest.mark.finance
async def test_holds_and_charges_are_given_back(desk: Desk, call: Call) -> None:
    """Extend and void a hold; refund a charge in part, found by its id alone."""
    wallet = f"w.{secrets.token_hex(4)}"
    place = f"/v1/wallets/{wallet}"
    await call(f"{place}/daily-grant", {})
    points = {"currency": "INSPIRATION", "amount": "20"}
    hold = (await call(f"{place}/holds", points))["hold_id"]
    charge = (await call(f"{place}/debits", points))["charge_id"]
    at = ("--wallet", wallet)
    extended = await desk.run("hold", "extend", hold, "--expires-in-s", "7200", *at, "--json")
    assert json.loads(extended.out) == await call(f"{place}/holds/{hold}")
    voided, refunded = await at_once(
        desk.run("hold", "void", hold, *at),
        desk.run("charge", "refund", charge, "--amount", "4", "--reason", "ours"),
    )
    assert (voided.code, "voided" in voided.out) == (0, True)
    assert refunded.out.startswith(f"4.00 INSPIRATION of charge {charge} went back to {wallet}.")
    body = await call(place)
    assert body["balances"]["INSPIRATION"] | {"expiring_soon": ""} == {
        "available": "50.00",
        "held": "0.00",
        "expiring_soon": "",
    }


@pytest.mark.finance
async def test_orders_are_opened_closed_and_refunded(
    desk: Desk, call: Call, tmp_path: Path
) -> None:
    """A refund is asked about first: a no leaves the order as it was."""
    wallet = f"w.{secrets.token_hex(4)}"
    recharge = ("--channel", "sandbox", "--currency", "KUAIBI", "--price-cny", "10")
    gold = ("--channel", "sandbox", "--plan", "gold", "--period", "month")
    made = await at_once(
        desk.run("order", "open", "recharge", wallet, *recharge, "--json"),
        desk.run("order", "open", "recharge", wallet, *recharge, "--json"),
        desk.run("order", "open", "membership", wallet, *gold, "--json"),
    )
    order, given_up, member = (json.loads(printed.out)["order_id"] for printed in made)
    closed = await desk.run("order", "close", given_up)
    assert (closed.code, "status: closed" in closed.out) == (0, True)
    for paid in (order, member):
        await call(f"/v1/channels/sandbox/orders/{paid}/pay", {})
    ended = await desk.run("membership", "cancel", wallet)
    assert "renews: no" in ended.out
    refund = ("order", "refund", order, "--reason", "七天无理由", "--amount-cny", "4")
    nobody, no, yes = await at_once(
        desk.run(*refund), desk.sit(*refund, answer="n\n"), desk.run(*refund, "--yes", "--json")
    )
    assert (nobody.code, nobody.out) == (2, "")
    assert "--yes" in nobody.err
    assert no.code == 130
    assert "Nothing was done." in no.out
    assert not no.too_wide
    assert yes.code == 0, yes.err
    refund_id = json.loads(yes.out)["refund_id"]
    shown = await desk.sit("order", "refund-show", refund_id)
    assert (shown.code, "4.00 CNY" in shown.out, shown.too_wide) == (0, True, [])
    sheet = tmp_path / "orders.csv"
    sheet.write_text(f"order_id,amount_cny,reason\n{order},1.5,七天\n{given_up},1,x\n")
    unpaid = await desk.run("bulk", "refund", str(sheet), "--dry-run")
    assert (unpaid.code, "row 3: order" in unpaid.err) == (2, True)
    sheet.write_text(f"order_id,amount_cny,reason\n{order},1.5,七天\n")
    expect = ("--expect-rows", "1", "--expect-total", "CNY=1.5")
    more = await desk.run("bulk", "refund", str(sheet), *expect)
    assert more.code == 0, more.err
    body = await call(f"/v1/orders/{order}")
    assert {body["refunding_cny"], body["refunded_cny"]} <= {"5.50", "4.00", "1.50", "0.00"}
    assert float(body["refunding_cny"]) + float(body["refunded_cny"]) == 5.5


@pytest.mark.finance
async def test_keys_of_services_are_made_rotated_and_revoked(
    desk: Desk, served: Served, tmp_path: Path
) -> None:
    """A new key goes to a file that nobody else can read; in force at once, until revoked."""
    caller, out = f"service.{secrets.token_hex(4)}", tmp_path / "key"
    make = ("key", "create", caller, "wallet:read,debit:write", "--reason", "new")
    made = await desk.run(*make, "--out", str(out), "--json")
    assert made.code == 0, made.err
    key_id = json.loads(made.out)["key_id"]
    key = out.read_text().strip()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert key not in made.out + made.err
    assert await status(served, key) == 200
    again = await desk.run(*make, "--out", str(out))
    assert (again.code, "exists" in again.err) == (2, True)
    unmade = tmp_path / "unmade"
    unknown = await desk.run("key", "rotate", "no-key", "--reason", "x", "--out", str(unmade))
    assert unknown.code == 1
    assert not unmade.exists()
    rotated = await desk.run("key", "rotate", key_id, "--reason", "yearly", "--json")
    revoked = await desk.run("key", "revoke", key_id, "--reason", "leaked", "--yes")
    assert (revoked.code, "revoked" in revoked.out) == (0, True)
    assert await status(served, key) == 401
    assert await status(served, json.loads(rotated.out)["key"]) == 200


async def status(served: Served, key: str) -> int:
    """What a key is answered."""
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=served.url, headers=headers) as client:
        return (await client.get("/v1/wallets/w")).status_code


@pytest.mark.finance
async def test_callers_are_limited_and_stopped(desk: Desk, served: Served, call: Call) -> None:
    """A rate, and a switch that is asked about: everybody there is told what it stops."""
    caller = f"service.{secrets.token_hex(4)}"
    key = await add_key(served.database_url, ["wallet:read"], caller=caller, kind="service")
    slow = ("key", "limit", caller, "--rate-per-s", "5", "--burst", "9", "--reason", "peak")
    limited, stopped = await at_once(
        desk.run(*slow), desk.sit("switch", "stop", "caller", caller, "--reason", "x", answer="y\n")
    )
    assert limited.code == 0, limited.err
    assert stopped.out.endswith(f"The caller {caller} is stopped.\n"), stopped.out
    callers: dict[str, Any] = {
        entry["caller"]: entry for entry in (await call("/v1/callers", limit="1000"))["items"]
    }
    assert (callers[caller]["rate_per_s"], callers[caller]["burst"]) == (5, 9)
    assert callers[caller]["stopped"]
    resumed = await desk.run("switch", "resume", "caller", caller, "--reason", "y")
    assert resumed.out == f"The caller {caller} goes on.\n"
    assert await status(served, key) == 200
