"""Four eyes over HTTP: people with keys, and everything that one of them might try alone."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import pytest
from msgspec import Struct

from ledger.cli.keys import add_token
from ledger.http.app import create_app
from ledger.service import Ledger
from ledger.store.pool import connect_service
from tests.conftest import Database, MakeKey, Served
from tests.edges.callers import Client, Response, balance, funded, new_wallet, post, state
from tests.edges.contract import WHY, Body, called, done, eventually, holding, refused, told

PERSON = ("wallet:read", "admin:write", "admin:approve")
WORDS = {"reason": "three renders failed", "evidence": "https://tickets.example/4711\nseen"}


class People(Struct, frozen=True):
    """A client for each of three people, by name."""

    ann: Client
    bob: Client
    cy: Client


@asynccontextmanager
async def client(url: str, token: str) -> AsyncIterator[Client]:
    """A client of the live service with a key."""
    headers = {"authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=30) as found:
        yield found


async def hired(make_key: MakeKey, *scopes: str, name: str = "") -> tuple[str, str]:
    """A person of a name of their own, unless one is given, and a key of theirs."""
    name = name or f"person-{uuid.uuid4().hex[:8]}"
    return name, await make_key(scopes or PERSON, caller=name, kind="person")


@pytest.fixture
async def people(served: Served, make_key: MakeKey) -> AsyncIterator[People]:
    """Three people who may propose and approve."""
    tokens = [(await hired(make_key))[1] for _ in range(3)]
    async with (
        client(served.url, tokens[0]) as ann,
        client(served.url, tokens[1]) as bob,
        client(served.url, tokens[2]) as cy,
    ):
        yield People(ann, bob, cy)


def correction(wallet: str, amount: str = "50", direction: str = "credit", **more: Any) -> Body:
    """An adjustment."""
    body = {"direction": direction, "currency": "INSPIRATION", "amount": amount}
    return {"wallet_id": called(wallet)} | body | WORDS | more


async def adjusting(http: Client, wallet: str, **more: Any) -> str:
    """The path of a proposed adjustment."""
    proposal = await done(http, "/v1/adjustments", correction(wallet, **more), 201)
    return f"/v1/adjustments/{proposal['proposal_id']}"


async def outcome(http: Client, path: str, verdict: str = "approve") -> Body:
    """The proposal after a decision that must be taken."""
    return await done(http, f"{path}/{verdict}", None, 200)


async def test_an_adjustment_takes_one_person_to_propose_and_another_to_approve(
    people: People, http: Client
) -> None:
    """Nothing happens before; then once, and everybody can see who did it and why."""
    wallet = new_wallet()
    key, body = uuid.uuid4().hex, correction(wallet, "50.5", source="promotional")
    first = await post(people.ann, "/v1/adjustments", body, key=key)
    assert first.status_code == 201, first.text
    proposal = first.json()
    me, other = [(await told(one, "/v1/callers/me"))["caller"] for one in (people.ann, people.bob)]
    assert (proposal["status"], proposal["proposed_by"], proposal["outcome"]) == ("open", me, None)
    assert {name: proposal[name] for name in WORDS} == WORDS
    assert proposal["command"] == {
        "kind": "adjustment",
        "direction": "credit",
        "currency": "INSPIRATION",
        "amount": "50.50",
        "source": "promotional",
        "expires_at": None,
        "lot_id": None,
        "include_paid": None,
    }
    again = await post(people.ann, "/v1/adjustments", body | {"amount": "50.50"}, key=key)
    assert (again.status_code, again.json()) == (201, proposal)
    assert again.headers["idempotency-replayed"] == "true"
    path = f"/v1/proposals/{proposal['proposal_id']}"
    assert await told(people.bob, path) == proposal
    assert await balance(http, wallet) == ("0.00", "0.00")
    approved = await done(people.bob, f"{path}/approve", {"reason": "seen"}, 200)
    assert (approved["status"], approved["decided_by"]) == ("done", other)
    assert approved["decision_reason"] == "seen"
    assert approved["outcome"]["status"] == 201
    made = approved["outcome"]["body"]
    assert (made["proposed_by"], made["approved_by"], made["amount"]) == (me, other, "50.50")
    assert made["proposal_id"] == proposal["proposal_id"]
    assert await balance(http, wallet) == ("50.50", "0.00")
    assert await told(people.cy, path) == approved
    (entry,) = (await told(http, f"{wallet}/entries"))["items"]
    assert (entry["type"], entry["amount"], entry["caller"], entry["reason"]) == (
        "balance_adjusted",
        "50.50",
        f"approval:{other}",
        WORDS["reason"],
    )


@pytest.mark.parametrize("verdict", ["approve", "reject"])
async def test_two_keys_of_one_person_are_one_person(
    served: Served, make_key: MakeKey, http: Client, verdict: str
) -> None:
    """A second key, one with the other scope only, or a rotated one: none decides on their own."""
    name, writes = await hired(make_key, "admin:write")
    approves = await make_key(("admin:approve",), caller=name, kind="person")
    does_both = await make_key(PERSON, caller=name, kind="person")
    wallet = new_wallet()
    async with client(served.url, writes) as ann, client(served.url, does_both) as also_ann:
        path = await adjusting(ann, wallet)
        refused(await post(ann, f"{path}/{verdict}"), 403, "forbidden")
        me = await told(also_ann, "/v1/callers/me")
        body = {"reason": "laptop lost", "overlap_s": 3_600}
        rotated = await done(also_ann, f"/v1/keys/{me['key_id']}/rotate", body, 201)
    for token in (approves, does_both, rotated["key"]):
        async with client(served.url, token) as myself:
            for at in (path, path.replace("adjustments", "proposals")):
                refusal = refused(await post(myself, f"{at}/{verdict}"), 403, "forbidden")
                assert refusal["proposed_by"] == name
    assert await balance(http, wallet) == ("0.00", "0.00")


async def test_a_service_neither_proposes_nor_decides(
    people: People, served: Served, make_key: MakeKey
) -> None:
    """Nobody answers for what it does; the database gives it no key that could."""
    with pytest.raises(asyncpg.CheckViolationError):
        await make_key(("admin:approve",), kind="service")
    path = await adjusting(people.ann, new_wallet())
    token = await make_key(("admin:write",), kind="service")
    async with client(served.url, token) as service:
        for at, body in (
            ("/v1/adjustments", correction(new_wallet())),
            (f"{path}/approve", None),
            (f"{path}/reject", None),
            (f"{path.replace('adjustments', 'proposals')}/withdraw", None),
        ):
            refused(await post(service, at, body), 403, "forbidden")
    assert (await outcome(people.bob, path))["status"] == "done"


@pytest.mark.parametrize(
    "direct",
    [
        ("close", WHY | {"forfeit_balance": True}, "close_wallet"),
        ("payouts", {"amount_cny": "1"}, "pay_out"),
        ("erase", {}, "erase_wallet"),
    ],
    ids=lambda direct: direct[0],
)
async def test_a_person_does_alone_nothing_that_takes_two(
    people: People, served: Served, make_key: MakeKey, http: Client, direct: tuple[str, Body, str]
) -> None:
    """The direct call is refused and says how; a service may still make it."""
    call, body, kind = direct
    wallet = await funded(http)
    before = await state(http, wallet)
    refusal = refused(await post(people.ann, f"{wallet}/{call}", body), 403, "approval-needed")
    assert refusal["kind"] == kind
    assert await state(http, wallet) == before
    token = await make_key(("admin:write",), kind="service")
    async with client(served.url, token) as service:
        answer = await post(service, f"{wallet}/{call}", body)
    # Nothing is payable to the wallet, so the ledger itself refuses a payout: it was asked.
    assert answer.status_code == (409 if call == "payouts" else 200), answer.text


async def test_what_takes_two_is_done_by_two(people: People, http: Client) -> None:
    """A payout, a closing and an erasure; what the ledger refuses is told to who approved it."""
    creator, giver = new_wallet(), await holding(http, 10)
    tip = {"to_wallet_id": called(creator), "currency": "KUAIBI", "amount": "10"}
    await done(http, f"{giver}/transfers", tip, 201)
    await eventually(lambda: state(http, creator), lambda found: found["payable_fen"] == 50)
    on = {"wallet_id": called(creator)} | WHY

    async def both(body: Body) -> Body:
        proposal = await done(people.ann, "/v1/proposals", on | body, 201)
        return await outcome(people.bob, f"/v1/proposals/{proposal['proposal_id']}")

    too_early = await both({"kind": "close_wallet"})
    assert (too_early["status"], too_early["outcome"]["status"]) == ("refused", 409)
    assert too_early["outcome"]["body"]["type"].endswith("/wallet-not-empty")
    paid = await both({"kind": "pay_out", "amount_cny": "0.5", "tax_withheld_cny": "0.1"})
    assert paid["outcome"]["status"] == 201
    assert paid["command"]["tax_withheld_cny"] == "0.10"
    assert (await state(http, creator))["payable_fen"] == 0
    erased = await both({"kind": "erase_wallet", "evidence": "letter of 3 May"})
    assert erased["outcome"] == {"status": 200, "body": erased["outcome"]["body"]}
    assert erased["outcome"]["body"]["wallet_id"] == called(creator)
    assert (await both({"kind": "close_wallet"}))["status"] == "done"
    assert (await state(http, creator))["status"] == "closed"
    old = await told(people.cy, f"/v1/proposals/{paid['proposal_id']}")
    assert (old["reason"], old["status"]) == (None, "done"), "the texts of the wallet were erased"


async def test_approving_again_changes_nothing(people: People, http: Client) -> None:
    """Under the same key or another it is told how it stands; whoever else comes is too late."""
    wallet = new_wallet()
    path = await adjusting(people.ann, wallet)
    first = await post(people.bob, f"{path}/approve", {"reason": "seen"}, key="a")
    for key in ("a", "b"):
        again = await post(people.bob, f"{path}/approve", {"reason": "seen"}, key=key)
        assert (again.status_code, again.json()) == (200, first.json())
        assert again.headers["idempotency-replayed"] == "true"
    for body in ({"reason": "another"}, None):
        reused = await post(people.bob, f"{path}/approve", body, key="a")
        assert refused(reused, 422, "idempotency-key-reused")["field"] == "reason"
    reused = await post(people.bob, f"{path}/reject", {"reason": "seen"}, key="a")
    assert refused(reused, 422, "idempotency-key-reused")["field"] == "kind"
    for late, verdict in ((people.bob, "reject"), (people.cy, "approve"), (people.cy, "reject")):
        refusal = refused(await post(late, f"{path}/{verdict}"), 409, "proposal-not-open")
        assert refusal["proposal_status"] == "done"
    assert await balance(http, wallet) == ("50.00", "0.00")


async def test_approvals_and_rejections_at_once_are_one_decision(
    people: People, http: Client
) -> None:
    """Twenty requests of three people, the proposer's among them: one effect at most."""
    for _ in range(3):
        wallet = new_wallet()
        path = await adjusting(people.ann, wallet)
        withdraw = f"{path.replace('adjustments', 'proposals')}/withdraw"
        calls = [
            *((people.bob, f"{path}/approve") for _ in range(7)),
            *((people.cy, f"{path}/approve") for _ in range(7)),
            *((people.cy, f"{path}/reject") for _ in range(3)),
            *((people.ann, f"{path}/approve") for _ in range(2)),
            (people.ann, withdraw),
        ]
        answers = await asyncio.gather(*(post(who, at) for who, at in calls))
        assert {answer.status_code for answer in answers} <= {200, 403, 409}
        taken = [answer for answer in answers if answer.status_code == 200]
        firsts = [one for one in taken if "idempotency-replayed" not in one.headers]
        assert len(firsts) == 1
        assert len({one.json()["decided_by"] for one in taken}) == 1
        final = await told(people.cy, path.replace("adjustments", "proposals"))
        paid = "50.00" if final["status"] == "done" else "0.00"
        assert final["status"] in {"done", "rejected", "withdrawn"}
        assert await balance(http, wallet) == (paid, "0.00")


async def test_a_rejected_and_a_withdrawn_proposal_are_over(people: People, http: Client) -> None:
    """Nobody approves them any more; only its proposer withdraws one."""
    wallet = new_wallet()
    for who, verdict, others in (
        (people.bob, "reject", people.cy),
        (people.ann, "withdraw", people.bob),
    ):
        path = (await adjusting(people.ann, wallet)).replace("adjustments", "proposals")
        if verdict == "withdraw":
            refused(await post(others, f"{path}/withdraw"), 403, "forbidden")
        found = await done(who, f"{path}/{verdict}", {"reason": "wrong wallet"}, 200)
        assert found["decision_reason"] == "wrong wallet"
        refused(await post(others, f"{path}/approve"), 409, "proposal-not-open")
        again = await done(who, f"{path}/{verdict}", None, 200)
        assert again == found
    assert await balance(http, wallet) == ("0.00", "0.00")


BAD: list[tuple[Body, str, str]] = [
    ({"currency": "CNY"}, "unknown-currency", "currency"),
    ({"amount": "0"}, "amount-out-of-range", "amount"),
    ({"amount": "1.001"}, "malformed", "amount"),
    ({"direction": "sideways"}, "malformed", "direction"),
    ({"direction": "debit", "source": "promotional"}, "malformed", "source"),
    ({"direction": "debit", "expires_at": "2099-01-01T00:00:00Z"}, "malformed", "expires_at"),
    ({"lot_id": "lot-1"}, "malformed", "lot_id"),
    ({"include_paid": False}, "malformed", "include_paid"),
    ({"source": "purchased"}, "malformed", "source"),
    ({"valid_for_s": 59}, "expiry-out-of-range", "valid_for_s"),
    ({"valid_for_s": 604_801}, "expiry-out-of-range", "valid_for_s"),
    ({"valid_for_s": 10**30}, "expiry-out-of-range", "valid_for_s"),
    ({"evidence": ""}, "malformed", "evidence"),
    ({"evidence": "x" * 2_001}, "malformed", "evidence"),
    ({"evidence": "a\x00b"}, "malformed", "evidence"),
    ({"evidence": None}, "malformed", "evidence"),
    ({"reason": "a\nb"}, "malformed", "reason"),
    ({"wallet_id": "a b"}, "malformed", "wallet_id"),
    ({"proposed_by": "bob"}, "malformed", "proposed_by"),
    ({"approved_by": "bob"}, "malformed", "approved_by"),
]


@pytest.mark.parametrize(("change", "slug", "field"), BAD)
async def test_what_is_not_well_formed_is_no_proposal(
    people: People, change: Body, slug: str, field: str
) -> None:
    """By either call; nobody can say who proposes or approves."""
    wallet = new_wallet()
    body = correction(wallet) | change
    for path, more in (("/v1/adjustments", {}), ("/v1/proposals", {"kind": "adjustment"})):
        answer = await post(people.ann, path, body | more)
        found = refused(answer, 400, slug)
        assert field in str(found.get("field", found["detail"])), found
    listed = await told(people.ann, f"/v1/proposals?wallet_id={called(wallet)}")
    assert listed["items"] == []


async def test_a_proposal_of_no_known_kind_and_without_a_key_is_refused(people: People) -> None:
    """As any call; the key's scope is the person and the wallet."""
    body = {"wallet_id": "w"} | WHY
    for kind in ("freeze", "Adjustment", None, 1):
        refused(await post(people.ann, "/v1/proposals", body | {"kind": kind}), 400, "malformed")
    keyless = await people.ann.post("/v1/adjustments", json=correction(new_wallet()))
    assert refused(keyless, 400, "malformed")["field"] == "idempotency-key"
    wallet, other = new_wallet(), new_wallet()
    await done(people.ann, "/v1/adjustments", correction(wallet), 201, key="k")
    await done(people.ann, "/v1/adjustments", correction(other), 201, key="k")
    await done(people.bob, "/v1/adjustments", correction(wallet), 201, key="k")
    changed = await post(people.ann, "/v1/adjustments", correction(wallet, "51"), key="k")
    assert refused(changed, 422, "idempotency-key-reused")["field"] == "amount"


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
    async with client(served.url, token) as service:
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
        found: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            after = f"&after={cursor}" if cursor else ""
            page = await told(who, f"/v1/proposals?wallet_id={wallet_id}&limit=2{query}{after}")
            found += [names.index(item["proposal_id"]) for item in page["items"]]
            cursor = page["next"]
        return found

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
    proposed = (await told(people.ann, f"/v1/acts?subject={called(wallet)}"))["items"]
    decided = (await told(people.ann, f"/v1/acts?subject={name}"))["items"]
    names = [
        (await told(one, "/v1/callers/me"))["caller"] for one in (people.ann, people.bob, people.cy)
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


async def test_an_expired_proposal_is_told_as_expired_and_never_approved(
    ledger: Ledger, database: Database, owner: Any
) -> None:
    """In real time, whatever the development clock says."""
    connection = await connect_service(database.url)
    for name in ("ann", "bob"):
        row = (f"key-{name}", name, f"token-of-{name}-{'x' * 24}", list(PERSON), None)
        await add_token(connection, row, "person")
    await connection.close()
    app: Any = create_app(ledger)
    clients = [
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app),
            base_url="http://ledger",
            headers={"authorization": f"Bearer token-of-{name}-{'x' * 24}"},
        )
        for name in ("ann", "bob")
    ]
    ann, bob = clients
    wallet = new_wallet()
    path = (await adjusting(ann, wallet, valid_for_s=60)).replace("adjustments", "proposals")
    await ledger.clock.advance(3_600 * 10**6)
    assert (await told(bob, path))["status"] == "open"
    await owner.execute(
        "UPDATE proposals SET proposed_at = proposed_at - interval '60 s', "
        "expires_at = expires_at - interval '60 s'"
    )
    assert (await told(bob, path))["status"] == "expired"
    answers: list[Response] = [
        await post(bob, f"{path}/approve"),
        await post(bob, f"{path}/reject"),
        await post(ann, f"{path}/withdraw"),
    ]
    for answer in answers:
        assert refused(answer, 409, "proposal-expired")["proposal_status"] == "expired"
    refused(await post(ann, f"{path}/approve"), 403, "forbidden")
    assert (await told(bob, "/v1/proposals?status=expired"))["items"][0]["status"] == "expired"
    assert (await told(bob, "/v1/proposals?status=waiting"))["items"] == []
    assert await balance(ann, wallet) == ("0.00", "0.00")
    for one in clients:
        await one.aclose()
