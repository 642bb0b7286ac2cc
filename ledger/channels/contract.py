"""The protocol of payment channels, and the messages that their notifications carry."""

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from ledger.core.purchases import Order


class Payment(Struct, frozen=True):
    """An authentic payment: `payment_id` is the channel's own number, credited exactly once."""

    order_id: str
    payment_id: str
    amount_fen: int


class RefundSucceeded(Struct, frozen=True):
    """A refund was paid back. `refund_id` is the number that it was asked for under.

    Where it is none of ours, the channel gave the money back by itself.
    """

    order_id: str
    refund_id: str
    amount_fen: int


class RefundFailed(Struct, frozen=True):
    """A refund that was asked for under this number will not be paid; nothing moved."""

    order_id: str
    refund_id: str


class Reversed(Struct, frozen=True):
    """The channel took money back that we did not ask it to give back: a chargeback, say.

    `reversal_id` is the channel's own number of it.
    """

    order_id: str
    reversal_id: str
    amount_fen: int


class Restored(Struct, frozen=True):
    """The channel gave back what it had taken under `reversal_id`: a dispute was won."""

    order_id: str
    reversal_id: str
    amount_fen: int


Message = Payment | RefundSucceeded | RefundFailed | Reversed | Restored
"""Every message of a channel; each names an order of ours."""


class Instructions(Struct, frozen=True):
    """How an order is paid at its `channel`: at `pay_url`, which is absolute or of this service."""

    channel: str
    pay_url: str


class RefundRequest(Struct, frozen=True):
    """A refund to ask for: `amount_fen` of the `paid_fen` that were paid under `payment_id`.

    `refund_id` is constant: asked twice under one number, it is one refund.
    """

    order_id: str
    payment_id: str
    refund_id: str
    amount_fen: int
    paid_fen: int


class Reply(Struct, frozen=True):
    """The channel's own answer to its notification."""

    status: int
    content_type: str
    body: bytes


class Surroundings(Struct, frozen=True):
    """What every channel is made with: the secret that it shares with us."""

    secret: bytes


class NotAuthentic(Exception):  # noqa: N818 - what it says, not that it failed
    """A notification whose signature, merchant or form is not the channel's."""


class ChannelAway(Exception):  # noqa: N818 - a state of the channel
    """The channel could not be asked, or did not answer; it is asked again later."""


class Channel(Protocol):
    """What the service needs of a channel."""

    def verify(self, headers: Mapping[str, str], body: bytes, now_s: int) -> Message:
        """What an authentic notification says; raises NotAuthentic.

        Ids have a bounded length and amounts are positive, whatever the channel sends.
        """

    def instructions(self, order: Order) -> Instructions | None:
        """How a pending order is paid; None where it cannot be (yet, or any more)."""

    async def refund(self, asked: RefundRequest) -> None:
        """Ask for a refund; what becomes of it comes as a notification. Raises ChannelAway."""

    def acknowledge(self) -> Reply:
        """The reply to a notification that is booked, after which the channel stops sending it."""

    def refuse(self, why: str) -> Reply:
        """The reply to a notification that is not booked, so that the channel sends it again.

        It tells the sender of a forged one nothing new.
        """


class Registration(Struct, frozen=True):
    """How a channel is made, and the name that its secret is kept under.

    One for `development` exists in such ledgers only, for whoever pays there pays nothing; its
    secret is drawn when the ledger is made.
    """

    make: Callable[[Surroundings], Channel]
    secret: str
    development: bool = False
