"""The HTTP contract, call by call, against a live service: wallets, holds, charges, batches."""

import json
from typing import Any

import pytest

from tests.kit.http_calls import balance, funded, give, new_wallet, post, problem, state
from tests.kit.keys import MakeKey
from tests.kit.serving import Client


async def test_a_wallet_never_seen_reads_as_zeros(http: Client) -> None:
    """A wallet exists from its first event on."""
    wallet = new_wallet()
    body = await state(http, wallet)
    zero = {"available": "0.00", "held": "0.00", "expiring_soon": "0.00"}
    assert body == {
        "wallet_id": wallet.rsplit("/", 1)[1],
        "status": "open",
        "balances": {"INSPIRATION": zero, "KUAIBI": zero},
        "membership": None,
        "claim_fen": 0,
        "claims": [],
        "payable_fen": 0,
        "limits": [],
        "frozen": False,
        "seq": 0,
    }


async def test_a_debit_on_a_wallet_never_seen_finds_nothing_available(http: Client) -> None:
    """402 with available 0.00, never a 404."""
    body = {"currency": "INSPIRATION", "amount": "1"}
    refusal = problem(await post(http, f"{new_wallet()}/debits", body), 402, "insufficient-funds")
    assert (refusal["amount"], refusal["available"], refusal["currency"]) == (
        "1.00",
        "0.00",
        "INSPIRATION",
    )


async def test_the_days_points_are_claimed_once(http: Client) -> None:
    """201, then 200 with the same lot under another key; the first key tells the first answer."""
    wallet = new_wallet()
    first = await post(http, f"{wallet}/daily-grant", {}, key="one")
    assert first.status_code == 201
    lot = first.json()
    assert (lot["currency"], lot["amount"], lot["claimed_now"]) == ("INSPIRATION", "66.00", True)
    assert lot["expires_at"].endswith("16:00:00Z")
    again = await post(http, f"{wallet}/daily-grant", {}, key="two")
    assert (again.status_code, again.json()) == (200, lot | {"claimed_now": False})
    replay = await post(http, f"{wallet}/daily-grant", {}, key="one")
    assert (replay.status_code, replay.json()) == (201, lot)
    assert replay.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert (await http.get(wallet)).json()["balances"]["INSPIRATION"]["expiring_soon"] == "66.00"


async def test_a_body_without_fields_may_be_left_out(http: Client) -> None:
    """Where `{}` is enough, nothing at all is enough, with or without a content type."""
    wallet = await funded(http)
    assert (await post(http, f"{wallet}/daily-grant")).status_code == 201
    await post(http, f"{wallet}/holds", {"sku": "image", "hold_id": "h1"})
    typed = {"content-type": "application/json"}
    voided = await post(http, f"{wallet}/holds/h1/void", headers=typed)
    assert (voided.status_code, voided.json()["status"]) == (200, "voided")


async def test_grants_and_lots_are_told_in_spending_order(http: Client) -> None:
    """Earliest expiry first, never-expiring last; lots that hold nothing are left out."""
    wallet = new_wallet()
    for_ever = await give(http, wallet, "5")
    late = await give(http, wallet, "1.5", expires_at="2998-01-01T00:00:00+08:00")
    early = await give(http, wallet, "0.2", expires_at="2997-01-01T00:00:00Z")
    lots = (await http.get(f"{wallet}/lots")).json()
    assert [lot["lot_id"] for lot in lots["items"]] == [early, late, for_ever]
    assert lots["items"][1]["expires_at"] == "2997-12-31T16:00:00Z"
    assert lots["items"][1] | {"granted_at": ""} == {
        "lot_id": late,
        "currency": "INSPIRATION",
        "source": "promotional",
        "available": "1.50",
        "held": "0.00",
        "cost_fen": 0,
        "granted_at": "",
        "expires_at": "2997-12-31T16:00:00Z",
    }
    await post(http, f"{wallet}/debits", {"currency": "INSPIRATION", "amount": "0.2"})
    page = (await http.get(f"{wallet}/lots", params={"limit": 1})).json()
    assert [lot["lot_id"] for lot in page["items"]] == [late]
    rest = await http.get(f"{wallet}/lots", params={"limit": 1, "after": page["next"]})
    assert [lot["lot_id"] for lot in rest.json()["items"]] == [for_ever]
    assert rest.json()["next"] is None


async def test_a_sku_is_quoted_and_listed(http: Client) -> None:
    """The price is the catalogue's, times the quantity."""
    quote = await http.get("/v1/quotes", params={"sku": "image", "quantity": 5})
    price = quote.json()
    assert price.pop("price_version")
    assert price == {"sku": "image", "quantity": 5, "currency": "INSPIRATION", "amount": "1.00"}
    problem(await http.get("/v1/quotes", params={"sku": "fax"}), 400, "unknown-sku")
    catalogue = (await http.get("/v1/catalogue")).json()
    assert {plan["plan"] for plan in catalogue["plans"]} == {"gold", "platinum", "diamond", "black"}
    periods = {period["period"]: period["months"] for period in catalogue["periods"]}
    assert periods == {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
    assert {sku["sku"]: sku["price"] for sku in catalogue["skus"]}["image"] == "0.20"


async def test_a_debit_is_charged_and_replayed(http: Client) -> None:
    """The same key and the same command, however spelt, is the same answer again."""
    wallet = await funded(http)
    path, body = f"{wallet}/debits", {"currency": "INSPIRATION", "amount": "30", "reference": "r:1"}
    first = await post(http, path, body, key="d")
    assert first.status_code == 201
    debit = first.json()
    assert (debit["amount"], debit["available_after"], debit["reference"]) == (
        "30.00",
        "70.00",
        "r:1",
    )
    assert [take["amount"] for take in debit["takes"]] == ["30.00"]
    replay = await post(http, path, body | {"amount": "30.00"}, key='"d"')
    assert (replay.status_code, replay.json()) == (201, debit)
    assert replay.headers["idempotency-replayed"] == "true"
    assert await balance(http, wallet) == ("70.00", "0.00")
    charge = (await http.get(f"{wallet}/charges/{debit['charge_id']}")).json()
    assert (charge["amount"], charge["refunded"], charge["hold_id"]) == ("30.00", "0.00", None)


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"amount": "31"}, "amount"),
        ({"currency": "KUAIBI"}, "currency"),
        ({"reference": "r"}, "reference"),
    ],
)
async def test_a_key_used_for_another_command_names_the_field(
    http: Client, other: dict[str, str], field: str
) -> None:
    """422, and nothing is done."""
    wallet = await funded(http)
    body = {"currency": "INSPIRATION", "amount": "30"}
    await post(http, f"{wallet}/debits", body, key="k")
    answer = await post(http, f"{wallet}/debits", body | other, key="k")
    assert problem(answer, 422, "idempotency-key-reused")["field"] == field
    assert "idempotency-replayed" not in answer.headers
    claim = await post(http, f"{wallet}/daily-grant", {}, key="k")
    assert problem(claim, 422, "idempotency-key-reused")["field"] == "kind"
    assert await balance(http, wallet) == ("70.00", "0.00")


async def test_a_key_belongs_to_its_caller_and_wallet(http: Client, make_key: MakeKey) -> None:
    """The same key elsewhere, or from another caller, is another request."""
    wallet, elsewhere = await funded(http), await funded(http)
    body = {"currency": "INSPIRATION", "amount": "1"}
    other = {"authorization": f"Bearer {await make_key()}"}
    for path, headers in ((wallet, {}), (elsewhere, {}), (wallet, other)):
        answer = await post(http, f"{path}/debits", body, key="same", headers=headers)
        assert (answer.status_code, "idempotency-replayed" in answer.headers) == (201, False)
    assert await balance(http, wallet) == ("98.00", "0.00")


async def test_a_refusal_that_depends_on_state_is_remembered(http: Client) -> None:
    """After a top-up, use a new key."""
    wallet = new_wallet()
    body = {"currency": "INSPIRATION", "amount": "1"}
    first = await post(http, f"{wallet}/debits", body, key="k")
    await give(http, wallet, "5")
    again = await post(http, f"{wallet}/debits", body, key="k")
    assert (again.status_code, again.json()) == (402, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert (await post(http, f"{wallet}/debits", body, key="new")).status_code == 201


async def test_a_malformed_request_is_not_remembered(http: Client) -> None:
    """Mend it and send it under the same key."""
    wallet = await funded(http)
    bad = {"currency": "INSPIRATION", "amount": "0"}
    problem(await post(http, f"{wallet}/debits", bad, key="k"), 400, "amount-out-of-range")
    answer = await post(http, f"{wallet}/debits", bad | {"amount": "1"}, key="k")
    assert (answer.status_code, "idempotency-replayed" in answer.headers) == (201, False)


async def test_a_hold_is_authorized_read_listed_extended_and_captured(http: Client) -> None:
    """A capture, also a partial one, closes the hold; the rest returns."""
    wallet = await funded(http)
    body = {"sku": "video-5s-standard", "hold_id": "job-1", "expires_in_s": 60, "reference": "r"}
    hold = await post(http, f"{wallet}/holds", body)
    assert hold.status_code == 201
    held = hold.json()
    assert (held["hold_id"], held["amount"], held["status"]) == ("job-1", "10.00", "open")
    assert held["quote"]["sku"] == "video-5s-standard"
    assert (await http.get(f"{wallet}/holds/job-1")).json() == held
    assert (await http.get(f"{wallet}/holds?status=open")).json() == {"items": [held], "next": None}
    extended = await post(http, f"{wallet}/holds/job-1/extend", {"expires_in_s": 604_800})
    assert extended.json()["expires_at"] > held["expires_at"]
    assert await balance(http, wallet) == ("90.00", "10.00")
    captured = await post(http, f"{wallet}/holds/job-1/capture", {"amount": "8"})
    done = captured.json()
    assert (captured.status_code, done["captured"], done["returned"]) == (200, "8.00", "2.00")
    assert done["status"] == "captured"
    closed = (await http.get(f"{wallet}/holds/job-1")).json()
    assert (closed["status"], closed["charge_id"]) == ("captured", done["charge_id"])
    assert (await http.get(f"{wallet}/holds")).json()["items"] == []
    charge = (await http.get(f"{wallet}/charges/{done['charge_id']}")).json()
    assert (charge["hold_id"], charge["reference"]) == ("job-1", "r")
    assert await balance(http, wallet) == ("92.00", "0.00")


async def test_a_closed_hold_stays_closed_and_its_id_taken(http: Client) -> None:
    """hold-not-open, hold-exists, hold not found, capture-exceeds-hold."""
    wallet = await funded(http)
    hold_path = f"{wallet}/holds/h"
    body = {"currency": "INSPIRATION", "amount": "10", "hold_id": "h"}
    await post(http, f"{wallet}/holds", body)
    problem(await post(http, f"{wallet}/holds", body), 409, "hold-exists")
    too_much = await post(http, f"{hold_path}/capture", {"amount": "10.01"})
    assert problem(too_much, 409, "capture-exceeds-hold")["held"] == "10.00"
    problem(await post(http, f"{hold_path}/capture", {"amount": "0"}), 400, "amount-out-of-range")
    assert (await post(http, f"{hold_path}/void", {})).json()["status"] == "voided"
    problem(await post(http, f"{wallet}/holds", body), 409, "hold-exists")
    for path, sent in (("capture", {}), ("void", {}), ("extend", {"expires_in_s": 1})):
        refusal = problem(await post(http, f"{hold_path}/{path}", sent), 409, "hold-not-open")
        assert refusal["hold_status"] == "voided"
        missing = await post(http, f"{wallet}/holds/none/{path}", sent)
        assert problem(missing, 404, "not-found")["what"] == "hold"
    assert problem(await http.get(f"{wallet}/holds/none"), 404, "not-found")["what"] == "hold"
    assert (await http.get(hold_path)).json()["status"] == "voided"
    assert await balance(http, wallet) == ("100.00", "0.00")


@pytest.mark.parametrize("expires_in_s", [0, -1, 604_801, 2**70])
async def test_a_hold_runs_for_a_second_to_a_week(http: Client, expires_in_s: int) -> None:
    """1 to 604800."""
    wallet = await funded(http)
    body = {"sku": "image", "expires_in_s": expires_in_s}
    problem(await post(http, f"{wallet}/holds", body), 400, "expiry-out-of-range")


async def test_open_holds_are_listed_page_by_page(http: Client) -> None:
    """Keyset pages: closing a hold in between neither skips nor repeats another."""
    wallet = await funded(http)
    for number in range(5):
        await post(http, f"{wallet}/holds", {"sku": "image", "hold_id": f"h{number}"})
    page = (await http.get(f"{wallet}/holds", params={"limit": 2})).json()
    assert [hold["hold_id"] for hold in page["items"]] == ["h0", "h1"]
    await post(http, f"{wallet}/holds/h1/void", {})
    page = (await http.get(f"{wallet}/holds", params={"limit": 2, "after": page["next"]})).json()
    assert [hold["hold_id"] for hold in page["items"]] == ["h2", "h3"]
    page = (await http.get(f"{wallet}/holds", params={"limit": 2, "after": page["next"]})).json()
    assert ([hold["hold_id"] for hold in page["items"]], page["next"]) == (["h4"], None)


async def test_a_charge_is_refunded_up_to_what_was_charged(http: Client) -> None:
    """Without an amount all that is left; nothing left is refund-exceeds-charge."""
    wallet = await funded(http)
    debit = await post(http, f"{wallet}/debits", {"currency": "INSPIRATION", "amount": "10"})
    path = f"{wallet}/charges/{debit.json()['charge_id']}"
    part = await post(http, f"{path}/refund", {"amount": "4", "reason": "we failed"})
    refund = part.json()
    assert (part.status_code, refund["refunded"], refund["refunded_now"]) == (200, "4.00", "4.00")
    assert refund["available_after"] == "94.00"
    too_much = await post(http, f"{path}/refund", {"amount": "6.01", "reason": "x"})
    assert problem(too_much, 409, "refund-exceeds-charge")["refundable"] == "6.00"
    rest = await post(http, f"{path}/refund", {"reason": "x"}, key="rest")
    assert (rest.json()["refunded"], rest.json()["refunded_now"]) == ("10.00", "6.00")
    replay = await post(http, f"{path}/refund", {"reason": "x"}, key="rest")
    assert (replay.json(), replay.headers["idempotency-replayed"]) == (rest.json(), "true")
    other = await post(http, f"{path}/refund", {"reason": "y"}, key="rest")
    assert problem(other, 422, "idempotency-key-reused")["field"] == "reason"
    problem(await post(http, f"{path}/refund", {"reason": "x"}), 409, "refund-exceeds-charge")
    assert (await http.get(path)).json()["refunded"] == "10.00"
    assert await balance(http, wallet) == ("100.00", "0.00")


@pytest.mark.parametrize("charge_id", ["none", "ch-0-1", "ch-9-1", f"ch-0-{'9' * 40}", "ch--1-0"])
async def test_a_charge_that_is_not_this_wallets_is_not_found(http: Client, charge_id: str) -> None:
    """404 names what was not found, never whose it is."""
    path = f"{new_wallet()}/charges/{charge_id}"
    assert problem(await http.get(path), 404, "not-found")["what"] == "charge"
    refund = await post(http, f"{path}/refund", {"reason": "x"})
    assert problem(refund, 404, "not-found")["what"] == "charge"


def _entry(kind: str, wallet: str, key: str, **fields: object) -> dict[str, Any]:
    named = wallet.rsplit("/", 1)[1]
    return {"kind": kind, "idempotency_key": key, "wallet_id": named, **fields}


async def test_a_batch_answers_as_its_commands_one_by_one_would(http: Client) -> None:
    """In order, each standing alone, with the status and body of its own call."""
    wallet = new_wallet()
    points = {"currency": "INSPIRATION", "amount": "50"}
    commands = [
        _entry("grant", wallet, "1", **points, source="compensation", reason="sorry"),
        _entry("daily_grant", wallet, "2"),
        _entry("debit", wallet, "3", currency="INSPIRATION", amount="10"),
        _entry("authorize_hold", wallet, "4", sku="video-5s-standard", hold_id="a"),
        _entry("extend_hold", wallet, "5", hold_id="a", expires_in_s=60),
        _entry("capture_hold", wallet, "6", hold_id="a", amount="4"),
        _entry("authorize_hold", wallet, "7", sku="image", hold_id="b"),
        _entry("void_hold", wallet, "8", hold_id="b"),
        _entry("debit", wallet, "9", currency="INSPIRATION", amount="9999"),
        _entry("refund_charge", wallet, "10", charge_id="none", reason="x"),
        _entry("debit", wallet, "3", currency="INSPIRATION", amount="10.0"),
        _entry("debit", wallet, "3", currency="INSPIRATION", amount="11"),
    ]
    answer = await http.post("/v1/batch", json={"commands": commands})
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    statuses = [result["status"] for result in results]
    assert statuses == [201, 201, 201, 201, 200, 200, 201, 200, 402, 404, 201, 422]
    assert [at for at, result in enumerate(results) if result["replayed"]] == [10]
    assert results[10]["body"] == results[2]["body"]
    assert results[11]["body"]["field"] == "amount"
    single = await post(
        http, f"{wallet}/debits", {"currency": "INSPIRATION", "amount": "10"}, key="3"
    )
    assert (single.json(), single.headers["idempotency-replayed"]) == (results[2]["body"], "true")
    again = (await http.post("/v1/batch", json={"commands": commands})).json()["results"]
    assert [result["body"] for result in again] == [result["body"] for result in results]


async def test_a_batch_with_one_malformed_command_does_nothing(http: Client) -> None:
    """Refused whole, naming its index."""
    wallet = await funded(http)
    before = await state(http, wallet)
    good = _entry("debit", wallet, "g", currency="INSPIRATION", amount="1")
    wrong: list[tuple[object, str]] = [
        ({**good, "amount": "0"}, "amount-out-of-range"),
        ({**good, "currency": "CNY"}, "unknown-currency"),
        ({**good, "kind": "convert"}, "malformed"),
        ({**good, "wallet_id": "a b"}, "malformed"),
        ({**good, "idempotency_key": "a b"}, "malformed"),
        ({**good, "idempotency_key": ""}, "malformed"),
        ({**good, "extra": 1}, "malformed"),
        ({**good, "expires_in_s": 5}, "malformed"),
        ([], "malformed"),
    ]
    for bad, slug in wrong:
        answer = await http.post("/v1/batch", json={"commands": [good, bad]})
        assert problem(answer, 400, slug)["index"] == 1
    assert await state(http, wallet) == before


async def test_a_batch_has_at_most_ten_thousand_commands(http: Client) -> None:
    """10,000 are decided; one more is malformed; none is an empty answer."""
    wallet = await funded(http, "1000")
    debits = [
        _entry("debit", wallet, str(n), currency="INSPIRATION", amount="0.1") for n in range(10_001)
    ]
    problem(await http.post("/v1/batch", json={"commands": debits}), 400, "malformed")
    answer = await http.post("/v1/batch", json={"commands": debits[:10_000]})
    assert {result["status"] for result in answer.json()["results"]} == {201}
    assert await balance(http, wallet) == ("0.00", "0.00")
    assert (await http.post("/v1/batch", json={"commands": []})).json() == {"results": []}


async def test_every_answer_of_the_document_is_json_and_no_store(http: Client) -> None:
    """Probes, metrics and document need no key; answers are nobody's to keep."""
    for path in ("/livez", "/readyz", "/metrics", "/schema/openapi.json"):
        answer = await http.get(path, headers={"authorization": ""})
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"] == "no-store"
    assert json.loads((await http.get("/schema/openapi.json")).content)["openapi"] == "3.1.0"
    figures = (await http.get("/metrics")).text
    assert 'ledger_http_requests_total{method="GET",route="/livez",status="200"}' in figures
    assert "w-" not in figures


async def test_a_request_id_is_kept_if_well_formed_and_made_if_not(http: Client) -> None:
    """X-Request-Id is echoed, so that a caller finds his request in the log."""
    kept = await http.get("/livez", headers={"x-request-id": "abc-1"})
    assert kept.headers["x-request-id"] == "abc-1"
    for bad in ("", "a b", "a" * 65):
        made = await http.get("/livez", headers={"x-request-id": bad})
        assert made.headers["x-request-id"] not in {"", bad}


async def test_head_and_options_go_where_get_does(http: Client) -> None:
    """HEAD is GET without the body; OPTIONS and 405 tell what is allowed."""
    wallet = new_wallet()
    head = await http.head(wallet)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 0
    assert set((await http.options(wallet)).headers["allow"].split(", ")) == {
        *("GET", "HEAD", "OPTIONS")
    }
    for method, path in (("DELETE", wallet), ("GET", f"{wallet}/debits"), ("PURGE", "/livez")):
        refused = await http.request(method, path)
        problem(refused, 405, "method-not-allowed")
        assert refused.headers["allow"]
