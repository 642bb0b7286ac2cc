r"""The sandbox channel: notifications signed like a real channel's, by a key made at init.

`Sandbox-Signature` is the HMAC-SHA256, in hex, over `TIMESTAMP\nNONCE\nRAW_BODY\n`, with the
timestamp (Unix seconds) and nonce from headers of their own, as WeChat Pay does it with RSA.
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, Literal

import msgspec
from msgspec import Struct

from ledger.channels.contract import NotAuthentic, Payment, Reply

MERCHANT: Final = "sandbox-merchant"
FRESH_FOR_S: Final = 300


class Notification(Struct, frozen=True, forbid_unknown_fields=True):
    """The body: what was paid, for which order of which merchant."""

    event: Literal["payment.succeeded"]
    merchant: str
    order_id: str
    payment_id: str
    amount_fen: int


_decoder = msgspec.json.Decoder(Notification)


class Sandbox:
    """Signs and verifies the sandbox's notifications."""

    def __init__(self, key: bytes) -> None:
        self._key = key

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

    def verify(self, headers: Mapping[str, str], body: bytes, now_s: int) -> Payment:
        """Signature first, then freshness, then form and merchant. Raises NotAuthentic."""
        timestamp, nonce = headers.get("sandbox-timestamp", ""), headers.get("sandbox-nonce", "")
        signature = headers.get("sandbox-signature", "")
        expected = self._signature(timestamp, nonce, body)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise NotAuthentic("the signature does not match")
        if not timestamp.isdecimal() or abs(int(timestamp) - now_s) > FRESH_FOR_S:
            raise NotAuthentic(f"the timestamp is more than {FRESH_FOR_S} s from now")
        try:
            notification = _decoder.decode(body)
        except msgspec.DecodeError as error:
            raise NotAuthentic("the body is no notification") from error
        if notification.merchant != MERCHANT:
            raise NotAuthentic("the notification is for another merchant")
        return Payment(notification.order_id, notification.payment_id, notification.amount_fen)

    def acknowledge(self) -> Reply:
        """The sandbox stops sending on any 200."""
        return Reply(200, "application/json", b'{"code":"SUCCESS"}')

    def refuse(self, why: str) -> Reply:
        """The sandbox tells why, as a help to whoever develops against it."""
        return Reply(401, "application/json", msgspec.json.encode({"code": "FAIL", "message": why}))

    def _signature(self, timestamp: str, nonce: str, body: bytes) -> str:
        signed = b"\n".join((timestamp.encode(), nonce.encode(), body, b""))
        return hmac.new(self._key, signed, sha256).hexdigest()
