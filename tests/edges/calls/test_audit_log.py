"""The audit list: what administrators did, and what came of it."""

import asyncio
from typing import Any

from ledger.service import Ledger
from tests.edges.people import WHY, acts
from tests.kit.databases import until_somebody_waits
from tests.kit.http_calls import new_wallet, post, problem
from tests.kit.http_steps import called, fetched, refused
from tests.kit.keys import MakeKey, bearer, fresh
from tests.kit.serving import Client


async def test_what_administrators_do_is_listed_without_what_they_say_of_people(
    http: Client, ann: Client
) -> None:
    """Who, what, to whom, by which key and request, and what came of it; newest first, paged."""
    me = await fetched(ann, "/v1/callers/me")
    wallet = new_wallet()
    answer = await post(ann, f"{wallet}/freeze", {"reason": "hears voices"}, key="freeze-1")
    assert answer.status_code == 200
    body = {"currency": "KUAIBI", "day": "5", "reason": "hears voices"}
    assert (await post(ann, f"{wallet}/limits", body)).status_code == 200
    await post(ann, f"{wallet}/limits", body | {"currency": "EUR"})
    listed = await acts(http, actor=me["caller"])
    assert [(act["operation"], act["subject"], act["outcome"]) for act in listed] == [
        ("setLimit", called(wallet), 400),
        ("setLimit", called(wallet), 200),
        ("freezeWallet", called(wallet), 200),
    ]
    first = listed[-1]
    assert first["detail"] == {"idempotency_key": "freeze-1", "key_id": me["key_id"]}
    assert first["request_id"] == answer.headers["x-request-id"]
    assert first["at"] <= first["outcome_at"]
    assert listed[1]["detail"]["day"] == "5"
    assert "voices" not in str(listed)
    page = await fetched(http, f"/v1/acts?actor={me['caller']}&limit=2")
    next_page = await fetched(http, f"/v1/acts?actor={me['caller']}&limit=2&after={page['next']}")
    assert page["items"] + next_page["items"] == listed
    assert next_page["next"] is None
    assert await acts(http, actor=me["caller"], operation="freezeWallet") == [first]


async def test_the_reason_for_a_key_or_a_switch_is_kept(http: Client, ann: Client) -> None:
    """It is about callers, not about a user, and it is nowhere else."""
    name = fresh("web")
    body = {"caller": name, "scopes": ["wallet:read"], "reason": "the new studio"}
    assert (await ann.post("/v1/keys", json=body)).status_code == 201
    (act,) = await acts(http, subject=name)
    assert act["detail"]["reason"] == "the new studio"
    assert act["detail"]["scopes"] == ["wallet:read"]
    switch = {"kind": "caller", "name": name, "stopped": False, "reason": "found harmless"}
    assert (await ann.post("/v1/switches", json=switch)).status_code == 200
    (act,) = await acts(http, subject=f"caller:{name}")
    assert act["detail"]["reason"] == "found harmless"


async def test_grants_of_people_are_acts_and_those_of_programs_are_not(
    http: Client, ann: Client, make_key: MakeKey
) -> None:
    """Also where they come in a batch, which is listed by the number of its commands."""
    me = await fetched(ann, "/v1/callers/me")
    robot = fresh("robot")
    headers = bearer(await make_key(["credit:write"], caller=robot, kind="service"))
    grant = {"currency": "KUAIBI", "amount": "1", "source": "promotional", "reason": "sorry, Bo"}
    wallet = new_wallet()
    batched = {"kind": "grant", "idempotency_key": "g", "wallet_id": called(wallet), **grant}
    for who in (None, headers):
        answer = await post(ann, f"{wallet}/grants", grant, headers=who)
        assert answer.status_code == 201, answer.text
        answer = await post(ann, "/v1/batch", {"commands": [batched]}, headers=who)
        assert answer.json()["results"][0]["status"] == 201
    listed = await acts(http, actor=me["caller"])
    assert [(act["operation"], act["outcome"]) for act in listed] == [
        ("batch", 200),
        ("grant", 201),
    ]
    assert listed[0]["detail"]["commands"] == 1
    assert "Bo" not in str(listed)
    assert await acts(http, actor=robot) == []


async def test_the_audit_list_is_for_administrators_and_finance(
    http: Client, make_key: MakeKey
) -> None:
    """Whoever may change things, approve them or check the books."""
    for scope in ("admin:write", "admin:approve", "finance:read"):
        headers = bearer(await make_key([scope]))
        assert (await http.get("/v1/acts?limit=1", headers=headers)).status_code == 200
    headers = bearer(await make_key(["wallet:read", "credit:write", "debit:write", "order:write"]))
    refused(await http.get("/v1/acts", headers=headers), 403, "forbidden")


async def test_an_act_that_cannot_be_written_is_not_done(
    alone: Client, owner: Any, ledger: Ledger
) -> None:
    """503: rather nothing is done than something unseen; what needs no act goes on."""
    await owner.execute("REVOKE INSERT ON acts FROM ledger_service")
    answer = await post(alone, "/v1/wallets/w/freeze", WHY)
    refused(answer, 503, "database-unavailable")
    assert not (await ledger.wallets.read("w")).wallet.frozen
    assert (await alone.get("/v1/wallets/w")).status_code == 200
    await owner.execute("GRANT INSERT ON acts TO ledger_service")
    assert (await post(alone, "/v1/wallets/w/freeze", WHY)).status_code == 200
    assert (await ledger.wallets.read("w")).wallet.frozen


async def test_an_act_that_breaks_off_has_no_outcome(alone: Client, owner: Any) -> None:
    """What nobody saw the end of is listed as that, for ever; a bug is a 500."""
    async with owner.transaction():
        await owner.execute("SELECT * FROM shards FOR UPDATE")
        freezing = asyncio.create_task(post(alone, "/v1/wallets/w/freeze", WHY))
        await until_somebody_waits(owner)
        freezing.cancel()
        await asyncio.gather(freezing, return_exceptions=True)
    (act,) = await acts(alone)
    assert (act["operation"], act["outcome"], act["outcome_at"]) == ("freezeWallet", None, None)
    await owner.execute("ALTER TABLE api_keys RENAME COLUMN label TO gone")
    problem(await alone.post("/v1/keys/key-none/revoke", json=WHY), 500, "internal-error")
    assert (await acts(alone))[0]["outcome"] == 500


async def test_of_two_people_each_has_a_name(http: Client, ann: Client) -> None:
    """Acts name the caller, not the key: two keys of one person are one person."""
    me = await fetched(ann, "/v1/callers/me")
    own = await ann.post(f"/v1/keys/{me['key_id']}/rotate", json=WHY)
    wallet = new_wallet()
    assert (await post(ann, f"{wallet}/freeze", WHY)).status_code == 200
    second = bearer(own.json()["key"])
    assert (await post(http, f"{wallet}/unfreeze", WHY, headers=second)).status_code == 200
    assert {act["actor"] for act in await acts(http, subject=called(wallet))} == {me["caller"]}
