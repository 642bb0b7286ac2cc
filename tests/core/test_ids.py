"""Ids: what is made of an event can be found again, and everything made is an id."""

import re

import pytest

from ledger.core import ids
from ledger.core.terms import Stamp

NOW = Stamp(0, 7, 4_711, "0123456789" * 3)


def test_a_charge_says_where_it_is() -> None:
    """Found without an index: in the shard and at the seq of its id."""
    assert ids.place_of_charge(ids.charge_id_for(NOW)) == (7, 4_711)
    assert ids.place_of_charge("ch-0-1") == (0, 1)


@pytest.mark.parametrize(
    "charge_id",
    ["", "ch-", "ch-1-", "ch-1-0", "ch-1-05", "ch-01-5", "ch-1-٣", "ch-1-5 ", "ch-1-" + "9" * 19],
)
def test_an_id_that_only_looks_like_a_charges_is_none(charge_id: str) -> None:
    """No zeros in front, no digits of other scripts, nothing that no seq can be."""
    assert ids.place_of_charge(charge_id) is None


def test_an_order_says_which_shard_it_is_of() -> None:
    """In its first two digits; 32 of them are what every channel takes."""
    order_id = ids.order_id_for(NOW)
    assert ids.shard_of_order(order_id) == 7
    assert (len(order_id), order_id[2:]) == (32, NOW.fresh_id)
    for stranger in ("", order_id[1:], order_id + "0", order_id.replace("0", "g")):
        assert ids.shard_of_order(stranger) is None


def test_every_id_made_here_is_one_and_no_two_are_alike() -> None:
    """What callers are told they can name again."""
    order_id = ids.order_id_for(NOW)
    made = [
        order_id,
        ids.charge_id_for(NOW),
        ids.hold_id_for(NOW),
        ids.transfer_id_for(NOW),
        ids.conversion_id_for(NOW),
        ids.lot_id_for(NOW),
        ids.converted_lot_id_for(NOW, 1_000),
        ids.recharged_lot_id_for(order_id),
        ids.month_lot_id_for(order_id, 12),
        ids.restored_lot_id_for(order_id, NOW),
    ]
    assert all(re.fullmatch(ids.ID_PATTERN, made_id, re.ASCII) for made_id in made)
    assert len(set(made)) == len(made)
