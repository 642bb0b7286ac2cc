"""The invariants of the domain, checked over a shard's records from their bytes alone."""

from collections import Counter
from hashlib import sha256

from ledger.core import wire
from ledger.core.chain import leaf_hash, tree_root
from ledger.core.chart import ACCOUNTS
from ledger.core.decider import Event, evolve
from ledger.core.entries import entry_for
from ledger.core.flows.order_refund import OrderRefundConfirmed, OrderRefundFailed
from ledger.core.flows.transfer import TransferReceived, TransferSent
from ledger.core.money import CNY
from ledger.core.purchases import MembershipTerm
from ledger.core.wallet import Wallet
from tests.kit.desk import Journal

Points = Counter[tuple[str, int]]
"""Points by (account path, currency)."""

Money = Counter[str]
"""Fen by group of accounts."""

_GROUPS = {
    "liabilities:contract:inspiration": "contract",
    "liabilities:contract:kuaibi": "contract",
    "liabilities:contract:membership": "contract",
    "liabilities:vat:pending": "contract",
    "liabilities:refunds": "refunds",
    "liabilities:creators": "creators",
    "in-transit": "in transit",
}
"""Accounts whose balance, summed by group, the state of the wallets must explain to the fen."""


def check_invariants(journal: Journal) -> None:
    """Read the log again from its first event and check every invariant after each."""
    wallets: dict[str, Wallet] = {}
    points: dict[str, Points] = {}
    money: dict[str, Money] = {}
    booked: Money = Counter()
    owed: Money = Counter()
    transit: dict[str, int] = {}
    for record in journal.records:
        event = wire.decode_event(record.payload)
        assert wire.tag_of(event) == record.tag
        assert entry_for(event) == record.legs
        assert not any(_sums(record.legs).values()), record
        name = record.wallet_id
        before = wallets.get(name, Wallet(name))
        wallet = evolve(before, event)
        wallets[name] = wallet
        _check_no_part_is_negative(wallet)
        posted = points.setdefault(name, Counter())
        for account, currency, amount in record.legs:
            path = ACCOUNTS[account].path
            if path.startswith(("points:available", "points:held", "points:refunding")):
                posted[path, currency] -= amount
            booked[_GROUPS.get(path, "")] -= amount if currency == CNY else 0
        assert +_points_in(wallet) == +posted, record
        assert not -posted, record
        owed.subtract(money.get(name, {}))
        money[name] = _owed_by(wallet)
        owed.update(money[name])
        _follow_transfers(transit, event)
        owed["in transit"] = sum(transit.values())
        owed["refunds"] += _kept_of_a_failed_second_payment(before, event)
        for group in set(_GROUPS.values()):
            assert booked[group] == owed[group], (group, record)
    assert {name: wire.encode(wallet) for name, wallet in wallets.items()} == journal.wallets


def _sums(legs: tuple[tuple[int, int, int], ...]) -> Counter[int]:
    sums: Counter[int] = Counter()
    for _, currency, amount in legs:
        sums[currency] += amount
    return sums


def _follow_transfers(transit: dict[str, int], event: Event) -> None:
    """A share is in transit from when it is sent until it is received, done or not."""
    match event:
        case TransferSent(transfer=sent):
            assert sent.transfer_id not in transit
            transit[sent.transfer_id] = sent.share_fen
        case TransferReceived(transfer=received):
            assert transit.pop(received.transfer_id) == received.share_fen
        case _:
            pass


def _kept_of_a_failed_second_payment(before: Wallet, event: Event) -> int:
    """Money that bought nothing and could not be returned stays payable until it is after all."""
    if isinstance(event, OrderRefundFailed) and event.refund.payment_id is not None:
        return event.refund.amount_fen
    if isinstance(event, OrderRefundConfirmed) and before.refund(event.refund.refund_id) is None:
        return -event.refund.amount_fen
    return 0


def _check_no_part_is_negative(wallet: Wallet) -> None:
    for lot in wallet.lots:
        parts = (lot.available_minor, lot.held_minor, lot.cost_left_fen, lot.vat_left_fen)
        assert min(parts) >= 0, lot
        assert lot.available_minor + lot.held_minor <= lot.terms.amount_minor, lot
        assert lot.available_minor or not lot.cost_left_fen, lot
    for hold in wallet.holds:
        assert hold.amount_minor == sum(take.amount_minor for take in hold.takes), hold
        assert min(min(take.cost_fen, take.vat_fen) for take in hold.takes) >= 0, hold
    for term in _terms_of(wallet):
        assert min(term.left, term.ungranted_fen, term.ungranted_vat_fen) >= 0, term
        assert term.left or not term.ungranted_fen, term
    for claim in wallet.claims:
        assert claim.open_fen >= 1, claim
        assert claim.open_vat_fen >= 0, claim
    for refund in wallet.refunds:
        assert refund.amount_fen >= 1, refund
    assert wallet.payable_fen >= 0
    assert len({claim.order_id for claim in wallet.claims}) == len(wallet.claims)
    assert len({lot.terms.lot_id for lot in wallet.lots}) == len(wallet.lots)


def _terms_of(wallet: Wallet) -> tuple[MembershipTerm, ...]:
    membership = wallet.membership
    return (*membership.terms, *membership.upgrades) if membership else ()


def _points_in(wallet: Wallet) -> Points:
    points: Points = Counter()
    for lot in wallet.lots:
        source, currency = lot.terms.source, lot.terms.currency
        points[f"points:available:{source}", currency] += lot.available_minor
    for hold in wallet.holds:
        for take in hold.takes:
            points[f"points:held:{take.lot.source}", hold.currency] += take.amount_minor
    for refund in wallet.refunds:
        for take in refund.takes:
            points[f"points:refunding:{take.lot.source}", take.lot.currency] += take.amount_minor
    for lot in wallet.lots:
        held = sum(
            take.amount_minor
            for hold in wallet.holds
            for take in hold.takes
            if take.lot.lot_id == lot.terms.lot_id
        )
        assert held == lot.held_minor, lot
    return points


def _owed_by(wallet: Wallet) -> Money:
    """What a wallet's state says that is owed to its owner, by group of accounts."""
    available = sum(lot.cost_left_fen for lot in wallet.lots)
    held = sum(take.cost_fen for hold in wallet.holds for take in hold.takes)
    ungranted = sum(term.ungranted_fen for term in _terms_of(wallet))
    return Counter(
        {
            "contract": available + held + ungranted,
            "refunds": sum(refund.amount_fen for refund in wallet.refunds),
            "creators": wallet.payable_fen,
        }
    )


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
