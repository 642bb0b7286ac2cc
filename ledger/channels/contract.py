"""What a payment channel is to the service: verify a notification, and answer it."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct


class Payment(Struct, frozen=True):
    """An authentic payment: `payment_id` is the channel's own number, credited exactly once."""

    order_id: str
    payment_id: str
    amount_fen: int


class Reply(Struct, frozen=True):
    """The channel's own answer to its notification."""

    status: int
    content_type: str
    body: bytes


class NotAuthentic(Exception):  # noqa: N818 - what it says, not that it failed
    """A notification whose signature, merchant or form is not the channel's."""


class Channel(Protocol):
    """What the service needs of a channel."""

    def verify(self, headers: Mapping[str, str], body: bytes, now_s: int) -> Payment:
        """The payment of an authentic notification; raises NotAuthentic."""

    def acknowledge(self) -> Reply:
        """What the channel wants to hear once its notification is durable."""

    def refuse(self, why: str) -> Reply:
        """What makes the channel try again, or tells a forger no more than he knows."""
