"""Hostile texts: whatever a caller says is a value, never a part of a statement."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from ledger.store.pool import connect_service
from tests.kit.http_calls import Response, balance, funded, post, problem, state
from tests.kit.http_steps import body_of
from tests.kit.keys import DEV_KEY
from tests.kit.serving import Client, Served

HOSTILE = (
    "' OR '1'='1",
    "'; DROP TABLE wallets; --",
    "1); SELECT pg_sleep(600); --",
    "1 UNION SELECT state FROM wallets",
    "\\'; UPDATE wallets SET held = '{0}'; --",
    '"wallets"',
    "$1",
    "%s%(x)s{0}{wallet}",
    "’ OR 1=1",
    "null",
    "/*",
    "a\nb",
    "w%",
    "w_",
)
SECRET = "only-the-victim-may-see-this"


@pytest.fixture
async def victim(http: Client) -> str:
    """A wallet that nobody asks for here: neither told of nor changed."""
    wallet = await funded(http, "77")
    spent = {"currency": "INSPIRATION", "amount": "1", "reference": SECRET}
    body_of(await post(http, f"{wallet}/debits", spent))
    return wallet


async def _unharmed(http: Client, served: Served, victim: str, before: dict[str, Any]) -> None:
    assert await state(http, victim) == before
    connection = await connect_service(served.database_url)
    try:
        assert await connection.fetchval(
            "SELECT count(*) > 15 FROM pg_tables WHERE schemaname = 'public'"
        )
    finally:
        await connection.close()


def _harmless(answer: Response, what: object) -> None:
    assert answer.status_code < 500, (what, answer.text)
    assert SECRET not in answer.text, what
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", what
    # An error may show the caller's own text, but never what the database says of it.
    for word in ("syntax error", "asyncpg", "relation", "pg_"):
        if word not in "".join(HOSTILE):
            assert word not in answer.text, what


async def test_hostile_text_in_every_parameter_is_a_value(
    http: Client, served: Served, victim: str
) -> None:
    """ledger#1349: SQL injection in a filter.

    Rule: every query parameter and every id in a path of every call is checked, and travels to the
    database as a parameter; the calls and their parameters are those of the OpenAPI document.
    """
    before = await state(http, victim)
    document = body_of(await http.get("/schema/openapi.json"))
    sent = 0
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            parameters = [
                parameter for parameter in call.get("parameters", []) if parameter["in"] != "header"
            ]
            for parameter in parameters:
                # Changing calls only differ from reads in the body, which has a test of its own.
                for text in HOSTILE if method == "get" else HOSTILE[:4]:
                    answer = await _call(http, method, path, parameters, {parameter["name"]: text})
                    _harmless(answer, (method, path, parameter["name"], text))
                    sent += 1
    assert sent > 400
    await _unharmed(http, served, victim, before)


async def _call(
    http: Client, method: str, path: str, parameters: list[Any], texts: dict[str, str]
) -> Response:
    query: dict[str, str] = {}
    for parameter in parameters:
        name = parameter["name"]
        if parameter["in"] == "query":
            query |= {name: texts[name]} if name in texts else {}
        else:
            path = path.replace(f"{{{name}}}", _escaped(texts.get(name, "1")))
    if method == "get":
        return await http.get(path, params=query)
    return await http.request(method, path, params=query, json={}, headers={"idempotency-key": "k"})


def _escaped(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


async def test_hostile_text_in_a_cursor_is_a_value(
    http: Client, served: Served, victim: str
) -> None:
    """ledger#1349: SQL injection in a filter.

    Rule: a cursor that was made by somebody else is either no cursor or a value to compare with.
    """
    before = await state(http, victim)
    wallet = await funded(http, "10")
    name = wallet.rsplit("/", 1)[1]
    for text in HOSTILE:
        keys: list[list[Any]] = [
            [text],
            [0, False, 0, text],
            [0, text],
            [text, 1, {}],
            [name, 2**62, {"1001": 1}],
            [name, text, {}],
        ]
        for key in keys:
            cursor = urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
            for path in ("lots", "entries", "orders", "holds?status=open"):
                path_, _, query = path.partition("?")
                status = dict([query.split("=")]) if query else {}
                answer = await http.get(f"{wallet}/{path_}", params={"after": cursor, **status})
                _harmless(answer, (path, key))
                assert answer.status_code in {200, 400}, (path, key)
    await _unharmed(http, served, victim, before)


async def test_hostile_text_in_a_header_is_a_value(
    http: Client, served: Served, victim: str
) -> None:
    """ledger#1349: SQL injection in a filter.

    Rule: an idempotency key may hold any visible ASCII, and is then a key like any other.
    """
    before = await state(http, victim)
    wallet = await funded(http, "100")
    debit = {"currency": "INSPIRATION", "amount": "1"}
    keys = [text for text in HOSTILE if text.isascii() and text.isprintable()]
    good = [text.replace(" ", "+") for text in keys if '"' not in text]
    for key in good:
        for replayed in (None, "true"):
            answer = await post(http, f"{wallet}/debits", debit, key=key)
            assert (body_of(answer), answer.headers.get("idempotency-replayed")) == (
                answer.json(),
                replayed,
            )
    assert await balance(http, wallet) == (f"{100 - len(good)}.00", "0.00")
    for text in keys:
        answer = await http.get(wallet, headers={"authorization": f"Bearer {text}"})
        problem(answer, 401, "unauthenticated")
        for header in ("x-request-id", "user-agent", "content-type", "cookie", "host"):
            answer = await http.get(victim + "x", headers={header: text})
            _harmless(answer, (header, text))
    trick = await http.get(wallet, headers={"authorization": f"Bearer {DEV_KEY}' OR '1'='1"})
    problem(trick, 401, "unauthenticated")
    await _unharmed(http, served, victim, before)


async def test_hostile_text_in_a_body_is_a_value(http: Client, served: Served, victim: str) -> None:
    """ledger#1349: SQL injection in a filter.

    Rule: ids are refused, names that the catalogue does not know are unknown, and free text comes
    back as it was said.
    """
    before = await state(http, victim)
    wallet = await funded(http, "10")
    grant = {"currency": "INSPIRATION", "amount": "1", "source": "promotional"}
    hold = {"currency": "INSPIRATION", "amount": "1"}
    member = {"kind": "membership", "plan": "gold", "period": "month", "channel": "sandbox"}
    reasons = []
    for text in HOSTILE:
        for field in ("hold_id", "reference", "currency", "amount"):
            answer = await post(http, f"{wallet}/holds", hold | {field: text})
            expected = {201} if text == "null" and field in {"hold_id", "reference"} else {400}
            assert answer.status_code in expected | ({201} if text == "w_" else set()), answer.text
            _harmless(answer, (field, text))
        for field in ("plan", "period", "channel", "promotion"):
            answer = await post(http, f"{wallet}/orders", member | {field: text})
            assert answer.status_code == 400, answer.text
            _harmless(answer, (field, text))
        given = await post(http, f"{wallet}/grants", grant | {"reason": text})
        assert given.status_code == (400 if "\n" in text else 201)
        reasons += [] if "\n" in text else [text]
    entries = body_of(await http.get(f"{wallet}/entries", params={"limit": 1_000}))["items"]
    stored = [entry["reason"] for entry in entries if entry["type"] == "lot_granted"]
    assert stored[::-1][1:] == reasons
    await _unharmed(http, served, victim, before)
