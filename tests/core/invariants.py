"""The invariants of the domain, checked over a shard's records from their bytes alone."""

from collections import Counter
from hashlib import sha256

from ledger.core import wire
from ledger.core.chain import leaf_hash, tree_root
from ledger.core.chart import ACCOUNTS
from ledger.core.decider import evolve
from ledger.core.entries import entry_for
from ledger.core.wallet import Wallet
from tests.core.support import Journal

Points = Counter[tuple[str, int]]
"""Points by (account path, currency)."""


def check_invariants(journal: Journal) -> None:
    """Read the log again from its first event and check every invariant after each."""
    wallets: dict[str, Wallet] = {}
    points: dict[str, Points] = {}
    costs: Counter[str] = Counter()
    owed_fen = 0
    for record in journal.records:
        event = wire.decode_event(record.payload)
        assert wire.tag_of(event) == record.tag
        assert entry_for(event) == record.legs
        assert not any(_sums(record.legs).values()), record
        name = record.wallet_id
        wallet = evolve(wallets.get(name, Wallet(name)), event)
        wallets[name] = wallet
        _check_no_part_is_negative(wallet)
        posted = points.setdefault(name, Counter())
        for account, currency, amount in record.legs:
            path = ACCOUNTS[account].path
            if path.startswith(("points:available", "points:held")):
                posted[path, currency] -= amount
            if path.startswith("liabilities:contract") or path == "liabilities:vat:pending":
                owed_fen -= amount
        assert +_points_in(wallet) == +posted, record
        assert not -posted, record
        costs[name] = _unearned_cost_fen(wallet)
        assert costs.total() == owed_fen, record
    assert {name: wire.encode(wallet) for name, wallet in wallets.items()} == journal.wallets


def _sums(legs: tuple[tuple[int, int, int], ...]) -> Counter[int]:
    sums: Counter[int] = Counter()
    for _, currency, amount in legs:
        sums[currency] += amount
    return sums


def _check_no_part_is_negative(wallet: Wallet) -> None:
    for lot in wallet.lots:
        parts = (lot.available_minor, lot.held_minor, lot.cost_left_fen, lot.vat_left_fen)
        assert min(parts) >= 0, lot
        assert lot.available_minor + lot.held_minor <= lot.terms.amount_minor, lot
    for hold in wallet.holds:
        assert hold.amount_minor == sum(take.amount_minor for take in hold.takes), hold
        assert min(min(take.cost_fen, take.vat_fen) for take in hold.takes) >= 0, hold


def _points_in(wallet: Wallet) -> Points:
    points: Points = Counter()
    for lot in wallet.lots:
        source, currency = lot.terms.source, lot.terms.currency
        points[f"points:available:{source}", currency] += lot.available_minor
    for hold in wallet.holds:
        for take in hold.takes:
            points[f"points:held:{take.lot.source}", hold.currency] += take.amount_minor
    for lot in wallet.lots:
        held = sum(
            take.amount_minor
            for hold in wallet.holds
            for take in hold.takes
            if take.lot.lot_id == lot.terms.lot_id
        )
        assert held == lot.held_minor, lot
    return points


def _unearned_cost_fen(wallet: Wallet) -> int:
    available = sum(lot.cost_left_fen for lot in wallet.lots)
    held = sum(take.cost_fen for hold in wallet.holds for take in hold.takes)
    terms = wallet.membership.terms if wallet.membership else ()
    ungranted = sum(term.cost_fen - term.cost_granted_fen for term in terms)
    return available + held + ungranted


def check_chain(journal: Journal) -> None:
    """Recompute every block and the root of the shard's tree from the records."""
    leaves = []
    covered = 0
    for block in journal.blocks:
        records = journal.records[block.first_seq - 1 : block.last_seq]
        assert [record.seq for record in records] == list(range(covered + 1, block.last_seq + 1))
        assert {record.recorded_at for record in records} == {block.recorded_at}
        covered = block.last_seq
        assert block.root == tree_hash([leaf_hash(record) for record in records])
        header = b"\x01" + block.shard.to_bytes(2)
        header += b"".join(
            number.to_bytes(8) for number in (block.first_seq, block.last_seq, block.recorded_at)
        )
        leaves.append(sha256(b"\x00" + header + block.root).digest())
        assert block.hash == leaves[-1]
    assert covered == len(journal.records)
    assert journal.tree.size == len(leaves)
    assert tree_root(journal.tree) == tree_hash(leaves)


def tree_hash(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word by word, over leaf hashes."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()
