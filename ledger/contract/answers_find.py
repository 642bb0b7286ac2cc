"""Answers of finding: what goes by a name, and how far the directory is."""

from msgspec import Struct

from ledger.store.directory import NameKind


class FoundAnswer(Struct, frozen=True):
    """Something of this name, and the wallet it belongs to.

    `seq` is of an event of that wallet which tells of it: the one that named it first, or of a
    wallet, an order and a refund the one that changed it last.
    """

    kind: NameKind
    id: str
    wallet_id: str
    seq: int


class IndexedAnswer(Struct, frozen=True):
    """Up to which seq of a shard the directory has followed the log, which ended at `head`."""

    shard: int
    seq: int
    head: int


class FindAnswer(Struct, frozen=True):
    """All that goes by a name; `more` says that there is more than can be told."""

    items: list[FoundAnswer]
    more: bool
    indexed: list[IndexedAnswer]
