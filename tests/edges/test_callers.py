"""Callers, keys and limits, over real HTTP."""

import time

import pytest

from ledger.cli.keys import add_token
from ledger.service import Ledger
from tests.edges.people import PERSON, WHY, acts
from tests.kit.http_calls import balance, funded, post, problem
from tests.kit.http_steps import called, fetched, refused
from tests.kit.keys import MakeKey, bearer, fresh
from tests.kit.serving import Client
from tests.kit.waiting import until


async def test_everybody_can_ask_who_they_are(http: Client, make_key: MakeKey) -> None:
    """Any key will do; it tells the caller, its kind, the key and what it allows."""
    name = fresh("web")
    headers = bearer(await make_key(["debit:write"], caller=name, kind="service"))
    me = (await http.get("/v1/callers/me", headers=headers)).json()
    assert me.pop("key_id").startswith("key-")
    assert me == {
        "caller": name,
        "kind": "service",
        "scopes": ["debit:write"],
        "rate_per_s": None,
        "burst": None,
    }
    assert (await fetched(http, "/v1/callers/me"))["kind"] == "development"


async def limit(http: Client, caller: str, **numbers: int) -> None:
    """Have a caller limited."""
    answer = await http.post(f"/v1/callers/{caller}/rate", json=WHY | numbers)
    assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in ("rate_per_s", "burst")} == {
        "rate_per_s": numbers.get("rate_per_s"),
        "burst": numbers.get("burst"),
    }


async def test_who_sends_too_much_is_told_when_to_come_again(
    http: Client, make_key: MakeKey
) -> None:
    """429 with Retry-After, for all keys of the caller together and for nobody else."""
    name = fresh("web")
    mine = [bearer(await make_key(["wallet:read"], caller=name, kind="service")) for _ in range(2)]
    other = bearer(await make_key(["wallet:read"], caller=fresh("app"), kind="service"))
    await limit(http, name, rate_per_s=1, burst=4)
    begun, n = time.monotonic(), 0
    for n in range(1_000):
        answer = await http.get("/v1/callers/me", headers=mine[n % 2])
        if answer.status_code != 200:
            break
        assert answer.json()["burst"] == 4
    # A second lets another one in.
    assert 4 <= n <= 5 + time.monotonic() - begun
    body = refused(answer, 429, "rate-limited")
    assert (body["caller"], body["rate_per_s"], body["burst"]) == (name, 1, 4)
    assert answer.headers["retry-after"] == str(body["retry_after_s"]) == "1"
    assert (await http.get("/v1/callers/me", headers=other)).status_code == 200

    # What is refused costs nothing: else whoever knocks on would never come in again.
    async def let_in() -> bool:
        return (await http.get("/v1/callers/me", headers=mine[0])).status_code == 200

    await until(let_in)


async def test_a_batch_counts_as_its_commands(http: Client, make_key: MakeKey) -> None:
    """One larger than the burst is let in, and waited off; lifting the limit ends the wait."""
    name = fresh("web")
    headers = bearer(await make_key(["debit:write"], caller=name, kind="service"))
    await limit(http, name, rate_per_s=10, burst=5)
    wallet = await funded(http)
    debit = {"kind": "debit", "wallet_id": called(wallet), "currency": "INSPIRATION"}
    commands = [debit | {"idempotency_key": f"{n}", "amount": "0.1"} for n in range(200)]
    answer = await post(http, "/v1/batch", {"commands": commands}, headers=headers)
    assert answer.status_code == 200
    assert {result["status"] for result in answer.json()["results"]} == {201}
    again = await post(http, "/v1/batch", {"commands": commands[:1]}, headers=headers)
    wait_s = refused(again, 429, "rate-limited")["retry_after_s"]
    # 195 too many at 10 a second, less what passed since.
    assert 0 < wait_s <= 20
    assert (await balance(http, wallet))[0] == "80.00"
    await limit(http, name)

    async def replayed() -> bool:
        answer = await post(http, "/v1/batch", {"commands": commands[:1]}, headers=headers)
        return answer.status_code == 200 and bool(answer.json()["results"][0]["replayed"])

    await until(replayed)


@pytest.mark.parametrize(
    ("caller", "numbers", "status", "slug"),
    [
        ("nobody-knows", {"rate_per_s": 1, "burst": 1}, 404, "not-found"),
        ("dev", {"rate_per_s": 1}, 400, "malformed"),
        ("dev", {"burst": 1}, 400, "malformed"),
        ("dev", {"rate_per_s": 0, "burst": 1}, 400, "malformed"),
        ("dev", {"rate_per_s": 1, "burst": 0}, 400, "malformed"),
    ],
)
async def test_a_limit_that_cannot_be_is_refused(
    http: Client, caller: str, numbers: dict[str, int], status: int, slug: str
) -> None:
    """Both numbers or none, above 0, of a caller that there is."""
    answer = await http.post(f"/v1/callers/{caller}/rate", json=WHY | numbers)
    refused(answer, status, slug)
    assert (await fetched(http, "/v1/callers/me"))["burst"] is None


async def test_a_key_is_made_rotated_and_revoked_over_the_network(
    http: Client, ann: Client
) -> None:
    """Told once, listed without itself; old and new live side by side until one is revoked."""
    name = fresh("studio")
    body = {"caller": name, "scopes": ["wallet:read"], "expires_in_s": 3_600, **WHY}
    answer = await ann.post("/v1/keys", json=body)
    assert answer.status_code == 201, answer.text
    first = answer.json()
    answer = await ann.post(f"/v1/keys/{first['key_id']}/rotate", json=WHY | {"overlap_s": 60})
    assert answer.status_code == 201, answer.text
    second = answer.json()
    assert (second["caller"], second["scopes"]) == (name, ["wallet:read"])
    for made in (first, second):
        me = await http.get("/v1/callers/me", headers=bearer(made["key"]))
        assert me.json()["key_id"] == made["key_id"]
    again = await ann.post(f"/v1/keys/{first['key_id']}/rotate", json=WHY)
    assert refused(again, 409, "key-not-rotatable")["replaced_by"] == second["key_id"]
    gone = await ann.post(f"/v1/keys/{first['key_id']}/revoke", json=WHY)
    assert gone.json()["state"] == "revoked"
    late = await http.get("/v1/callers/me", headers=bearer(first["key"]))
    problem(late, 401, "unauthenticated")
    assert (await http.get("/v1/callers/me", headers=bearer(second["key"]))).status_code == 200
    listed = await ann.get("/v1/keys", params={"caller": name})
    assert [item["key_id"] for item in listed.json()["items"]] == [
        second["key_id"],
        first["key_id"],
    ]
    assert [item["state"] for item in listed.json()["items"]] == ["in_force", "revoked"]
    assert "lk_" not in listed.text
    refused(await ann.post("/v1/keys/key-none/revoke", json=WHY), 404, "not-found")
    refused(await ann.post("/v1/keys/key-none/rotate", json=WHY), 404, "not-found")
    await keys_page_by_page(ann)


async def keys_page_by_page(ann: Client) -> None:
    """Small pages hold what one large page holds, in its order."""
    whole = [item["key_id"] for item in (await fetched(ann, "/v1/keys?limit=1000"))["items"]]
    pages, after = [], ""
    while True:
        page = await fetched(ann, f"/v1/keys?limit=2{after}")
        pages += [item["key_id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert pages == whole
    assert len(whole) > 2


async def test_nobody_becomes_another_person_over_the_network(
    http: Client, ann: Client, make_key: MakeKey
) -> None:
    """Neither by a new key, nor by another's, nor by another of one's own."""
    me = await fetched(ann, "/v1/callers/me")
    bob = fresh("bob")
    await make_key(PERSON, caller=bob, kind="person")
    theirs = (await fetched(ann, f"/v1/keys?caller={bob}"))["items"][0]["key_id"]
    for caller in (bob, me["caller"], "dev"):
        body = {"caller": caller, "scopes": ["wallet:read"], **WHY}
        refused(await ann.post("/v1/keys", json=body), 403, "forbidden")
    for scope in ("admin:approve", "admin:write", "credit:write"):
        body = {"caller": fresh("cat"), "scopes": [scope], **WHY}
        refused(await ann.post("/v1/keys", json=body), 400, "malformed")
    refused(await ann.post(f"/v1/keys/{theirs}/rotate", json=WHY), 403, "forbidden")
    own = await ann.post(f"/v1/keys/{me['key_id']}/rotate", json=WHY)
    assert own.status_code == 201, own.text
    assert own.json()["key"].startswith("lp_")
    renewed = await http.get("/v1/callers/me", headers=bearer(own.json()["key"]))
    assert renewed.json() == me | {"key_id": own.json()["key_id"]}
    bank = fresh("bank")
    await make_key(["credit:write"], caller=bank, kind="service")
    grants = (await fetched(ann, f"/v1/keys?caller={bank}"))["items"][0]["key_id"]
    refused(await ann.post(f"/v1/keys/{grants}/rotate", json=WHY), 403, "forbidden")
    robot = bearer(await make_key(["admin:write"], caller=fresh("robot"), kind="service"))
    body = {"caller": fresh("web"), "scopes": ["wallet:read"], **WHY}
    refused(await http.post("/v1/keys", json=body, headers=robot), 403, "forbidden")
    for call in ("rotate", "revoke"):
        answer = await http.post(f"/v1/keys/{theirs}/{call}", json=WHY, headers=robot)
        refused(answer, 403, "forbidden")


async def test_callers_and_keys_are_seen_by_administrators(
    http: Client, ann: Client, make_key: MakeKey
) -> None:
    """admin:write or admin:approve; who is stopped is seen too."""
    plain = bearer(await make_key(["wallet:read", "finance:read"], kind="service"))
    approver = bearer(await make_key(["admin:approve"], kind="person"))
    for path in ("/v1/callers", "/v1/keys"):
        refused(await http.get(path, headers=plain), 403, "forbidden")
        assert (await http.get(path, headers=approver)).status_code == 200
    me = await fetched(ann, "/v1/callers/me")
    items = {row["caller"]: row for row in (await fetched(ann, "/v1/callers?limit=1000"))["items"]}
    assert items["dev"]["kind"] == "development"
    assert items[me["caller"]]["kind"] == "person"
    assert not items["dev"]["stopped"]
    first = await fetched(ann, "/v1/callers?limit=1")
    second = await fetched(ann, f"/v1/callers?limit=1&after={first['next']}")
    assert [first["items"][0]["caller"], second["items"][0]["caller"]] == sorted(items)[:2]


CLOSE = WHY | {"forfeit_balance": True}


async def test_a_person_does_not_close_pay_out_or_erase_alone(
    http: Client, ann: Client, make_key: MakeKey
) -> None:
    """403, saying what to propose; a service may, and so may the one of a development ledger."""
    robot = bearer(await make_key(["admin:write"], caller=fresh("robot"), kind="service"))
    wallet = await funded(http)
    for path, body, kind, status in (
        ("erase", {}, "erase_wallet", 200),
        ("payouts", {"amount_cny": "1"}, "pay_out", 409),
        ("close", CLOSE, "close_wallet", 200),
    ):
        answer = await post(ann, f"{wallet}/{path}", body)
        refusal = refused(answer, 403, "approval-needed")
        assert refusal["kind"] == kind
        assert "/v1/proposals" in refusal["detail"]
        if path == "close":
            assert (await balance(http, wallet))[0] == "100.00"
        answer = await post(http, f"{wallet}/{path}", body, headers=robot)
        assert answer.status_code == status, answer.text
    tried = await acts(http, subject=called(wallet))
    assert [(act["operation"], act["outcome"]) for act in tried] == [
        ("closeWallet", 200),
        ("closeWallet", 403),
        ("payOut", 409),
        ("payOut", 403),
        ("eraseWallet", 200),
        ("eraseWallet", 403),
    ]


async def test_the_last_use_of_a_key_is_listed(alone: Client, ledger: Ledger) -> None:
    """Null until the first; it is written soon after that, beside the request."""
    async with ledger.reading() as connection:
        await add_token(connection, ("key-idle", "idle", "n" * 32, ["wallet:read"], None))

    async def uses() -> dict[str, str | None]:
        items = (await fetched(alone, "/v1/keys"))["items"]
        return {item["caller"]: item["last_used_at"] for item in items}

    async def written_down() -> bool:
        return (await uses())["alone"] is not None

    await until(written_down)
    assert (await uses())["idle"] is None
