"""The audit of a shard: silent over an honest log, and it finds every kind of tampering."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from ledger.core import wire
from ledger.core.chain import Record, Tree
from ledger.core.chart import CREATORS_PAYABLE, IN_TRANSIT, LIABILITY_KUAIBI, REFUNDS_PAYABLE
from ledger.core.decider import Event
from ledger.core.findings import Finding
from ledger.core.flows.order import OpenRecharge
from ledger.core.flows.order_refund import OrderRefundRequested, RefundOrder
from ledger.core.flows.transfer import TransferCompleted, TransferReceived, TransferSent
from ledger.core.lots import sums_of
from ledger.core.money import CNY
from ledger.core.verification import ShardVerification, StoredWallet, cost_left_fen
from ledger.core.verification_transfers import TransferAudit
from ledger.core.wallet import Transfer, Wallet
from tests.core.steps import buy, expect
from tests.kit.currencies import KUAIBI
from tests.kit.desk import Journal, desk_at
from tests.kit.house_terms import SHARD, TERMS, VARIANTS
from tests.kit.stories.imagination import MOODS
from tests.kit.stories.invariants import check_invariants
from tests.kit.stories.stories import STARTS, Story, seeded_steps


@pytest.fixture
def journal() -> Journal:
    """A shard with a long story behind it, in batches of several events."""
    story = Story(TERMS, STARTS[1], mood="spending")
    story.tell(seeded_steps(1, 60))
    journal = story.in_batches([4])
    check_invariants(journal)
    return journal


def audit(journal: Journal) -> list[Finding]:
    """Everything that the audit of a journal finds."""
    return list(_audit(ShardVerification(SHARD), journal))


def _audit(shard: ShardVerification, journal: Journal) -> Iterator[Finding]:
    blocks = {block.last_seq: block for block in journal.blocks}
    for record in journal.records:
        yield from shard.follow(record)
        if record.seq in blocks:
            yield from shard.close_block(blocks[record.seq])
    yield from shard.check_head(max(journal.seqs.values()), journal.tree)
    wallets = [wire.decode_wallet(state) for state in journal.wallets.values() if state != b"?"]
    yield from shard.transfers.check(shard.booked_fen(IN_TRANSIT))
    yield from shard.check_liabilities()
    for name, state in journal.wallets.items():
        wallet = journal.wallet(name) if state != b"?" else wallets[0]
        yield from shard.check_wallet(
            StoredWallet(
                name, journal.seqs.get(name, 0), state, sums_of(wallet), events_of(journal, name)
            )
        )
    for (name, kind, document_id), state in journal.documents.items():
        yield from shard.check_document(name, (kind, document_id), state)
    for key, (debit, credit) in journal.totals.items():
        yield from shard.check_total(key, debit, credit)
    yield from shard.check_rest()


def events_of(journal: Journal, wallet_id: str) -> int:
    """How many events of a wallet the log has."""
    return sum(record.wallet_id == wallet_id for record in journal.records)


def forge(journal: Journal, index: int, **changes: Any) -> None:
    """Alter one stored event."""
    journal.records[index] = replace(journal.records[index], **changes)


def first_with_legs(journal: Journal) -> int:
    """The index of the first event that has any legs."""
    return next(index for index, record in enumerate(journal.records) if record.legs)


def swap_legs(journal: Journal) -> None:
    """Post an event to other accounts, still in balance."""
    index = first_with_legs(journal)
    (debit, currency, amount), *rest = journal.records[index].legs
    forge(journal, index, legs=((debit + 1, currency, amount), *rest))


def unbalance(journal: Journal) -> None:
    """Drop a leg."""
    index = first_with_legs(journal)
    forge(journal, index, legs=journal.records[index].legs[1:])


def grow_a_lot(journal: Journal) -> None:
    """Give a stored wallet more than its events did."""
    name, wallet = next(
        (name, journal.wallet(name)) for name in journal.wallets if journal.wallet(name).lots
    )
    lot = replace(wallet.lots[0], available_minor=10**9)
    journal.wallets[name] = wire.encode(replace(wallet, lots=(lot, *wallet.lots[1:])))


def reorder(journal: Journal) -> None:
    """Let two events change places."""
    records = journal.records
    records[0], records[1] = records[1], records[0]


def shift(mapping: dict[Any, Any], value: Any) -> None:
    """Alter the first entry of a mapping."""
    mapping[next(iter(mapping))] = value


def alter_block(journal: Journal, **changes: Any) -> None:
    """Alter the first block."""
    journal.blocks[0] = replace(journal.blocks[0], **changes)


TAMPERINGS: dict[str, tuple[Callable[[Journal], object], str]] = {
    "reordered": (reorder, "gap"),
    "recorded earlier": (lambda j: forge(j, -1, recorded_at=0), "recorded before"),
    "an early day": (lambda j: forge(j, 2, day=0), "accounting day"),
    "no event": (lambda j: forge(j, 2, payload=b"{"), "cannot be applied"),
    "another tag": (lambda j: forge(j, 2, tag="order_paid_v0"), "is tagged"),
    "other legs": (swap_legs, "legs other"),
    "unbalanced": (unbalance, "sum to zero"),
    "another caller": (lambda j: forge(j, 0, caller="mallory"), "root other"),
    "a block cut short": (lambda j: alter_block(j, first_seq=2), "does not cover"),
    "a block's hash": (lambda j: alter_block(j, hash=b"h" * 32), "hash other"),
    "a missing block": (lambda j: j.blocks.pop(), "in no block"),
    "another tree": (lambda j: setattr(j, "tree", Tree()), "tree other"),
    "a missing event": (lambda j: j.records.pop(), "the log ends"),
    "a stranger": (lambda j: j.wallets.update(eve=j.wallets["ann"]), "does not know it"),
    "a lost wallet": (lambda j: j.wallets.pop("ann"), "is not stored"),
    "another seq": (lambda j: j.seqs.update(ann=1), "is stored at seq"),
    "another wallet": (grow_a_lot, "state other"),
    "a broken wallet": (lambda j: shift(j.wallets, b"?"), "state other"),
    "a strange document": (
        lambda j: j.documents.update({("ann", "hold", "x"): b"{}"}),
        "does not know it",
    ),
    "another document": (lambda j: shift(j.documents, b"{}"), "state other"),
    "a lost document": (lambda j: j.documents.popitem(), "is not stored"),
    "another total": (lambda j: shift(j.totals, (1, 2)), "is (1, 2)"),
    "a lost total": (lambda j: j.totals.popitem(), "is not stored"),
    "a strange total": (lambda j: j.totals.update({(0, 0, 0): (1, 1)}), "not (0, 0)"),
}


def test_an_honest_log_has_nothing_to_find(journal: Journal) -> None:
    """`ledger verify` is silent over what the core wrote."""
    assert len(journal.blocks) > 10
    assert audit(journal) == []


@pytest.mark.parametrize("mood", MOODS)
def test_an_honest_log_of_any_mood_has_nothing_to_find(mood: str) -> None:
    """Claims, refunds and tips under way, upgrades, closed wallets: all of it adds up."""
    for seed in range(3):
        story = Story(VARIANTS[seed], STARTS[seed], mood=mood)
        story.tell(seeded_steps(seed, 120))
        assert audit(story.in_batches([3])) == []


def test_points_of_a_refund_under_way_that_were_never_posted_are_found() -> None:
    """What is set aside of a lot is in nobody's balance, but in the wallet's refunds."""
    desk = desk_at("2026-03-10T12:00")
    order_id = buy(desk, OpenRecharge("ann", KUAIBI, 100, "sandbox"))
    expect(OrderRefundRequested, desk.send(RefundOrder("ann", order_id, "please")))
    assert audit(desk.journal) == []
    forge(desk.journal, len(desk.journal.records) - 1, legs=())
    problems = [finding.problem for finding in audit(desk.journal)]
    assert "holds 1000, its postings say 0" in problems
    assert any("refunds are" in problem for problem in problems)


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found(journal: Journal, name: str) -> None:
    """Every stored thing is derived from the log, and the log proves itself."""
    tamper, problem = TAMPERINGS[name]
    tamper(journal)
    assert any(problem in finding.problem for finding in audit(journal)), audit(journal)


def test_postings_that_do_not_carry_the_cost_are_found(journal: Journal) -> None:
    """Contract liability and VAT pending equal the unspent cost of all lots."""
    shard = ShardVerification(SHARD)
    for record in journal.records:
        list(shard.follow(record))
    wallets = [journal.wallet(name) for name in journal.wallets]
    assert sum(cost_left_fen(wallet) for wallet in wallets) > 0
    assert list(shard.check_liabilities()) == []
    for account, complaint in (
        (LIABILITY_KUAIBI, "lots cost"),
        (REFUNDS_PAYABLE, "refunds are"),
        (CREATORS_PAYABLE, "creators are owed"),
    ):
        shard.totals[0, account, CNY] = (0, 1)
        (finding,) = shard.check_liabilities()
        assert complaint in finding.problem
        del shard.totals[0, account, CNY]


def test_halves_of_transfers_that_do_not_belong_together_are_found() -> None:
    """Invariant 5: what is in transit is what was sent and not yet received, each received once."""
    sent = Transfer("tr-1", "ann", "bob", KUAIBI, 100, 5, 1)
    other = replace(sent, transfer_id="tr-2", share_fen=7)
    done = replace(sent, status="done")

    def problems(*events: Event, in_transit_fen: int) -> list[str]:
        audit = TransferAudit()
        for event in events:
            audit.follow(event)
        return [finding.problem for finding in audit.check(in_transit_fen)]

    whole = (TransferSent(sent, (), 0), TransferReceived(sent, 5), TransferCompleted(done))
    assert problems(*whole, in_transit_fen=0) == []
    assert problems(*whole, TransferSent(other, (), 0), in_transit_fen=7) == []
    assert problems(*whole, TransferReceived(sent, 10), in_transit_fen=0) == [
        "was received more than once"
    ]
    assert problems(TransferReceived(sent, 5), in_transit_fen=0) == [
        "was received, but was not sent so"
    ]
    assert problems(whole[0], whole[2], in_transit_fen=5) == ["was completed, but never received"]
    assert problems(*whole, in_transit_fen=5) == ["open are 0 fen, booked are 5"]


def test_a_wallet_whose_points_were_never_posted_is_found(journal: Journal) -> None:
    """What a wallet holds equals its postings, by source; its sums are those of its lots."""
    shard = ShardVerification(SHARD)
    for record in journal.records:
        list(shard.follow(_without_legs(record)))
    name = next(name for name in journal.wallets if journal.wallet(name).lots)
    stored = StoredWallet(name, journal.seqs[name], journal.wallets[name], {})
    problems = [finding.problem for finding in shard.check_wallet(stored)]
    assert any("its postings say 0" in problem for problem in problems)
    assert any("sums other" in problem for problem in problems)


def test_a_payload_that_overdraws_its_wallet_is_found(journal: Journal) -> None:
    """Every part of every lot stays at least 0, at every seq."""
    shard = ShardVerification(SHARD)
    charge = next(record for record in journal.records if record.tag == "debit_charged_v1")
    (finding,) = (
        finding for finding in shard.follow(replace(charge, seq=1)) if finding.what == "wallet"
    )
    assert finding.problem == "has a negative part"


def _without_legs(record: Record) -> Record:
    return replace(record, legs=())


def test_a_snapshot_is_the_wallet_of_its_event(journal: Journal) -> None:
    """The past is told from snapshots: a wrong one would tell a wrong past."""
    shard = ShardVerification(SHARD)
    for record in journal.records:
        list(shard.follow(record))
    name = next(iter(journal.wallets))
    seq, state = journal.seqs[name], journal.wallets[name]
    assert list(shard.check_snapshot(name, seq, state)) == []
    (other,) = shard.check_snapshot(name, seq, wire.encode(Wallet(name)))
    assert "state other" in other.problem
    for stray in ((name, seq - 1), ("eve", 1)):
        (finding,) = shard.check_snapshot(*stray, state)
        assert "no such event" in finding.problem


def test_a_wallet_that_miscounts_its_events_is_found(journal: Journal) -> None:
    """By the count it is decided when the next snapshot is due."""
    shard = ShardVerification(SHARD)
    for record in journal.records:
        list(shard.follow(record))
    name = next(iter(journal.wallets))
    wallet = journal.wallet(name)
    count = events_of(journal, name)
    stored = StoredWallet(
        name, journal.seqs[name], journal.wallets[name], sums_of(wallet), count - 1
    )
    (finding,) = shard.check_wallet(stored)
    assert finding.problem == f"is stored with {count - 1} events, not {count}"
