r"""The sandbox channel: notifications signed like a real channel's, by a key made at init.

`Sandbox-Signature` is the HMAC-SHA256, in hex, over `TIMESTAMP\nNONCE\nRAW_BODY\n`, with the
timestamp (Unix seconds) and nonce from headers of their own, as WeChat Pay does it with RSA.
It keeps nothing: what it is asked says all that it needs to answer. Who answers, and sends what is
signed here, is `ledger.payments.sandbox`.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Annotated, Final, Literal, assert_never

import msgspec
from msgspec import Meta, Struct

from ledger.channels.contract import (
    ChannelAway,
    Instructions,
    Message,
    NotAuthentic,
    Payment,
    RefundFailed,
    RefundRequest,
    RefundSucceeded,
    Reply,
    Restored,
    Reversed,
    Surroundings,
)
from ledger.core.money import AMOUNT_MINOR_MAX
from ledger.core.purchases import Order

NAME: Final = "sandbox"
MERCHANT: Final = "sandbox-merchant"
FRESH_FOR_S: Final = 300

RefundBehaviour = Literal["succeed", "fail", "silent"]
"""What becomes of refunds: a notification of either kind at once, or none."""

# A channel's numbers are not ours to choose, but nothing needs more than this.
Number = Annotated[str, Meta(pattern=r"\A[\x21-\x7e]{1,128}\Z")]
Fen = Annotated[int, Meta(ge=1, le=AMOUNT_MINOR_MAX)]


class _Notification(Struct, frozen=True, forbid_unknown_fields=True, tag_field="event"):
    merchant: str
    order_id: Number


class PaymentNotification(_Notification, frozen=True, tag="payment.succeeded"):
    """An order was paid."""

    payment_id: Number
    amount_fen: Fen


class RefundNotification(_Notification, frozen=True, tag="refund.succeeded"):
    """A refund was paid back; one asked for elsewhere has a number that is none of ours."""

    refund_id: Number
    amount_fen: Fen


class RefundFailedNotification(_Notification, frozen=True, tag="refund.failed"):
    """A refund will not be paid."""

    refund_id: Number


class ChargebackNotification(_Notification, frozen=True, tag="chargeback.created"):
    """The payer's bank took the money back."""

    chargeback_id: Number
    amount_fen: Fen


class ChargebackReversedNotification(_Notification, frozen=True, tag="chargeback.reversed"):
    """The chargeback was contested, and won."""

    chargeback_id: Number
    amount_fen: Fen


Notification = (
    PaymentNotification
    | RefundNotification
    | RefundFailedNotification
    | ChargebackNotification
    | ChargebackReversedNotification
)
"""The bodies that the sandbox sends."""

_decoder: msgspec.json.Decoder[Notification] = msgspec.json.Decoder(Notification)


class Sandbox:
    """Signs and verifies notifications; hands refunds to whoever was connected to answer them."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._secret = surroundings.secret
        self._ask: Callable[[RefundRequest], Awaitable[None]] | None = None

    def connect(self, ask: Callable[[RefundRequest], Awaitable[None]]) -> None:
        """Say who answers when a refund is asked for; no channel that moves money has this."""
        self._ask = ask

    def sign(
        self, notification: Notification, now_s: int, nonce: str
    ) -> tuple[dict[str, str], bytes]:
        """The headers and body that the sandbox sends."""
        body = msgspec.json.encode(notification)
        return {
            "sandbox-timestamp": str(now_s),
            "sandbox-nonce": nonce,
            "sandbox-signature": self._signature(str(now_s), nonce, body),
        }, body

    def verify(self, headers: Mapping[str, str], body: bytes, now_s: int) -> Message:
        """Signature first, then freshness, then form and merchant. Raises NotAuthentic."""
        timestamp, nonce = headers.get("sandbox-timestamp", ""), headers.get("sandbox-nonce", "")
        signature = headers.get("sandbox-signature", "")
        expected = self._signature(timestamp, nonce, body)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise NotAuthentic("the signature does not match")
        if not _is_fresh(timestamp, now_s):
            raise NotAuthentic(f"the timestamp is more than {FRESH_FOR_S} s from now")
        try:
            notification = _decoder.decode(body)
        except (ValueError, RecursionError) as error:
            raise NotAuthentic("the body is no notification") from error
        if notification.merchant != MERCHANT:
            raise NotAuthentic("the notification is for another merchant")
        return _message(notification)

    def instructions(self, order: Order) -> Instructions | None:
        """Whoever calls the sandbox's own operation pays the order, for nothing."""
        return instructions_for(order.order_id)

    async def refund(self, asked: RefundRequest) -> None:
        """Have whoever is connected answer it. Raises ChannelAway where nobody is."""
        if self._ask is None:
            raise ChannelAway("nobody answers for the sandbox")
        await self._ask(asked)

    def acknowledge(self) -> Reply:
        """The sandbox stops sending on any 200."""
        return Reply(200, "application/json", b'{"code":"SUCCESS"}')

    def refuse(self, why: str) -> Reply:
        """The sandbox says why, as a help to whoever develops against it."""
        return Reply(401, "application/json", msgspec.json.encode({"code": "FAIL", "message": why}))

    def _signature(self, timestamp: str, nonce: str, body: bytes) -> str:
        signed = b"\n".join((timestamp.encode(), nonce.encode(), body, b""))
        return hmac.new(self._secret, signed, sha256).hexdigest()


def instructions_for(order_id: str) -> Instructions:
    """How an order of the sandbox is paid."""
    return Instructions(NAME, f"/v1/channels/{NAME}/orders/{order_id}/pay")


def _is_fresh(timestamp: str, now_s: int) -> bool:
    well_formed = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
    return well_formed and abs(int(timestamp) - now_s) <= FRESH_FOR_S


def _message(notification: Notification) -> Message:
    match notification:
        case PaymentNotification(_, order_id, payment_id, amount_fen):
            return Payment(order_id, payment_id, amount_fen)
        case RefundNotification(_, order_id, refund_id, amount_fen):
            return RefundSucceeded(order_id, refund_id, amount_fen)
        case RefundFailedNotification(_, order_id, refund_id):
            return RefundFailed(order_id, refund_id)
        case ChargebackNotification(_, order_id, chargeback_id, amount_fen):
            return Reversed(order_id, chargeback_id, amount_fen)
        case ChargebackReversedNotification(_, order_id, chargeback_id, amount_fen):
            return Restored(order_id, chargeback_id, amount_fen)
        case _:
            assert_never(notification)
