"""What stands at the other end of the sandbox channel: it signs, and sends over HTTP."""

import time
from collections.abc import Sequence

from ledger.channels.contract import Surroundings
from ledger.channels.sandbox import (
    MERCHANT,
    ChargebackNotification,
    ChargebackReversedNotification,
    Notification,
    PaymentNotification,
    RefundFailedNotification,
    RefundNotification,
    Sandbox,
)
from tests.kit.http_calls import Response
from tests.kit.http_steps import Body, eventually, fetched
from tests.kit.serving import Client

Headers = Sequence[tuple[str, str]]

NOTIFICATIONS = "/v1/channels/sandbox/notifications"


class Sender:
    """Knows the channel's secret, and so can say anything."""

    def __init__(self, http: Client, secret: bytes) -> None:
        self._http = http
        self.signer = Sandbox(Surroundings(secret))

    async def post(self, headers: Headers, body: bytes) -> Response:
        """A notification as it is, from somebody without an API key."""
        given = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        return await self._http.post(
            NOTIFICATIONS, content=body, headers=[(b"authorization", b""), *given]
        )

    async def say(self, notification: Notification, *, at_s: float = 0) -> Response:
        """A notification signed as it should be, `at_s` seconds from now."""
        headers, body = self.signer.sign(notification, int(time.time() + at_s), "nonce")
        return await self.post(list(headers.items()), body)

    async def say_raw(self, body: bytes) -> Response:
        """Any body at all, signed as it should be."""
        now = str(int(time.time()))
        headers = [
            ("sandbox-timestamp", now),
            ("sandbox-nonce", "n"),
            ("sandbox-signature", self.signer._signature(now, "n", body)),
        ]
        return await self.post(headers, body)


def payment(order: Body, amount_fen: int, payment_id: str = "p-1") -> PaymentNotification:
    """An order was paid."""
    return PaymentNotification(MERCHANT, order["order_id"], payment_id, amount_fen)


def refund(order: Body, refund_id: str, amount_fen: int) -> RefundNotification:
    """A refund of an order succeeded."""
    return RefundNotification(MERCHANT, order["order_id"], refund_id, amount_fen)


def failure(order: Body, refund_id: str) -> RefundFailedNotification:
    """A refund of an order failed."""
    return RefundFailedNotification(MERCHANT, order["order_id"], refund_id)


def chargeback(order: Body, amount_fen: int, number: str = "cb-1") -> ChargebackNotification:
    """An order's payment was taken back."""
    return ChargebackNotification(MERCHANT, order["order_id"], number, amount_fen)


def won(order: Body, amount_fen: int, number: str = "cb-1") -> ChargebackReversedNotification:
    """What was taken back was given back."""
    return ChargebackReversedNotification(MERCHANT, order["order_id"], number, amount_fen)


def taken(answer: Response) -> None:
    """The ledger acknowledged it."""
    assert (answer.status_code, answer.json()) == (200, {"code": "SUCCESS"}), answer.text


def not_taken(answer: Response) -> str:
    """Why the ledger did not acknowledge it."""
    assert (answer.status_code, answer.json()["code"]) == (401, "FAIL"), answer.text
    why: str = answer.json()["message"]
    return why


async def behave(http: Client, refunds: str) -> None:
    """What the sandbox does with refunds from now on."""
    answer = await http.post("/v1/channels/sandbox/behaviour", json={"refunds": refunds})
    assert (answer.status_code, answer.json()) == (200, {"refunds": refunds}), answer.text


async def settled(http: Client, refund_id: str, status: str) -> Body:
    """The refund once it has this status."""
    return await eventually(
        lambda: fetched(http, f"/v1/refunds/{refund_id}"),
        lambda refund_body: bool(refund_body["status"] == status),
    )
