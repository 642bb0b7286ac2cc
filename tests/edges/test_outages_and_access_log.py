"""What surrounds every request: shutting down, outages, bugs, and the access log."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from ledger.access.callers import SCOPES, Caller
from ledger.core.batch import Done
from ledger.engine import CommandFailed, Unavailable
from ledger.http.app import create_app
from ledger.service import Ledger
from tests.kit.http_calls import post, problem
from tests.kit.serving import Client, client_within

KEY = "key-0123456789abcdef0123456789abcdef"
WALLET = "/v1/wallets/w"
GOOD = {"currency": "INSPIRATION", "amount": "1"}


@pytest.fixture
async def inside(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """A client of an application in this process, so that its service can be made to fail."""
    monkeypatch.setattr(ledger.callers, "cached", lambda _: Caller("tester", SCOPES))
    async with client_within(ledger, KEY) as client:
        yield client


async def test_a_service_that_shuts_down_refuses_and_closes(inside: Client, ledger: Ledger) -> None:
    """503 with Connection: close; the process still lives and tells its figures."""
    ledger.readiness.draining = True
    for path in (WALLET, "/readyz", "/nowhere"):
        answer = await inside.get(path)
        problem(answer, 503, "shutting-down")
        assert answer.headers["connection"] == "close"
        assert int(answer.headers["retry-after"]) >= 1
    problem(await post(inside, f"{WALLET}/debits", GOOD), 503, "shutting-down")
    for path in ("/livez", "/metrics"):
        assert (await inside.get(path)).status_code == 200


@pytest.mark.parametrize("reason", ["busy", "database-unavailable", "outcome-unknown"])
async def test_an_outage_is_503_and_says_when_to_come_again(
    inside: Client, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, reason: Any
) -> None:
    """Also for a batch of which nothing was answered; a part of one is told in its place."""
    away = Unavailable(reason, retry_after_s=2)

    async def submit(*_: object) -> Done:
        raise away

    async def submit_many(_: str, requests: list[object]) -> list[Any]:
        return [away for _ in requests[:1]] + [CommandFailed() for _ in requests[1:]]

    monkeypatch.setattr(ledger, "submit", submit)
    monkeypatch.setattr(ledger, "submit_many", submit_many)
    answer = await post(inside, f"{WALLET}/debits", GOOD)
    problem(answer, 503, reason)
    assert answer.headers["retry-after"] == "2"
    claim = {"kind": "daily_grant", "idempotency_key": "k", "wallet_id": "w"}
    problem(await inside.post("/v1/batch", json={"commands": [claim]}), 503, reason)
    both = await inside.post("/v1/batch", json={"commands": [claim, claim]})
    assert [result["status"] for result in both.json()["results"]] == [503, 500]


async def test_a_bug_is_told_by_the_id_that_is_in_the_log(
    inside: Client, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 internal-error; what went wrong stays with us."""

    async def submit(*_: object) -> Done:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(ledger, "submit", submit)
    with capture_logs() as logs:
        answer = await post(inside, f"{WALLET}/debits", GOOD)
    refusal = problem(answer, 500, "internal-error")
    assert "secret" not in answer.text
    errors = [line for line in logs if line["log_level"] == "error"]
    assert [line["request_id"] for line in errors] == [refusal["error_id"]]
    assert answer.headers["x-request-id"] == refusal["error_id"]


async def test_the_access_log_names_route_and_caller_and_no_secret(inside: Client) -> None:
    """One line a request; never a body, a key or a token."""
    with capture_logs() as logs:
        await post(inside, f"{WALLET}/debits", GOOD, key="idempotency-1", headers={})
        await inside.get("/nowhere?token=x")
    lines = [line for line in logs if line["event"] == "request"]
    assert [(line["route"], line["status"], line["caller"]) for line in lines] == [
        ("/v1/wallets/{wallet_id}/debits", 402, "tester"),
        ("unmatched", 404, ""),
    ]
    assert lines[0]["wallet_id"] == "w"
    for secret in (KEY, "idempotency-1", "INSPIRATION", "token"):
        assert secret not in repr(lines)


async def test_a_body_that_never_comes_is_given_up(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller who sends half a body holds its connection for a while, not for ever."""
    monkeypatch.setattr("ledger.http.request.BODY_ARRIVES_IN_S", 0.05)
    monkeypatch.setattr("ledger.http.request.DRAINED_FOR_S", 0.05)
    monkeypatch.setattr(ledger.callers, "cached", lambda _: Caller("tester", SCOPES))
    halves = iter([{"type": "http.request", "body": b'{"currency": "INSP', "more_body": True}])
    sent: list[Any] = []

    async def receive() -> Any:
        for half in halves:
            return half
        await asyncio.sleep(3_600)
        raise AssertionError("nobody waits for so long")

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {
        "authorization": f"Bearer {KEY}",
        "content-type": "application/json",
        "content-length": "50",
        "idempotency-key": "k",
    }
    scope: Any = {
        "type": "http",
        "method": "POST",
        "path": f"{WALLET}/debits",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "state": {},
    }
    app: Any = create_app(ledger)
    await app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert (b"connection", b"close") in sent[0]["headers"]
    assert b"did not arrive" in sent[1]["body"]
    assert (await ledger.wallets.read("w")).seq == 0
