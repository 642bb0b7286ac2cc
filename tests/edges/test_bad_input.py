"""Bad input to a live service: each the right problem, nothing written, never a 5xx."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator

import pytest

from ledger.access.callers import KEY_CACHE_S
from tests.kit.http_calls import Response, funded, new_wallet, post, problem, state
from tests.kit.keys import MakeKey
from tests.kit.serving import Client

KIB = 1024
GOOD = {"currency": "INSPIRATION", "amount": "1"}


async def send(http: Client, wallet: str, body: bytes, **headers: str) -> Response:
    """A debit's raw bytes."""
    sent = {"content-type": "application/json", "idempotency-key": "raw", **headers}
    return await http.post(f"{wallet}/debits", content=body, headers=sent)


NO_TEXTS: list[object] = [1, 1.0, True, None, [], {}]
AMOUNTS: list[tuple[object, str]] = [
    *((other, "malformed") for other in NO_TEXTS),
    *((text, "malformed") for text in ("", "-1", "+1", "1e2", "1E2")),
    *((text, "malformed") for text in ("01", "1.", ".1", "1.001", "１", "1,0", " 1", "1 ", "NaN")),
    *((text, "malformed") for text in ("0x1", "1_0", "Infinity", "1\x00", "٣", "1.0\n")),
    *((text, "amount-out-of-range") for text in ("0", "0.00", "10000000000000.01", "9" * 400)),
]


@pytest.mark.parametrize(("amount", "slug"), AMOUNTS)
async def test_a_wrong_amount_is_refused_everywhere_and_writes_nothing(
    http: Client, amount: object, slug: str
) -> None:
    """Debit, hold and grant read amounts by the same rule."""
    wallet = await funded(http)
    before = await state(http, wallet)
    body = {"currency": "INSPIRATION", "amount": amount}
    problem(await post(http, f"{wallet}/debits", body), 400, slug)
    problem(await post(http, f"{wallet}/holds", body), 400, slug)
    grant = {**body, "source": "promotional", "reason": "x"}
    problem(await post(http, f"{wallet}/grants", grant), 400, slug)
    assert await state(http, wallet) == before


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"null", b"1", b'"x"', b"{} {}", b"\xef\xbb\xbf{}", b"{'a': 1}"),
        *(b'{"currency":"INSPIRATION","amount":"1"', b'{"currency":"\xff","amount":"1"}'),
        *(b'{"currency":"INSPIRATION","amount":"1","amount":"1"}', b'{"amount":"\\ud800"}'),
        *(b'{"currency":"INSPIRATION","amount":"1","note":"x"}', b"\x00", b'{"amount":"\x00"}'),
        *(b"[" * 60_000, b'{"a":' * 10_000, b'{"sku":"image","quantity":' + b"1" * 60_000 + b"}"),
        *(b'{"sku":"image","quantity":1.5}', b'{"sku":"image","quantity":"1"}'),
        *(b'{"sku":"image","reference":"a b"}', b'{"sku":"image","reference":"a\\n"}'),
    ],
)
async def test_a_wrong_body_is_malformed_and_writes_nothing(http: Client, body: bytes) -> None:
    """Broken JSON, broken UTF-8, NUL, depth, wrong types, unknown and repeated fields."""
    wallet = await funded(http)
    before = await state(http, wallet)
    problem(await send(http, wallet, body), 400, "malformed")
    assert await state(http, wallet) == before


@pytest.mark.parametrize("quantity", [0, -1, 10_001, 2**63, 10**400])
async def test_a_quantity_out_of_range_is_refused(http: Client, quantity: int) -> None:
    """Also beyond what a machine word holds."""
    wallet = await funded(http)
    before = await state(http, wallet)
    body = b'{"sku":"image","quantity":%d}' % quantity
    problem(await send(http, wallet, body), 400, "amount-out-of-range")
    assert await state(http, wallet) == before


async def test_what_is_not_in_the_catalogue_is_refused(http: Client) -> None:
    """Currencies and SKUs; CNY is no wallet currency."""
    wallet = await funded(http)
    for currency in ("CNY", "inspiration", "", "\x00", "x" * 10_000):
        body = GOOD | {"currency": currency}
        problem(await post(http, f"{wallet}/debits", body), 400, "unknown-currency")
    refusal = problem(await post(http, f"{wallet}/debits", {"sku": "fax"}), 400, "unknown-sku")
    assert refusal["sku"] == "fax"


@pytest.mark.parametrize(
    "content_type",
    [
        *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"),
        *("application/json; charset=latin-1", "application/xml", "json", "", "*/*"),
    ],
)
async def test_another_content_type_is_415(http: Client, content_type: str) -> None:
    """Whatever a browser sends across sites by itself never gets in."""
    wallet = await funded(http)
    answer = await send(http, wallet, b'{"sku":"image"}', **{"content-type": content_type})
    problem(answer, 415, "unsupported-media-type")
    bare = await http.post(
        f"{wallet}/debits", content=b'{"sku":"image"}', headers={"idempotency-key": "k"}
    )
    problem(bare, 415, "unsupported-media-type")
    packed = await send(http, wallet, b'{"sku":"image"}', **{"content-encoding": "gzip"})
    problem(packed, 415, "unsupported-media-type")
    assert (await state(http, wallet))["balances"]["INSPIRATION"]["available"] == "100.00"


async def _chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * KIB


async def test_a_body_that_is_too_large_is_413_also_in_chunks(http: Client) -> None:
    """64 KiB, and 8 MiB for a batch."""
    wallet = await funded(http)
    before = await state(http, wallet)
    headers = {"content-type": "application/json", "idempotency-key": "k"}
    path = f"{wallet}/debits"
    for large in (b" " * (64 * KIB + 1), _chunks(65), b" " * (2 * KIB * KIB)):
        answer = await http.post(path, content=large, headers=headers)
        assert problem(answer, 413, "body-too-large")["limit_bytes"] == 64 * KIB
    for large in (b" " * (8 * KIB * KIB + 1), _chunks(8 * KIB + 1)):
        answer = await http.post("/v1/batch", content=large, headers=headers)
        problem(answer, 413, "body-too-large")
    fits = b'{"sku":"image"}'.ljust(64 * KIB)
    assert (await http.post(path, content=fits, headers=headers)).status_code == 201
    assert (await state(http, wallet))["seq"] > before["seq"]


@pytest.mark.parametrize("key", [None, "", '""', '"', '"a', '"a"b', "a b", "a" * 256, '"a\\b"'])
async def test_a_missing_or_broken_key_is_malformed(http: Client, key: str | None) -> None:
    """1 to 255 visible ASCII characters, bare or quoted."""
    wallet = await funded(http)
    headers = {} if key is None else {"idempotency-key": key}
    answer = await http.post(f"{wallet}/debits", json=GOOD, headers=headers)
    assert problem(answer, 400, "malformed")["field"] == "idempotency-key"


async def test_two_keys_are_malformed(http: Client) -> None:
    """Nobody could tell which one is the request's."""
    wallet = await funded(http)
    headers = [("idempotency-key", "a"), ("idempotency-key", "b")]
    answer = await http.post(f"{wallet}/debits", json=GOOD, headers=headers)
    assert problem(answer, 400, "malformed")["field"] == "idempotency-key"


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/wallets/%00", "/v1/wallets/%FF", "/v1/wallets/%E4%BD%A0", "/v1/wallets/a%20b"),
        *("/v1/wallets/a;b", "/v1/wallets/'or'1'='1", "/v1/wallets/%25", f"/v1/wallets/{'a' * 65}"),
        *(f"/v1/wallets/{'a' * 9000}", "/v1/wallets/a/holds/%00", "/v1/wallets/a/charges/b%0A"),
        *("/v1/orders/a%20b", "/v1/orders/%F0%9F%92%A9"),
    ],
)
async def test_a_hostile_id_in_a_path_is_malformed(http: Client, path: str) -> None:
    """400 names the parameter."""
    assert problem(await http.get(path), 400, "malformed")["field"].endswith("_id")


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/v1", "/v1/wallets", "/v1/wallets/a/b", "/v1/wallets/a%2Fb", "/v2/wallets/a"),
        *("/v1/wallets/a/entry", "/v1/event", "/admin", "/.env", "/v1/wallets/a/holds/b/steal"),
    ],
)
async def test_a_path_that_is_no_call_is_not_found(http: Client, path: str) -> None:
    """404, also without a key."""
    for headers in ({}, {"authorization": ""}):
        assert problem(await http.get(path, headers=headers), 404, "not-found")["what"] == "path"


@pytest.mark.parametrize(
    "query", ["?x=1", "?limit=0", "?limit=1001", "?limit=1&limit=1", "?limit=%ff", "?after=x", "?&"]
)
async def test_a_wrong_query_is_malformed(http: Client, query: str) -> None:
    """Unknown, repeated, out of range, broken."""
    for path in ("holds", "lots"):
        problem(await http.get(f"{new_wallet()}/{path}{query}"), 400, "malformed")


async def test_without_a_valid_key_nothing_is_told(http: Client, make_key: MakeKey) -> None:
    """401 with WWW-Authenticate, whatever is wrong with the key."""
    expired = await make_key(expires_in_s=-1)
    wallet = await funded(http)
    for value in (
        *("", "Bearer", "Basic YTpi", "Bearer wrong", f"Bearer {'x' * 5000}"),
        *(f"Bearer {expired}", expired, "Bearer a b"),
    ):
        headers = {"authorization": value}
        for answer in (
            await http.get(wallet, headers=headers),
            await post(http, f"{wallet}/debits", GOOD, headers=headers),
            await http.post("/v1/batch", content=b"x", headers=headers),
        ):
            problem(answer, 401, "unauthenticated")
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await state(http, wallet))["balances"]["INSPIRATION"]["available"] == "100.00"


async def test_a_key_dies_when_it_expires(http: Client, make_key: MakeKey) -> None:
    """It works until then, and no more than a second longer."""
    soonest = time.monotonic() + 1
    headers = {"authorization": f"Bearer {await make_key(expires_in_s=1)}"}
    latest = time.monotonic() + 1
    asked_at = 0.0
    answer = await http.get("/v1/catalogue", headers=headers)
    while answer.status_code == 200:
        assert asked_at < latest + KEY_CACHE_S
        await asyncio.sleep(0.05)
        asked_at = time.monotonic()
        answer = await http.get("/v1/catalogue", headers=headers)
    problem(answer, 401, "unauthenticated")
    assert time.monotonic() >= soonest


CALLS: list[tuple[str, str, object, str]] = [
    ("GET", "", None, "wallet:read"),
    ("GET", "/lots", None, "wallet:read"),
    ("GET", "/holds", None, "wallet:read"),
    ("GET", "/holds/h", None, "wallet:read"),
    ("GET", "/charges/c", None, "wallet:read"),
    ("POST", "/daily-grant", {}, "credit:write"),
    ("POST", "/grants", {}, "credit:write"),
    ("POST", "/debits", GOOD, "debit:write"),
    ("POST", "/holds", GOOD, "debit:write"),
    ("POST", "/holds/h/capture", {}, "debit:write"),
    ("POST", "/holds/h/void", {}, "debit:write or admin:write"),
    ("POST", "/holds/h/extend", {}, "debit:write or admin:write"),
    ("POST", "/charges/c/refund", {}, "debit:write or admin:write"),
    ("POST", "/orders", {}, "order:write"),
    ("GET", "/v1/orders/o", None, "wallet:read or order:write"),
    ("GET", "/v1/finance/trial-balance", None, "finance:read"),
    ("POST", "/v1/dev/clock", {"advance_s": 0}, "admin:write"),
    ("POST", "/v1/channels/sandbox/orders/o/pay", {}, "order:write"),
]


async def test_every_call_needs_its_scope(http: Client, make_key: MakeKey) -> None:
    """403 names the missing scope; all scopes but that one do not help."""
    every = {scope for *_, needed in CALLS for scope in needed.split(" or ")} | {"admin:approve"}
    keys = {
        needed: await make_key(sorted(every - set(needed.split(" or ")))) for *_, needed in CALLS
    }
    for method, path, body, needed in CALLS:
        whole = path if path.startswith("/v1") else f"{new_wallet()}{path}"
        headers = {"authorization": f"Bearer {keys[needed]}", "idempotency-key": "k"}
        answer = await http.request(method, whole, json=body, headers=headers)
        assert problem(answer, 403, "forbidden")["scope"] == needed
        assert "insufficient_scope" in answer.headers["www-authenticate"]


async def test_a_batch_needs_the_scope_of_every_command(http: Client, make_key: MakeKey) -> None:
    """403 for the whole batch, naming the index; nothing is done."""
    wallet = await funded(http)
    before = await state(http, wallet)
    named = wallet.rsplit("/", 1)[1]
    debit = {"kind": "debit", "idempotency_key": "1", "wallet_id": named, **GOOD}
    claim = {"kind": "daily_grant", "idempotency_key": "2", "wallet_id": named}
    for scope, index in (("debit:write", 1), ("credit:write", 0), ("wallet:read", 0)):
        headers = {"authorization": f"Bearer {await make_key([scope])}"}
        answer = await http.post("/v1/batch", json={"commands": [debit, claim]}, headers=headers)
        assert problem(answer, 403, "forbidden")["index"] == index
    assert await state(http, wallet) == before


async def test_broken_requests_in_a_row_leave_the_service_well(http: Client) -> None:
    """Whatever comes on a connection, the next request is answered."""
    wallet = await funded(http)
    bodies = (b"\xff" * 100, b"[" * 1_000, b"\x00", b"{}", b" " * (65 * KIB))
    answers = await asyncio.gather(
        *(send(http, wallet, body) for body, _ in itertools.product(bodies, range(20)))
    )
    assert {answer.status_code for answer in answers} == {400, 413}
    assert (await post(http, f"{wallet}/debits", GOOD)).status_code == 201
