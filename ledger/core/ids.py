"""Ids of what is in a wallet, made and taken apart here alone; and the pattern of any id.

An id that is drawn carries `stamp.fresh_id`, by which it sorts in time; others name what they are
of.
"""

import re
from typing import Final

from ledger.core.terms import Stamp

ID_PATTERN: Final = r"[A-Za-z0-9_.:-]{1,64}"
"""What an id looks like, a caller's own included; all that are made here do."""

_CHARGE: Final = re.compile(r"ch-(0|[1-9][0-9]{0,2})-([1-9][0-9]{0,17})", re.ASCII)
_ORDER_ID_LENGTH: Final = 32


def charge_id_for(stamp: Stamp) -> str:
    """A charge's id names the event that made it, so that it is found without an index."""
    return f"ch-{stamp.shard}-{stamp.seq}"


def place_of_charge(charge_id: str) -> tuple[int, int] | None:
    """The (shard, seq) that a charge's id is; None if it is none of ours."""
    match = _CHARGE.fullmatch(charge_id)
    return None if match is None else (int(match[1]), int(match[2]))


def order_id_for(stamp: Stamp) -> str:
    """32 of [0-9a-f], which every channel takes; the first two say the shard.

    The id of an order, and of a refund of one: our number for it at the channel.
    """
    return f"{stamp.shard:02x}{stamp.fresh_id}"


def shard_of_order(order_id: str) -> int | None:
    """The shard that an order id carries; None if it is not one of ours."""
    well_formed = len(order_id) == _ORDER_ID_LENGTH and not order_id.strip("0123456789abcdef")
    return int(order_id[:2], 16) if well_formed else None


def hold_id_for(stamp: Stamp) -> str:
    """The id of a hold whose caller named none."""
    return f"hold-{stamp.fresh_id}"


def transfer_id_for(stamp: Stamp) -> str:
    """The id of a transfer to another wallet."""
    return f"tr-{stamp.fresh_id}"


def conversion_id_for(stamp: Stamp) -> str:
    """The id of a conversion."""
    return f"conv-{stamp.fresh_id}"


def lot_id_for(stamp: Stamp) -> str:
    """The id of a lot that was given for free."""
    return f"lot-{stamp.fresh_id}"


def converted_lot_id_for(stamp: Stamp, number: int) -> str:
    """The id of the lot that a conversion made of its take of this number, from 1 on."""
    return f"lot-{stamp.fresh_id}.{number}"


def recharged_lot_id_for(order_id: str) -> str:
    """The id of the one lot of a recharge."""
    return f"lot-{order_id}"


def month_lot_id_for(series: str, number: int) -> str:
    """The id of a month's lot of a membership, numbered within an order or a failed refund."""
    return f"lot-{series}.{number}"


def restored_lot_id_for(order_id: str, stamp: Stamp) -> str:
    """The id of the lot that a payment given back by its channel makes."""
    return f"lot-{order_id}.r{stamp.seq}"
