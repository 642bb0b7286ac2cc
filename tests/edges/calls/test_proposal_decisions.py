"""Decisions on proposals over HTTP: taken once and in time, whoever sends them how often."""

import asyncio
from typing import Any

from ledger.service import Ledger
from tests.edges.calls.proposing import PERSON, People, adjusting
from tests.kit.databases import Database
from tests.kit.http_calls import Response, balance, new_wallet, post
from tests.kit.http_steps import done, fetched, refused
from tests.kit.keys import add_key
from tests.kit.serving import Client, client_within


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
        firsts = [answer for answer in taken if "idempotency-replayed" not in answer.headers]
        assert len(firsts) == 1
        assert len({answer.json()["decided_by"] for answer in taken}) == 1
        final = await fetched(people.cy, path.replace("adjustments", "proposals"))
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
        decided = await done(who, f"{path}/{verdict}", {"reason": "wrong wallet"}, 200)
        assert decided["decision_reason"] == "wrong wallet"
        refused(await post(others, f"{path}/approve"), 409, "proposal-not-open")
        again = await done(who, f"{path}/{verdict}", None, 200)
        assert again == decided
    assert await balance(http, wallet) == ("0.00", "0.00")


async def test_an_expired_proposal_is_told_as_expired_and_never_approved(
    ledger: Ledger, database: Database, owner: Any
) -> None:
    """In real time, whatever the development clock says."""
    clients = [
        client_within(ledger, await add_key(database.url, PERSON, caller=name, kind="person"))
        for name in ("ann", "bob")
    ]
    ann, bob = clients
    wallet = new_wallet()
    path = (await adjusting(ann, wallet, valid_for_s=60)).replace("adjustments", "proposals")
    await ledger.clock.advance(3_600 * 10**6)
    assert (await fetched(bob, path))["status"] == "open"
    await owner.execute(
        "UPDATE proposals SET proposed_at = proposed_at - interval '60 s', "
        "expires_at = expires_at - interval '60 s'"
    )
    assert (await fetched(bob, path))["status"] == "expired"
    answers: list[Response] = [
        await post(bob, f"{path}/approve"),
        await post(bob, f"{path}/reject"),
        await post(ann, f"{path}/withdraw"),
    ]
    for answer in answers:
        assert refused(answer, 409, "proposal-expired")["proposal_status"] == "expired"
    refused(await post(ann, f"{path}/approve"), 403, "forbidden")
    assert (await fetched(bob, "/v1/proposals?status=expired"))["items"][0]["status"] == "expired"
    assert (await fetched(bob, "/v1/proposals?status=waiting"))["items"] == []
    assert await balance(ann, wallet) == ("0.00", "0.00")
    for person in clients:
        await person.aclose()
