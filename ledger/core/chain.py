"""The chain: a hash for every event, a Merkle root for every batch, one RFC 6962 tree a shard."""

from collections.abc import Sequence
from hashlib import sha256
from struct import Struct as Packing
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.instants import Instant
from ledger.core.journal import Legs

HASH_BYTES: Final = 32
_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"
_LAYOUT: Final = 1
_HEADER: Final = Packing(">BHQqqi7I")
_BLOCK: Final = Packing(">BHQQq")
_LEGS: Final = tuple(Packing(f">{3 * count}q") for count in range(33))


class Record(Struct, frozen=True, gc=False):
    """An event as it is stored and hashed.

    `day` is the accounting day as days since 1970-01-01. `command` and `key_hash` are empty for
    events that no command asked for.
    """

    shard: int
    seq: int
    wallet_id: str
    tag: str
    occurred_at: Instant
    recorded_at: Instant
    day: int
    caller: str
    key_hash: bytes
    command: bytes
    payload: bytes
    legs: Legs


class Block(Struct, frozen=True):
    """A committed batch: its first and last seq and the Merkle root over its events' leaves."""

    shard: int
    first_seq: int
    last_seq: int
    recorded_at: Instant
    root: bytes
    hash: bytes


class Tree(Struct, frozen=True):
    """A Merkle tree's frontier: its size, and the roots of its full subtrees, largest first."""

    size: int = 0
    frontier: tuple[bytes, ...] = ()


def leaf_hash(record: Record) -> bytes:
    """SHA-256 over 0x00 and the record: a fixed header with every length, then the fields.

    Header, big-endian: layout (1), shard (2), seq (8), occurred_at, recorded_at (8 each,
    microseconds), day (4), then the lengths (4 each) of wallet, tag, caller, key hash, command,
    payload and legs, which follow in that order. A leg is account, currency and amount, 8 each.
    """
    wallet, tag, caller = record.wallet_id.encode(), record.tag.encode(), record.caller.encode()
    legs = pack_legs(record.legs)
    header = _HEADER.pack(
        _LAYOUT,
        record.shard,
        record.seq,
        record.occurred_at,
        record.recorded_at,
        record.day,
        len(wallet),
        len(tag),
        len(caller),
        len(record.key_hash),
        len(record.command),
        len(record.payload),
        len(legs),
    )
    return sha256(
        b"".join(
            (
                _LEAF,
                header,
                wallet,
                tag,
                caller,
                record.key_hash,
                record.command,
                record.payload,
                legs,
            )
        )
    ).digest()


def pack_legs(legs: Legs) -> bytes:
    """The legs as consecutive big-endian 64-bit integers."""
    flat = [number for leg in legs for number in leg]
    packing = _LEGS[len(legs)] if len(legs) < len(_LEGS) else Packing(f">{len(flat)}q")
    return packing.pack(*flat)


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The RFC 6962 tree hash over leaf hashes; at least one."""
    level = list(leaves)
    while len(level) > 1:
        # Pairing neighbours and promoting an odd last one builds exactly the RFC 6962 shape.
        paired = [
            sha256(_NODE + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)
        ]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
    return level[0]


def block_of(records: Sequence[Record]) -> Block:
    """The block that a batch of records makes."""
    first, last = records[0], records[-1]
    root = merkle_root([leaf_hash(record) for record in records])
    block = Block(first.shard, first.seq, last.seq, first.recorded_at, root, b"")
    return replace(block, hash=block_header_hash(block))


def block_header_hash(block: Block) -> bytes:
    """SHA-256 over 0x00, layout (1), shard (2), first and last seq, recorded_at (8 each), root.

    With its leading zero byte this is the block's leaf hash in the shard's tree.
    """
    header = _BLOCK.pack(_LAYOUT, block.shard, block.first_seq, block.last_seq, block.recorded_at)
    return sha256(_LEAF + header + block.root).digest()


def grow(tree: Tree, leaf: bytes) -> Tree:
    """The tree with one more leaf, in logarithmic time."""
    frontier = [*tree.frontier, leaf]
    size = tree.size
    while size % 2:
        right, left = frontier.pop(), frontier.pop()
        frontier.append(sha256(_NODE + left + right).digest())
        size //= 2
    return Tree(tree.size + 1, tuple(frontier))


def split_frontier(stored: bytes) -> tuple[bytes, ...]:
    """A frontier as it is stored, its hashes one after the other."""
    return tuple(stored[start : start + HASH_BYTES] for start in range(0, len(stored), HASH_BYTES))


def tree_root(tree: Tree) -> bytes:
    """The RFC 6962 root of a tree; of an empty one the hash of nothing."""
    if not tree.frontier:
        return sha256(b"").digest()
    root = tree.frontier[-1]
    for left in reversed(tree.frontier[:-1]):
        root = sha256(_NODE + left + root).digest()
    return root
