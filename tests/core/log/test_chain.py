"""The chain: leaves over every field, and trees of RFC 6962."""

import struct
from hashlib import sha256
from typing import Any

import pytest
from msgspec.structs import replace

from ledger.core.chain import (
    Record,
    Tree,
    block_of,
    grow,
    leaf_hash,
    merkle_root,
    pack_legs,
    split_frontier,
    tree_root,
)
from tests.kit.stories.invariants import tree_hash

RECORD = Record(
    shard=1,
    seq=7,
    wallet_id="ann",
    tag="debit_charged_v1",
    occurred_at=1_700_000_000_000_000,
    recorded_at=1_700_000_000_000_001,
    day=20_000,
    caller="app",
    key_hash=b"k" * 32,
    command=b'{"type":"debit"}',
    payload=b'{"type":"debit_charged_v1"}',
    legs=((101, 1001, 5), (104, 1001, -5)),
)

OTHER: dict[str, Any] = {
    "shard": 2,
    "seq": 8,
    "wallet_id": "anne",
    "tag": "debit_charged_v2",
    "occurred_at": 0,
    "recorded_at": 1_700_000_000_000_002,
    "day": -1,
    "caller": "",
    "key_hash": b"k" * 31,
    "command": b"",
    "payload": b'{"type":"debit_charged_v1" }',
    "legs": ((101, 1001, 6), (104, 1001, -6)),
}

LEAVES = [sha256(b"\x00" + bytes([number])).digest() for number in range(40)]


@pytest.mark.parametrize("field", Record.__struct_fields__)
def test_a_leaf_changes_with_every_field(field: str) -> None:
    """Nothing that is stored with an event can be altered unseen."""
    assert leaf_hash(replace(RECORD, **{field: OTHER[field]})) != leaf_hash(RECORD)


def test_a_leaf_is_the_documented_layout_byte_for_byte() -> None:
    """Anybody can recompute a leaf from the layout alone: 0x00, header with lengths, fields."""
    legs = struct.pack(">6q", 101, 1001, 5, 104, 1001, -5)
    fields = (b"ann", b"debit_charged_v1", b"app", RECORD.key_hash, RECORD.command, RECORD.payload)
    header = struct.pack(">BHQqqi", 1, 1, 7, RECORD.occurred_at, RECORD.recorded_at, 20_000)
    header += struct.pack(">7I", *(len(field) for field in (*fields, legs)))
    assert leaf_hash(RECORD) == sha256(b"\x00" + header + b"".join(fields) + legs).digest()


def test_text_cannot_move_from_one_field_into_the_next() -> None:
    """Every field is length-prefixed."""
    moved = replace(RECORD, wallet_id="annd", tag="ebit_charged_v1")
    assert leaf_hash(moved) != leaf_hash(RECORD)


@pytest.mark.parametrize("count", [0, 1, 32, 33, 100])
def test_any_number_of_legs_is_packed(count: int) -> None:
    """An entry over many lots has many legs."""
    legs = tuple((index, 1001, -index) for index in range(count))
    assert struct.unpack(f">{3 * count}q", pack_legs(legs)) == tuple(sum(legs, ()))


def test_the_root_of_no_leaves_is_the_hash_of_nothing() -> None:
    """RFC 6962, section 2.1."""
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree_root(Tree()).hex() == nothing


def test_the_roots_of_the_known_test_vectors() -> None:
    """The eight inputs that Certificate Transparency implementations test with."""
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657",
              "606162636465666768696a6b6c6d6e6f"]  # fmt: skip
    roots = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    leaves = [sha256(b"\x00" + bytes.fromhex(text)).digest() for text in inputs]
    tree = Tree()
    for size, leaf in enumerate(leaves, 1):
        tree = grow(tree, leaf)
        assert tree_root(tree).hex() == roots[size]
        assert merkle_root(leaves[:size]).hex() == roots[size]


@pytest.mark.parametrize("size", range(1, 41))
def test_roots_are_the_recursive_tree_hash_of_the_specification(size: int) -> None:
    """Pairing neighbours, and growing a frontier, both build the tree of RFC 6962."""
    tree = Tree()
    for leaf in LEAVES[:size]:
        tree = grow(tree, leaf)
    assert merkle_root(LEAVES[:size]) == tree_root(tree) == tree_hash(LEAVES[:size])
    assert tree.size == size
    assert len(tree.frontier) == size.bit_count()


@pytest.mark.parametrize("size", [0, 1, 5, 7, 8])
def test_a_frontier_is_stored_as_its_hashes_one_after_the_other(size: int) -> None:
    """And read back as it was, the empty one too."""
    tree = Tree()
    for leaf in LEAVES[:size]:
        tree = grow(tree, leaf)
    assert split_frontier(b"".join(tree.frontier)) == tree.frontier


def test_a_block_covers_its_records_in_order() -> None:
    """A block's root changes when two of its events change places."""
    following = replace(RECORD, seq=8)
    block = block_of([RECORD, following])
    assert (block.first_seq, block.last_seq) == (7, 8)
    assert block.root == tree_hash([leaf_hash(RECORD), leaf_hash(following)])
    assert block_of([following, RECORD]).root != block.root
