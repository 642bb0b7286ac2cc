"""The journal in Postgres: lock a shard, load what a batch needs, append what it decided."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from ledger.core import wire
from ledger.core.batch import Batch, Head, Outcome, Remembered, RequestKey, Snapshot
from ledger.core.chain import Record, Tree, split_frontier
from ledger.core.decider import Command, charge_of, refs_of
from ledger.core.flows.due import NEVER, next_due_at
from ledger.core.ids import place_of_charge
from ledger.core.lots import sums_of
from ledger.core.wallet import Charge
from ledger.store.breath import breathing
from ledger.store.pool import Connection
from ledger.store.sql import statement

SNAPSHOT_EVERY: Final = 500
"""Events of a wallet between two snapshots: a past state folds at most so many."""

_NO_LEGS: Final = ((), (), ())


class Wanted(Struct):
    """What to load: wallets, documents by (wallet, kind, id), charges by (wallet, seq), requests.

    `texts` are the requests among them whose command carries free text.
    """

    wallets: dict[str, None]
    documents: list[tuple[str, str, str]]
    charges: list[tuple[str, int]]
    requests: list[RequestKey]
    texts: list[RequestKey]


def nothing_wanted() -> Wanted:
    """A Wanted without anything to load."""
    return Wanted({}, [], [], [], [])


def want_command(wanted: Wanted, key: RequestKey, command: Command) -> None:
    """Add everything that deciding this command may read."""
    wallet_id = command.wallet_id
    wanted.wallets[wallet_id] = None
    if not key[2]:
        return  # a command of the ledger itself, ApplyDues, has no key and names no document
    wanted.requests.append(key)
    if wire.reason_of(command) is not None:
        wanted.texts.append(key)
    for kind, name in refs_of(command):
        want_document(wanted, wallet_id, kind, name)


def want_document(wanted: Wanted, wallet_id: str, kind: str, name: str) -> None:
    """Add a document; a charge's id also names the event that made it."""
    wanted.documents.append((wallet_id, kind, name))
    if kind == "charge" and (place := place_of_charge(name)) is not None:
        _, seq = place
        wanted.charges.append((wallet_id, seq))


async def lock_shard(connection: Connection, shard: int) -> None:
    """Begin a database transaction and wait for the shard's lock."""
    await connection.execute(statement("lock_shard").format(shard=int(shard)))


async def load(connection: Connection, shard: int, wanted: Wanted) -> Snapshot:
    """Load everything wanted in one statement; what does not exist is left out."""
    rows = await connection.fetch(
        statement("load"),
        shard,
        _lines(list(wanted.wallets)),
        *_columns(wanted.documents, 3),
        *_columns(wanted.charges, 2),
        _lines([wallet for wallet, _, _ in wanted.requests]),
        _lines([caller for _, caller, _ in wanted.requests]),
        _lines([key_hash.hex() for _, _, key_hash in wanted.requests]),
        *_columns(wanted.texts, 3),
    )
    return await _snapshot(shard, wanted, rows)


def _lines(values: Sequence[str]) -> str:
    """One column of many rows as a text, a line feed before each value."""
    return "\n" + "\n".join(values) if values else ""


def _json_lines(values: Sequence[bytes]) -> str:
    """The same of JSON: its encoder writes a line feed within a text as an escape."""
    return (b"\n" + b"\n".join(values)).decode() if values else ""


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return (
        [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
    )


async def _snapshot(shard: int, wanted: Wanted, rows: Iterable[Any]) -> Snapshot:
    snapshot = Snapshot(Head(shard, 0, Tree(), 0, 0), {}, {}, {})
    remembered: list[tuple[RequestKey, bytes, Outcome]] = []
    charges: list[tuple[str, Charge | None]] = []
    salts: dict[RequestKey, bytes | None] = dict.fromkeys(wanted.texts)
    head_read = False
    async for what, wallet, a, b, key, numbers, body, extra in breathing(rows):
        match what:
            case "wallet":
                snapshot.wallets[wallet] = wire.decode_wallet(body)
                snapshot.seqs[wallet], snapshot.counts[wallet] = numbers
            case "request":
                remembered.append(((wallet, a, key), extra.encode(), wire.decode_event(body)))
            case "refusal":
                remembered.append(((wallet, a, key), extra.encode(), wire.decode_verdict(body)))
            case "document":
                snapshot.documents[wallet, a, b] = wire.decode_document(body)
            case "charge":
                charges.append((wallet, charge_of(wire.decode_event(body))))
            case "text":
                salts[wallet, a, key] = bytes.fromhex(body)
            case _:
                seq, size, closed_through, now = numbers
                snapshot.head = Head(
                    shard, seq, Tree(size, split_frontier(bytes.fromhex(body))), closed_through, now
                )
                head_read = True
    if not head_read:
        raise LookupError(f"shard {shard} does not exist in this database")
    for wallet, charge in charges:
        if charge is not None:
            # A charge that was refunded is a document of its own, and newer than its event.
            snapshot.documents.setdefault((wallet, "charge", charge.charge_id), charge)
    for request_key, command, answer in remembered:
        salt = salts.get(request_key, b"")
        snapshot.remembered[request_key] = Remembered(command, salt, answer)
    return snapshot


async def append(connection: Connection, snapshot: Snapshot, batch: Batch) -> None:
    """One statement for everything that was decided on what was loaded; the caller commits."""
    head, block = snapshot.head, batch.block
    tree = batch.tree or head.tree
    await connection.execute(
        statement("append"),
        head.shard,
        head.now,
        head.seq,
        *_event_columns(batch.records),
        *_request_columns(batch),
        *await _wallet_columns(batch, snapshot),
        *_document_columns(batch),
        *_total_columns(batch),
        block and block.root,
        block and block.hash,
        tree.size,
        b"".join(tree.frontier),
        len(batch.records),
    )


def _event_columns(records: Sequence[Record]) -> list[str]:
    legs = [list(zip(*record.legs, strict=True)) or _NO_LEGS for record in records]
    return [
        _lines([record.wallet_id for record in records]),
        _lines([record.tag for record in records]),
        _lines([str(record.occurred_at) for record in records]),
        _lines([str(record.day) for record in records]),
        _lines([record.caller for record in records]),
        _lines([record.key_hash.hex() for record in records]),
        _json_lines([record.command for record in records]),
        _json_lines([record.payload for record in records]),
        _lines([_known_array(accounts) for accounts, _, _ in legs]),
        _lines([_known_array(currencies) for _, currencies, _ in legs]),
        _lines([_array(amounts) for _, _, amounts in legs]),
    ]


def _array(numbers: Iterable[int]) -> str:
    """A Postgres array literal; a row's own array cannot travel through unnest otherwise."""
    return "{" + ",".join(map(str, numbers)) + "}"


@lru_cache(maxsize=1_000)
def _known_array(numbers: tuple[int, ...]) -> str:
    """The same of accounts and currencies, of which there are few combinations."""
    return _array(numbers)


def _request_columns(batch: Batch) -> list[list[Any]]:
    refusals = [
        (
            request.wallet_id,
            request.caller,
            request.key_hash,
            request.command.decode(),
            request.verdict.decode(),
        )
        for request in batch.requests
        if request.seq is None
    ]
    texts = [
        (text.wallet_id, text.caller, text.key_hash, text.salt, text.text) for text in batch.texts
    ]
    return [*_columns(refusals, 5), *_columns(texts, 5)]


async def _wallet_columns(batch: Batch, snapshot: Snapshot) -> list[Any]:
    wallets = list(batch.wallets.values())
    wallet_ids = list(batch.wallets)
    last_seq = {record.wallet_id: record.seq for record in batch.records}
    added = Counter([record.wallet_id for record in batch.records])
    counts = [snapshot.counts.get(wallet_id, 0) + added[wallet_id] for wallet_id in wallet_ids]
    states, sums, due = [], [], []
    async for wallet in breathing(wallets):
        states.append(wire.encode(wallet))
        sums.append(sums_of(wallet))
        due.append(next_due_at(wallet))
    # Most wallets have nothing to send on, and are not asked since when.
    unsent = [
        wallet.unsent_since() if wallet.transfers or wallet.refunds else None for wallet in wallets
    ]
    kept = [
        (wallet_id, last_seq[wallet_id], state.decode())
        for wallet_id, state, count in zip(wallet_ids, states, counts, strict=True)
        if count % SNAPSHOT_EVERY < added[wallet_id]
    ]
    return [
        _lines(wallet_ids),
        _lines([str(last_seq[wallet_id]) for wallet_id in wallet_ids]),
        _json_lines(states),
        _lines([_known_array(tuple(by_currency)) for by_currency in sums]),
        _lines(
            [_array([available for available, _ in by_currency.values()]) for by_currency in sums]
        ),
        _lines([_array([held for _, held in by_currency.values()]) for by_currency in sums]),
        _lines(["" if at == NEVER else str(at) for at in due]),
        _lines([str(count) for count in counts]),
        _lines(["" if at is None else str(at) for at in unsent]),
        *_columns(kept, 3),
    ]


def _document_columns(batch: Batch) -> list[list[Any]]:
    last_seq = {record.wallet_id: record.seq for record in batch.records}
    rows = [
        (wallet, kind, name, last_seq[wallet], wire.encode(document).decode())
        for (wallet, kind, name), document in batch.documents.items()
    ]
    return _columns(rows, 5)


def _total_columns(batch: Batch) -> list[list[Any]]:
    return _columns([(*key, *sums) for key, sums in batch.totals.items()], 5)
