"""Proposals as they are read over HTTP: by whom, in which lists, and in the audit list."""

from tests.edges.calls.proposing import WORDS, People, adjusting, outcome
from tests.kit.http_calls import balance, new_wallet, post
from tests.kit.http_steps import WHY, called, done, fetched, refused
from tests.kit.keys import MakeKey
from tests.kit.serving import Client, Served, client_of


async def test_only_those_concerned_see_proposals(
    people: People, served: Served, make_key: MakeKey
) -> None:
    """And what is no adjustment is none of that call's."""
    for at in ("/v1/proposals/nobody", "/v1/proposals/prop-0"):
        refused(await people.ann.get(at), 404, "not-found")
    body = {"kind": "erase_wallet", "wallet_id": "w"} | WHY
    proposal = await done(people.ann, "/v1/proposals", body, 201)
    name = proposal["proposal_id"]
    refused(await post(people.bob, f"/v1/adjustments/{name}/approve"), 404, "not-found")
    refused(await post(people.bob, "/v1/proposals/prop-0/approve"), 404, "not-found")
    token = await make_key(("wallet:read", "credit:write", "finance:read"), kind="service")
    async with client_of(served, token) as service:
        for answer in (
            await service.get("/v1/proposals"),
            await service.get(f"/v1/proposals/{name}"),
            await post(service, f"/v1/proposals/{name}/approve"),
            await post(service, "/v1/proposals", body),
        ):
            refused(answer, 403, "forbidden")
    await outcome(people.ann, f"/v1/proposals/{name}", "withdraw")


async def test_lists_come_in_pages_and_waiting_has_other_peoples_first(
    people: People, http: Client
) -> None:
    """Every page goes on where the last one ended."""
    wallet = new_wallet()
    wallet_id = called(wallet)
    clients = (people.ann, people.bob)
    paths = [await adjusting(clients[number % 2], wallet) for number in range(5)]
    names = [path.rsplit("/", 1)[1] for path in paths]
    await outcome(people.ann, paths[3])

    async def listed(who: Client, query: str) -> list[int]:
        numbers: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            after = f"&after={cursor}" if cursor else ""
            page = await fetched(who, f"/v1/proposals?wallet_id={wallet_id}&limit=2{query}{after}")
            numbers += [names.index(item["proposal_id"]) for item in page["items"]]
            cursor = page["next"]
        return numbers

    assert await listed(people.ann, "") == [4, 2, 1, 0, 3]
    assert await listed(people.ann, "&status=waiting") == [1, 4, 2, 0]
    assert await listed(people.bob, "&status=waiting") == [4, 2, 0, 1]
    assert await listed(people.cy, "&status=open") == [4, 2, 1, 0]
    assert await listed(people.cy, "&status=done") == [3]
    for query in ("status=closed", "after=x", "after=W10", "limit=0", "by=ann"):
        refused(await people.ann.get(f"/v1/proposals?{query}"), 400, "malformed")
    assert await balance(http, wallet) == ("50.00", "0.00")


async def test_every_step_is_in_the_audit_list(people: People) -> None:
    """Who proposed, tried and decided, with what came of it, and without what people wrote."""
    wallet = new_wallet()
    path = (await adjusting(people.ann, wallet)).replace("adjustments", "proposals")
    await post(people.ann, f"{path}/approve")
    await outcome(people.bob, path)
    await post(people.cy, f"{path}/reject")
    name = path.rsplit("/", 1)[1]
    proposed = (await fetched(people.ann, f"/v1/acts?subject={called(wallet)}"))["items"]
    decided = (await fetched(people.ann, f"/v1/acts?subject={name}"))["items"]
    names = [
        (await fetched(person, "/v1/callers/me"))["caller"]
        for person in (people.ann, people.bob, people.cy)
    ]
    assert [(act["actor"], act["operation"], act["outcome"]) for act in proposed] == [
        (names[0], "proposeAdjustment", 201)
    ]
    assert [(act["actor"], act["operation"], act["outcome"]) for act in decided] == [
        (names[2], "rejectProposal", 409),
        (names[1], "approveProposal", 200),
        (names[0], "approveProposal", 403),
    ]
    assert WORDS["reason"] not in str(proposed)
