"""Four eyes over HTTP: people with keys, and everything that one of them might try alone."""

import uuid

import asyncpg
import pytest

from tests.edges.calls.proposing import (
    PERSON,
    WORDS,
    People,
    adjusting,
    correction,
    hired,
    outcome,
)
from tests.kit.http_calls import balance, funded, new_wallet, post, state
from tests.kit.http_steps import WHY, Body, called, done, eventually, fetched, holding, refused
from tests.kit.keys import MakeKey
from tests.kit.serving import Client, Served, client_of


async def test_an_adjustment_takes_one_person_to_propose_and_another_to_approve(
    people: People, http: Client
) -> None:
    """Nothing happens before; then once, and everybody can see who did it and why."""
    wallet = new_wallet()
    key, body = uuid.uuid4().hex, correction(wallet, "50.5", source="promotional")
    first = await post(people.ann, "/v1/adjustments", body, key=key)
    assert first.status_code == 201, first.text
    proposal = first.json()
    me, other = [
        (await fetched(person, "/v1/callers/me"))["caller"] for person in (people.ann, people.bob)
    ]
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
    assert await fetched(people.bob, path) == proposal
    assert await balance(http, wallet) == ("0.00", "0.00")
    approved = await done(people.bob, f"{path}/approve", {"reason": "seen"}, 200)
    assert (approved["status"], approved["decided_by"]) == ("done", other)
    assert approved["decision_reason"] == "seen"
    assert approved["outcome"]["status"] == 201
    made = approved["outcome"]["body"]
    assert (made["proposed_by"], made["approved_by"], made["amount"]) == (me, other, "50.50")
    assert made["proposal_id"] == proposal["proposal_id"]
    assert await balance(http, wallet) == ("50.50", "0.00")
    assert await fetched(people.cy, path) == approved
    (entry,) = (await fetched(http, f"{wallet}/entries"))["items"]
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
    async with client_of(served, writes) as ann, client_of(served, does_both) as also_ann:
        path = await adjusting(ann, wallet)
        refused(await post(ann, f"{path}/{verdict}"), 403, "forbidden")
        me = await fetched(also_ann, "/v1/callers/me")
        body = {"reason": "laptop lost", "overlap_s": 3_600}
        rotated = await done(also_ann, f"/v1/keys/{me['key_id']}/rotate", body, 201)
    for token in (approves, does_both, rotated["key"]):
        async with client_of(served, token) as myself:
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
    async with client_of(served, token) as service:
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
    async with client_of(served, token) as service:
        answer = await post(service, f"{wallet}/{call}", body)
    # Nothing is payable to the wallet, so the ledger itself refuses a payout: it was asked.
    assert answer.status_code == (409 if call == "payouts" else 200), answer.text


async def test_what_takes_two_is_done_by_two(people: People, http: Client) -> None:
    """A payout, a closing and an erasure; what the ledger refuses is told to who approved it."""
    creator, giver = new_wallet(), await holding(http, 10)
    tip = {"to_wallet_id": called(creator), "currency": "KUAIBI", "amount": "10"}
    await done(http, f"{giver}/transfers", tip, 201)
    await eventually(lambda: state(http, creator), lambda body: body["payable_fen"] == 50)
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
    old = await fetched(people.cy, f"/v1/proposals/{paid['proposal_id']}")
    assert (old["reason"], old["status"]) == (None, "done"), "the texts of the wallet were erased"


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
        refusal = refused(answer, 400, slug)
        assert field in str(refusal.get("field", refusal["detail"])), refusal
    listed = await fetched(people.ann, f"/v1/proposals?wallet_id={called(wallet)}")
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
