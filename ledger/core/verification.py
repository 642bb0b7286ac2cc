"""Verification of one shard: fold its log again, and report what is stored otherwise."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from ledger.core import wire
from ledger.core.chain import Block, Record, Tree, block_header_hash, grow, leaf_hash, merkle_root
from ledger.core.chart import (
    CREATORS_PAYABLE,
    LIABILITY_INSPIRATION,
    LIABILITY_KUAIBI,
    LIABILITY_MEMBERSHIP,
    POINTS,
    REFUNDS_PAYABLE,
    SOURCES,
    VAT_PENDING,
    points_account,
)
from ledger.core.decider import DocumentRef, Event, evolve
from ledger.core.entries import documents_after, entry_for
from ledger.core.findings import Finding
from ledger.core.flows.adjustment import BalanceAdjusted
from ledger.core.instants import format_instant, shanghai_day
from ledger.core.journal import Legs
from ledger.core.lots import sums_of
from ledger.core.verification_transfers import TransferAudit
from ledger.core.wallet import OrderRefund, Wallet

_CONTRACT: Final = (LIABILITY_INSPIRATION, LIABILITY_KUAIBI, LIABILITY_MEMBERSHIP, VAT_PENDING)
_HELD_BY_WALLETS: Final = frozenset(
    POINTS[state][source] for state in ("available", "held", "refunding") for source in SOURCES
)
"""Accounts of points that are somebody's still."""


class StoredWallet(Struct, frozen=True):
    """A wallet's row as it is stored."""

    wallet_id: str
    seq: int
    state: bytes
    sums: dict[int, tuple[int, int]]
    events: int = 0


class ShardVerification:
    """Folds a shard's log in seq order, then compares what is stored with the result."""

    def __init__(self, shard: int, transfers: TransferAudit | None = None) -> None:
        self.shard = shard
        self.transfers = transfers or TransferAudit()
        self.seq = 0
        self.wallets: dict[str, tuple[int, Wallet]] = {}
        self.documents: dict[tuple[str, DocumentRef], bytes] = {}
        self.totals: dict[tuple[int, int, int], tuple[int, int]] = {}
        self.counts: dict[str, int] = {}
        self.points: dict[str, dict[tuple[int, int], int]] = {}
        self.tree = Tree()
        self._last_recorded_at = 0
        self._leaves: list[bytes] = []

    def follow(self, record: Record) -> Iterator[Finding]:
        """Take the next event of the log."""
        where = f"event {record.shard}/{record.seq}"
        if record.seq != self.seq + 1:
            yield Finding("event", where, f"follows {self.seq}: the log has a gap")
        if record.recorded_at < self._last_recorded_at:
            at = format_instant(self._last_recorded_at)
            yield Finding("event", where, f"was recorded before its predecessor, at {at}")
        if record.day < shanghai_day(record.occurred_at):
            yield Finding("event", where, "has an accounting day before it occurred")
        self.seq, self._last_recorded_at = record.seq, record.recorded_at
        self._leaves.append(leaf_hash(record))
        self._add_totals(record)
        try:
            event = wire.decode_event(record.payload)
            yield from self._fold(record, event, where)
        except Exception as error:  # noqa: BLE001 - whatever a forged payload makes raise is a finding
            yield Finding("event", where, f"cannot be applied: {error!r}")

    def _add_totals(self, record: Record) -> None:
        points = self.points.setdefault(record.wallet_id, {})
        for account, currency, amount in record.legs:
            key = (record.day, account, currency)
            debit, credit = self.totals.get(key, (0, 0))
            self.totals[key] = (debit + max(amount, 0), credit + max(-amount, 0))
            if account in _HELD_BY_WALLETS:
                points[account, currency] = points.get((account, currency), 0) - amount

    def _fold(self, record: Record, event: Event, where: str) -> Iterator[Finding]:
        if wire.tag_of(event) != record.tag:
            yield Finding("event", where, f"is tagged {record.tag}, its payload {event!r}")
        if entry_for(event) != record.legs:
            yield Finding("event", where, "has legs other than its payload's")
        if any(_leg_sums(record.legs).values()):
            yield Finding("event", where, "has legs that do not sum to zero")
        if isinstance(event, BalanceAdjusted) and event.approved_by == event.proposed_by:
            yield Finding("event", where, f"was approved by {event.proposed_by}, its proposer")
        _, wallet = self.wallets.get(record.wallet_id, (0, Wallet(record.wallet_id)))
        for ref, document in documents_after(wallet, event, record.occurred_at):
            self.documents[record.wallet_id, ref] = wire.encode(document)
        self.transfers.follow(event)
        self.counts[record.wallet_id] = self.counts.get(record.wallet_id, 0) + 1
        wallet = evolve(wallet, event)
        self.wallets[record.wallet_id] = (record.seq, wallet)
        if any(_negative_parts(wallet)):
            yield Finding("wallet", f"{record.wallet_id} at {record.seq}", "has a negative part")

    def check_snapshot(self, wallet_id: str, seq: int, state: bytes) -> Iterator[Finding]:
        """Compare a stored snapshot with the wallet after the event that was followed last.

        A finding too if the log has no event of this wallet at `seq`.
        """
        where = f"snapshot of wallet {wallet_id} at {seq}"
        logged = self.wallets.get(wallet_id)
        if logged is None or logged[0] != seq:
            yield Finding("snapshot", where, "is stored, but the log has no such event")
        elif not _is_state_of(state, logged[1]):
            yield Finding("snapshot", where, "is stored with a state other than its events'")

    def close_block(self, block: Block) -> Iterator[Finding]:
        """Take the block that ends with the event followed last."""
        where = f"block {block.shard}/{block.first_seq}-{block.last_seq}"
        leaves, self._leaves = self._leaves, []
        if block.last_seq != self.seq or len(leaves) != block.last_seq - block.first_seq + 1:
            yield Finding("block", where, f"does not cover the {len(leaves)} events to {self.seq}")
        elif merkle_root(leaves) != block.root:
            yield Finding("block", where, "has a root other than that of its events")
        if block_header_hash(block) != block.hash:
            yield Finding("block", where, "has a hash other than that of its header and root")
        self.tree = grow(self.tree, block.hash)

    def check_head(self, seq: int, tree: Tree) -> Iterator[Finding]:
        """Compare the shard's head."""
        where = f"shard {self.shard}"
        if self._leaves:
            yield Finding("head", where, f"{len(self._leaves)} last events are in no block")
        if seq != self.seq:
            yield Finding("head", where, f"says seq {seq}, the log ends at {self.seq}")
        if tree != self.tree:
            yield Finding("head", where, "has a tree other than that of its blocks")

    def check_wallet(self, stored: StoredWallet) -> Iterator[Finding]:
        """Compare one stored wallet, and its points with the postings; then forget it."""
        where = f"wallet {stored.wallet_id}"
        logged = self.wallets.pop(stored.wallet_id, None)
        if logged is None:
            yield Finding("wallet", where, "is stored, but the log does not know it")
            return
        seq, wallet = logged
        if stored.seq != seq:
            yield Finding("wallet", where, f"is stored at seq {stored.seq}, the log has {seq}")
        counted = self.counts.pop(stored.wallet_id, 0)
        if stored.events != counted:
            yield Finding("wallet", where, f"is stored with {stored.events} events, not {counted}")
        if not _is_state_of(stored.state, wallet):
            yield Finding("wallet", where, "is stored with a state other than its events'")
        if stored.sums != sums_of(wallet):
            yield Finding("wallet", where, "is stored with sums other than its lots'")
        held, posted = _points_of(wallet), self.points.pop(stored.wallet_id, {})
        for place in sorted(held.keys() | posted.keys()):
            held_minor, posted_minor = held.get(place, 0), posted.get(place, 0)
            if held_minor != posted_minor:
                yield Finding(
                    "wallet", where, f"holds {held_minor}, its postings say {posted_minor}"
                )

    def check_document(self, wallet_id: str, ref: DocumentRef, state: bytes) -> Iterator[Finding]:
        """Compare one stored document; then forget it."""
        expected = self.documents.pop((wallet_id, ref), None)
        where = f"{ref[0]} {ref[1]} of wallet {wallet_id}"
        if expected is None:
            yield Finding("document", where, "is stored, but the log does not know it")
        elif expected != state:
            yield Finding("document", where, "is stored with a state other than its events'")

    def check_total(self, key: tuple[int, int, int], debit: int, credit: int) -> Iterator[Finding]:
        """Compare one stored total of (day, account, currency); then forget it."""
        expected = self.totals.pop(key, (0, 0))
        if expected != (debit, credit):
            yield Finding(
                "total", f"shard {self.shard} {key}", f"is {debit, credit}, not {expected}"
            )

    def check_liabilities(self) -> Iterator[Finding]:
        """What is owed by the books equals what wallets are owed; before wallets are compared.

        Contract liability and VAT pending are the cost of lots and ungranted months; refunds
        payable those under way, and payments that bought nothing and could not be returned.
        """
        wallets = [wallet for _, wallet in self.wallets.values()]
        owed = sum(cost_left_fen(wallet) for wallet in wallets)
        booked = self.booked_fen(*_CONTRACT)
        where = f"shard {self.shard}"
        if owed != booked:
            yield Finding("liability", where, f"lots cost {owed} fen, booked are {booked}")
        owed = sum(refund.amount_fen for wallet in wallets for refund in wallet.refunds)
        owed += self._stuck_fen()
        booked = self.booked_fen(REFUNDS_PAYABLE)
        if owed != booked:
            yield Finding("liability", where, f"refunds are {owed} fen, booked are {booked}")
        owed = sum(wallet.payable_fen for wallet in wallets)
        booked = self.booked_fen(CREATORS_PAYABLE)
        if owed != booked:
            yield Finding("liability", where, f"creators are owed {owed} fen, booked are {booked}")

    def _stuck_fen(self) -> int:
        refunds = (
            wire.decode_document(state)
            for (_, (kind, _)), state in self.documents.items()
            if kind == "refund"
        )
        return sum(
            refund.amount_fen
            for refund in refunds
            if isinstance(refund, OrderRefund)
            and refund.status == "failed"
            and refund.payment_id is not None
        )

    def booked_fen(self, *accounts: int) -> int:
        """The credit balance of accounts by the log; before totals are compared."""
        return sum(
            credit - debit
            for (_, account, _), (debit, credit) in self.totals.items()
            if account in accounts
        )

    def check_rest(self) -> Iterator[Finding]:
        """Report wallets, documents and totals that follow from the log but are not stored."""
        for wallet_id in self.wallets:
            yield Finding("wallet", f"wallet {wallet_id}", "is not stored")
        for wallet_id, ref in self.documents:
            yield Finding("document", f"{ref[0]} {ref[1]} of wallet {wallet_id}", "is not stored")
        for key in self.totals:
            yield Finding("total", f"shard {self.shard} {key}", "is not stored")


def _is_state_of(state: bytes, wallet: Wallet) -> bool:
    """Whether stored bytes are this wallet."""
    try:
        return wire.decode_wallet(state) == wallet
    except Exception:  # noqa: BLE001 - bytes that are no wallet differ from one
        return False


def cost_left_fen(wallet: Wallet) -> int:
    """The gross cost of all that is unspent: lots, open holds, and months not yet granted."""
    held = sum(take.cost_fen for hold in wallet.holds for take in hold.takes)
    membership = wallet.membership
    terms = (*membership.terms, *membership.upgrades) if membership else ()
    ungranted = sum(term.ungranted_fen for term in terms)
    return sum(lot.cost_left_fen for lot in wallet.lots) + held + ungranted


def _points_of(wallet: Wallet) -> dict[tuple[int, int], int]:
    """Points by (account, currency): available and held of lots, refunding of refunds."""
    points: dict[tuple[int, int], int] = {}
    for refund in wallet.refunds:
        for take in refund.takes:
            place = (points_account(take.lot.source, "refunding"), take.lot.currency)
            points[place] = points.get(place, 0) + take.amount_minor
    for lot in wallet.lots:
        source, currency = lot.terms.source, lot.terms.currency
        available = (points_account(source, "available"), currency)
        held = (points_account(source, "held"), currency)
        points[available] = points.get(available, 0) + lot.available_minor
        points[held] = points.get(held, 0) + lot.held_minor
    return points


def _negative_parts(wallet: Wallet) -> Iterator[bool]:
    for lot in wallet.lots:
        parts = (lot.available_minor, lot.held_minor, lot.cost_left_fen, lot.vat_left_fen)
        yield min(parts) < 0


def _leg_sums(legs: Legs) -> dict[int, int]:
    """The sum of an entry's legs per currency; every one must be zero."""
    sums: dict[int, int] = {}
    for _, currency, amount in legs:
        sums[currency] = sums.get(currency, 0) + amount
    return sums
