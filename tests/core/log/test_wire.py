"""The wire: stored bytes keep their meaning for ever."""

import pytest
from msgspec.structs import replace

from ledger.core import wire
from ledger.core.entries import entry_for
from ledger.core.flows.debit import Debit
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import VoidHold
from tests.core.log.golden import FOLDER, read_golden
from tests.kit.currencies import INSPIRATION

DEBIT = Debit("ann", INSPIRATION, 100)
GRANT = Grant("ann", INSPIRATION, 100, "promotional", "for the delay")


def test_every_event_tag_has_a_golden_file_and_no_other_has_one() -> None:
    """Tags are wire names that never change: old logs must stay readable."""
    assert {path.stem for path in FOLDER.glob("*")} == set(wire.EVENT_TYPES)


@pytest.mark.parametrize("tag", sorted(wire.EVENT_TYPES))
def test_a_golden_event_is_encoded_again_byte_for_byte(tag: str) -> None:
    """What was hashed once can be rebuilt from its decoded form."""
    payload = bytes(read_golden(tag).payload)
    event = wire.decode_event(payload)
    assert wire.tag_of(event) == tag
    assert wire.encode(event) == payload


@pytest.mark.parametrize("tag", sorted(wire.EVENT_TYPES))
def test_a_golden_event_still_posts_the_same_legs(tag: str) -> None:
    """A change of the postings needs a new tag: the old events keep theirs."""
    golden = read_golden(tag)
    assert entry_for(wire.decode_event(bytes(golden.payload))) == golden.legs


def test_defaults_are_dropped_so_that_equal_commands_have_equal_bytes() -> None:
    """Sameness of a request is equality of the canonical command."""
    explicit = Debit("ann", INSPIRATION, 100, None, 1, None)
    assert wire.canonical(explicit, b"") == wire.canonical(DEBIT, b"")
    assert b"quantity" not in wire.encode(explicit)


def test_free_text_is_kept_out_of_the_log() -> None:
    """A reason is personal: only its salted digest is in the command that is hashed."""
    sent = wire.canonical(GRANT, b"salt")
    assert b"for the delay" not in sent
    assert sent != wire.canonical(GRANT, b"another salt")
    assert sent != wire.canonical(replace(GRANT, reason="for nothing"), b"salt")
    assert wire.reason_of(GRANT) == "for the delay"
    assert wire.reason_of(DEBIT) is None


def test_the_first_field_that_differs_is_named() -> None:
    """A reused key is refused with the name of what differs."""
    first = wire.canonical(DEBIT, b"")
    assert wire.differing_field(first, replace(DEBIT, amount_minor=101)) == "amount_minor"
    assert wire.differing_field(first, replace(DEBIT, sku="image")) == "sku"
    assert wire.differing_field(first, VoidHold("ann", "h1")) == "kind"
