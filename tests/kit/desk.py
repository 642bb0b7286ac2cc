"""A desk at which commands are sent to a store in memory, which keeps bytes as Postgres does."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from ledger.core import wire
from ledger.core.batch import (
    Batch,
    Decided,
    Done,
    Envelope,
    Head,
    Outcome,
    Remembered,
    RequestKey,
    Snapshot,
    decide_batch,
    dues,
)
from ledger.core.chain import Block, Record, Tree
from ledger.core.decider import Command, Event, charge_of, evolve, refs_of
from ledger.core.entries import documents_after
from ledger.core.instants import Instant, to_instant
from ledger.core.terms import Terms
from ledger.core.wallet import Document, Wallet
from tests.kit.house_terms import SHARD, TERMS


def at(text: str) -> Instant:
    """The instant of a wall clock in Shanghai, `2026-01-31T12:00` say, or with an offset."""
    moment = datetime.fromisoformat(text)
    return to_instant(moment if moment.tzinfo else datetime.fromisoformat(f"{text}+08:00"))


class Journal:
    """A shard's store in memory: everything is kept as bytes and decoded for every batch."""

    def __init__(self, terms: Terms = TERMS, *, closed_through: int = 0) -> None:
        self.terms = terms
        self.closed_through = closed_through
        self.records: list[Record] = []
        self.blocks: list[Block] = []
        self.tree = Tree()
        self.wallets: dict[str, bytes] = {}
        self.seqs: dict[str, int] = {}
        self.documents: dict[tuple[str, str, str], bytes] = {}
        self.charges: dict[tuple[str, str], int] = {}
        self.requests: dict[RequestKey, tuple[bytes, bytes, int | None]] = {}
        self.salts: dict[RequestKey, bytes | None] = {}
        self.totals: dict[tuple[int, int, int], tuple[int, int]] = {}

    def run(self, envelopes: Sequence[Envelope], now: Instant) -> Batch:
        """Load what the batch names, decide it, and keep what it decided."""
        snapshot = self._load(envelopes, now)
        batch = decide_batch(snapshot, envelopes, lambda _: self.terms)
        self._append(batch)
        return batch

    def _load(self, envelopes: Sequence[Envelope], now: Instant) -> Snapshot:
        head = Head(SHARD, len(self.records), self.tree, self.closed_through, now)
        snapshot = Snapshot(head, {}, {}, {})
        for envelope in envelopes:
            wallet_id = envelope.command.wallet_id
            if wallet_id in self.wallets:
                snapshot.wallets[wallet_id] = self.wallet(wallet_id)
            for kind, name in refs_of(envelope.command):
                document = self.document(wallet_id, kind, name)
                if document is not None:
                    snapshot.documents[wallet_id, kind, name] = document
            key = (wallet_id, envelope.caller, envelope.key_hash)
            if key in self.requests:
                snapshot.remembered[key] = self.remembered(key)
        return snapshot

    def wallet(self, wallet_id: str) -> Wallet:
        """The wallet as it was last stored; one never seen is empty."""
        state = self.wallets.get(wallet_id)
        return Wallet(wallet_id) if state is None else wire.decode_wallet(state)

    def wallet_at(self, wallet_id: str, now: Instant) -> Wallet:
        """The wallet with its dues applied in memory, as a read shows it."""
        wallet = self.wallet(wallet_id)
        for _, event in dues(wallet, now):
            wallet = evolve(wallet, event)
        return wallet

    def documents_at(self, wallet_id: str, now: Instant) -> dict[tuple[str, str], Document]:
        """The wallet's documents with its dues applied in memory."""
        documents = {
            (kind, name): wire.decode_document(state)
            for (owner, kind, name), state in self.documents.items()
            if owner == wallet_id
        }
        wallet = self.wallet(wallet_id)
        for instant, event in dues(wallet, now):
            documents.update(documents_after(wallet, event, instant))
            wallet = evolve(wallet, event)
        return documents

    def document(self, wallet_id: str, kind: str, name: str) -> Document | None:
        """The document of this name; a charge that was never refunded is in its event alone."""
        state = self.documents.get((wallet_id, kind, name))
        if state is not None:
            return wire.decode_document(state)
        seq = self.charges.get((wallet_id, name)) if kind == "charge" else None
        return None if seq is None else charge_of(self.event(seq))

    def remembered(self, key: RequestKey) -> Remembered:
        """What a key was first used for and answered with."""
        command, verdict, seq = self.requests[key]
        answer: Outcome = wire.decode_verdict(verdict) if seq is None else self.event(seq)
        return Remembered(command, self.salts.get(key, b""), answer)

    def event(self, seq: int) -> Event:
        """The event of a seq, from its payload."""
        return wire.decode_event(self.records[seq - 1].payload)

    def _append(self, batch: Batch) -> None:
        self.records.extend(batch.records)
        for record in batch.records:
            self.seqs[record.wallet_id] = record.seq
            charge = charge_of(wire.decode_event(record.payload))
            if charge is not None:
                self.charges[record.wallet_id, charge.charge_id] = record.seq
        for name, wallet in batch.wallets.items():
            self.wallets[name] = wire.encode(wallet)
        for ref, document in batch.documents.items():
            self.documents[ref] = wire.encode(document)
        for request in batch.requests:
            sent = request.command if request.seq is None else self.records[request.seq - 1].command
            key = (request.wallet_id, request.caller, request.key_hash)
            self.requests[key] = (sent, request.verdict, request.seq)
        for text in batch.texts:
            self.salts[text.wallet_id, text.caller, text.key_hash] = text.salt
        for place, (debit, credit) in batch.totals.items():
            debits, credits_ = self.totals.get(place, (0, 0))
            self.totals[place] = (debits + debit, credits_ + credit)
        if batch.block is not None and batch.tree is not None:
            self.blocks.append(batch.block)
            self.tree = batch.tree


class Desk(Struct):
    """Sends commands one by one, each under a key of its own unless one is named."""

    journal: Journal
    now: Instant
    sent: int = 0

    def send(self, command: Command, *, key: str | None = None, caller: str = "app") -> Outcome:
        """The answer to one command at the desk's present instant."""
        outcome = self.journal.run([self.envelope(command, key=key, caller=caller)], self.now)
        return answer_of(outcome.decided[0])

    def envelope(
        self, command: Command, *, key: str | None = None, caller: str = "app"
    ) -> Envelope:
        """The command on its way, with a fresh id and salt made of a running number."""
        self.sent += 1
        return envelope_of(command, self.sent, key or f"key-{self.sent}", caller)


def envelope_of(command: Command, number: int, key: str, caller: str) -> Envelope:
    """A command on its way; the number makes its fresh id and its salt."""
    return Envelope(caller, key.encode(), command, f"{number:030x}", b"salt-%d" % number)


def answer_of(outcome: Decided) -> Outcome:
    """The answer of a command that did not fail; one that did raises its bug here."""
    if not isinstance(outcome, Done):
        raise outcome.error
    return outcome.outcome


def desk_at(text: str, terms: Terms = TERMS) -> Desk:
    """A new ledger with its clock at a Shanghai time."""
    return Desk(Journal(terms), at(text))


def balances(wallet: Wallet) -> Mapping[str, tuple[int, int]]:
    """Available and held by lot id."""
    return {lot.terms.lot_id: (lot.available_minor, lot.held_minor) for lot in wallet.lots}
