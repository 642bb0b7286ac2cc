"""Notifications that are forged, old, or signed and yet no message: none of them does anything."""

import json
import time
from collections.abc import Iterator

import pytest

from ledger.channels.sandbox import MERCHANT, Notification, Sandbox
from tests.channels.sender import (
    Headers,
    Sender,
    chargeback,
    failure,
    not_taken,
    payment,
    refund,
    won,
)
from tests.kit.http_calls import new_wallet, state
from tests.kit.http_steps import Body, ordered, paid
from tests.kit.serving import Client

RECHARGE = {"kind": "recharge", "currency": "INSPIRATION", "price_cny": "10"}
OTHERS = "f" * 32


def _all_kinds(order: Body) -> list[Notification]:
    return [
        payment(order, 1_000),
        refund(order, OTHERS, 1_000),
        failure(order, OTHERS),
        chargeback(order, 1_000),
        won(order, 1_000),
    ]


@pytest.mark.parametrize("kind", range(5))
async def test_what_is_forged_changes_nothing(sender: Sender, http: Client, kind: int) -> None:
    """Of every kind: another signature, another body, another nonce, another time, an old time."""
    wallet = new_wallet()
    pending = kind == 0
    order = await ordered(http, wallet, RECHARGE)
    if not pending:
        await paid(http, order)
    before = await state(http, wallet)
    notification = _all_kinds(order)[kind]
    for at_s in (-301, 301, -(10**9)):
        assert "timestamp" in not_taken(await sender.say(notification, at_s=at_s))
    for forged, altered in _forgeries(sender.signer, notification):
        assert "signature" in not_taken(await sender.post(forged, altered))
    _, body = sender.signer.sign(notification, int(time.time()), "n")
    elsewhere = json.loads(body) | {"merchant": "somebody"}
    assert "merchant" in not_taken(await sender.say_raw(json.dumps(elsewhere).encode()))
    assert await state(http, wallet) == before


def _forgeries(signer: Sandbox, notification: Notification) -> Iterator[tuple[Headers, bytes]]:
    old, _ = signer.sign(notification, int(time.time()) - 1, "n")
    headers, body = signer.sign(notification, int(time.time()), "n")
    signature = headers["sandbox-signature"]
    changes: list[dict[str, str]] = [
        {"sandbox-timestamp": old["sandbox-timestamp"]},
        {"sandbox-timestamp": "9" * 5_000},
        {"sandbox-timestamp": ""},
        {"sandbox-signature": old["sandbox-signature"]},
        {"sandbox-signature": "0" * 64},
        {"sandbox-signature": signature.upper()},
        {"sandbox-signature": "\xff"},
        {"sandbox-signature": ""},
        {"sandbox-nonce": "m"},
    ]
    yield from ((list((headers | change).items()), body) for change in changes)
    given = list(headers.items())
    yield [], body
    yield [*given, ("sandbox-signature", signature)], body
    yield [*given, ("sandbox-nonce", "n")], body
    yield given, body + b" "
    yield given, body.replace(b"1000", b"9000").replace(b"sandbox-m", b"sandbox-n")
    yield given, b""


_HOSTILE: list[dict[str, object]] = [
    {"amount_fen": 0},
    {"amount_fen": -1_000},
    {"amount_fen": 10**15 + 1},
    {"amount_fen": 10**400},
    {"amount_fen": 1_000.0},
    {"amount_fen": "1000"},
    {"amount_fen": True},
    {"amount_fen": None},
    {"amount_fen": [1_000]},
    {"event": "payment.failed"},
    {"event": ["payment.succeeded"]},
    {"event": None},
    {"merchant": None},
    {"order_id": ""},
    {"order_id": "x\x00"},
    {"order_id": "x\ny"},
    {"order_id": "支付"},
    {"order_id": "x" * 129},
    {"order_id": {"a": 1}},
    {"refund_id": "x\x00", "event": "refund.succeeded"},
    {"refund_id": "", "event": "refund.failed"},
    {"chargeback_id": " ", "event": "chargeback.created"},
    {"chargeback_id": 5, "event": "chargeback.reversed"},
    {"more": 1},
]


@pytest.mark.parametrize("change", _HOSTILE, ids=lambda change: json.dumps(change)[:40])
async def test_what_is_signed_but_makes_no_sense_is_not_taken(
    sender: Sender, http: Client, change: dict[str, object]
) -> None:
    """Whatever the body holds: the channel's own answer, and nothing in the books."""
    wallet = new_wallet()
    order = await ordered(http, wallet, RECHARGE)
    before = await state(http, wallet)
    body: dict[str, object] = {
        "event": "payment.succeeded",
        "merchant": MERCHANT,
        "order_id": order["order_id"],
        "payment_id": "p",
        "amount_fen": 1_000,
    }
    if "event" in change:
        del body["payment_id"]
        if change["event"] == "refund.failed":
            del body["amount_fen"]
    assert "no notification" in not_taken(await sender.say_raw(json.dumps(body | change).encode()))
    assert await state(http, wallet) == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"event":"\xff"}',
        b'{"event":"payment.succeeded"}',
        b'{"a":' * 10_000,
        b"[" * 60_000,
        b'{"event":"payment.succeeded","merchant":"\\ud800"}',
        b"{" + b" " * 60_000,
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_what_is_signed_but_no_message_is_not_taken(sender: Sender, body: bytes) -> None:
    """The channel's own answer, never an error of ours."""
    not_taken(await sender.say_raw(body))


@pytest.mark.parametrize("order_id", [OTHERS, "0" * 32, "x", "0" * 31 + "\\u0000"])
@pytest.mark.parametrize("kind", range(5))
async def test_a_message_about_no_order_is_not_taken(
    sender: Sender, order_id: str, kind: int
) -> None:
    """Of every kind: there is nothing that it could be about."""
    not_taken(await sender.say(_all_kinds({"order_id": order_id})[kind]))
