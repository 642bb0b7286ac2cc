"""Explanations over random stories: what they tell in parts comes to what there is."""

from collections import Counter
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, get_args

import pytest

from ledger.contract.explanation.charge import ChargeExplanation, render_charge_explanation
from ledger.contract.explanation.currencies import ExplainedCurrency
from ledger.contract.explanation.lots import ExplainedLot
from ledger.contract.explanation.upcoming import What
from ledger.contract.explanation.wallet import WalletExplanation, render_wallet_explanation
from ledger.core import wire
from ledger.core.batch import dues
from ledger.core.chain import Record
from ledger.core.chart import ACCOUNTS
from ledger.core.decider import charge_of, evolve
from ledger.core.flows.refund import ChargeRefunded
from ledger.core.instants import INSTANT_MAX
from ledger.core.lots import takes_for
from ledger.core.money import CNY, format_amount
from ledger.core.terms import Terms
from ledger.core.wallet import Charge, ClosedHold, Take, Wallet
from ledger.queries.explanation import Rule, charge_reasons, lots_made_by, wallet_reasons
from ledger.store.explanation import AccountName, RecordedCharge, RecordedRefund
from tests.kit.desk import Journal
from tests.kit.house_terms import CODES, VARIANTS
from tests.kit.stories.imagination import MOODS
from tests.kit.stories.stories import STARTS, Story, seeded_steps

ALL_CODES = {CNY: "CNY", **CODES}
NAMES = {
    number: AccountName(account.path, account.code, account.name)
    for number, account in ACCOUNTS.items()
}
Points = Counter[tuple[str, str]]
"""Points by (state, currency), as the entries move them."""


def post(points: Points, record: Record) -> None:
    """Follow an entry: what is where, with the credits counted."""
    for account, currency, amount in record.legs:
        kind, _, rest = ACCOUNTS[account].path.partition(":")
        if kind == "points":
            points[rest.partition(":")[0], ALL_CODES[currency]] -= amount


def check_wallet(shown: WalletExplanation, wallet: Wallet, points: Points) -> None:
    """Every currency's parts are what the books have; what is to come is what will change."""
    assert {currency.currency for currency in shown.currencies} == set(CODES.values())
    for section in shown.currencies:
        for state, amount in (
            ("available", section.available),
            ("held", section.held),
            ("refunding", section.refunding),
        ):
            assert amount == format_amount(points[state, section.currency])
        check_lots(section, wallet)
        check_limit(section)
    for coming, following in pairwise(shown.upcoming):
        assert datetime.fromisoformat(coming.at) <= datetime.fromisoformat(following.at)
        assert coming.within_48h >= following.within_48h
    for upcoming, (_, event) in zip(shown.upcoming, dues(wallet, INSTANT_MAX), strict=False):
        before, wallet = wallet, evolve(wallet, event)
        for number, code in CODES.items():
            change = wallet.available_minor(number) - before.available_minor(number)
            concerned = upcoming.currency == code
            assert upcoming.amount == format_amount(change) if concerned else not change


def check_lots(section: ExplainedCurrency, wallet: Wallet) -> None:
    """Lots and holds add up, and a debit of everything takes the lots in this order."""
    assert sum(Decimal(lot.available) for lot in section.lots) == Decimal(section.available)
    assert sum(Decimal(lot.held) for lot in section.lots) == Decimal(section.held)
    assert sum(Decimal(hold.amount) for hold in section.holds) == Decimal(section.held)
    by_hold: Counter[tuple[str, str]] = Counter()
    for lot in section.lots:
        assert sum(Decimal(part.amount) for part in lot.held_by) == Decimal(lot.held)
        by_hold.update({(part.hold_id, lot.lot_id): 1 for part in lot.held_by})
    assert by_hold == Counter(
        (hold.hold_id, take.lot_id) for hold in section.holds for take in hold.takes
    )
    number = next(number for number, code in CODES.items() if code == section.currency)
    everything = takes_for(wallet, number, wallet.available_minor(number)) or ()
    spendable = [lot.lot_id for lot in section.lots if Decimal(lot.available)]
    assert [take.lot.lot_id for take in everything] == spendable
    assert [lot.place for lot in section.lots] == list(range(1, len(section.lots) + 1))
    for lot, following in pairwise(section.lots):
        assert lot.rule == naive_rule(lot, following)
        assert lot.why.startswith(f"Spent before {following.lot_id}: ")
    assert {lot.rule for lot in section.lots[-1:]} <= {"last"}


def naive_rule(lot: ExplainedLot, following: ExplainedLot) -> str:
    """The rule of domain.md that tells two lots apart, read off what is told of them."""
    if lot.expires_at != following.expires_at:
        assert lot.expires_at is not None
        return "expires_earlier"
    if lot.paid != following.paid:
        assert following.paid
        return "free_before_paid"
    if lot.granted_at != following.granted_at:
        return "older"
    assert lot.lot_id < following.lot_id
    return "lower_id"


def check_limit(section: ExplainedCurrency) -> None:
    """What is left of a day is what was not charged and is not held."""
    limit = section.limit
    if limit is not None and limit.day is not None and limit.left_today is not None:
        left = Decimal(limit.day) - Decimal(limit.charged_today) - Decimal(limit.held)
        assert Decimal(limit.left_today) == max(left, Decimal())
        assert limit.held == section.held


def recorded_charge(record: Record) -> RecordedCharge:
    """A record as the store reads it."""
    event = wire.decode_event(record.payload)
    return RecordedCharge(
        record.seq, record.occurred_at, record.day, record.caller, event, record.legs
    )


def explained(journal: Journal, record: Record, charge: Charge) -> ChargeExplanation:
    """A charge of a story, explained to somebody who may read the books."""
    name = record.wallet_id
    now = journal.document(name, "charge", charge.charge_id)
    hold = None if charge.hold_id is None else journal.document(name, "hold", charge.hold_id)
    assert isinstance(now, Charge)
    assert hold is None or isinstance(hold, ClosedHold)
    reasons = charge_reasons(
        recorded_charge(record), now, hold, tuple(refunds_of(journal, charge)), NAMES
    )
    return render_charge_explanation(name, reasons, ALL_CODES, with_journal=True)


def refunds_of(journal: Journal, charge: Charge) -> list[RecordedRefund]:
    """The refunds of a charge, by reading the whole log."""
    refunds = []
    for record in journal.records:
        event = wire.decode_event(record.payload)
        if isinstance(event, ChargeRefunded) and event.charge.charge_id == charge.charge_id:
            refunds.append(RecordedRefund(record.seq, record.occurred_at, "x", event, None))
    return refunds


def total(items: Any, field: str) -> Decimal:
    """The sum of an amount over what is told."""
    return sum((Decimal(getattr(item, field)) for item in items), Decimal())


def check_charge(shown: ChargeExplanation, journal: Journal, charge: Charge) -> None:
    """Takes, refunds and legs all come to the same."""
    assert total(shown.takes, "amount") == Decimal(shown.amount)
    for field in ("cost_cny", "vat_cny", "revenue_cny"):
        assert total(shown.takes, field) == Decimal(getattr(shown, field))
    assert Decimal(shown.revenue_cny) + Decimal(shown.vat_cny) == Decimal(shown.cost_cny)
    back: Counter[str] = Counter()
    for refund in refunds_of(journal, charge):
        assert isinstance(refund.event, ChargeRefunded)
        takes: list[Take] = [*refund.event.returned, *(a.take for a in refund.event.absorbed)]
        for take in takes:
            lot_id = take.lot.lot_id
            back[f"{lot_id} points"] += take.amount_minor
            back[f"{lot_id} cost"] += take.cost_fen
            back[f"{lot_id} vat"] += take.vat_fen
    for taken in shown.takes:
        assert taken.refunded == format_amount(back[f"{taken.lot_id} points"])
        assert taken.refunded_cost_cny == format_amount(back[f"{taken.lot_id} cost"])
        assert taken.refunded_vat_cny == format_amount(back[f"{taken.lot_id} vat"])
    assert shown.refunds_complete
    assert total(shown.refunds, "amount") == Decimal(shown.refunded)
    check_journal(shown)


def check_journal(shown: ChargeExplanation) -> None:
    """The legs are balanced, and book what the takes, and the rest of a hold, say."""
    journal, hold = shown.journal, shown.hold
    assert journal is not None
    sums: Counter[str] = Counter()
    by_group: Counter[str] = Counter()
    for leg in journal.legs:
        assert (leg.debit is None) != (leg.credit is None)
        signed = Decimal(leg.debit or 0) - Decimal(leg.credit or 0)
        sums[leg.currency] += signed  # type: ignore[assignment]
        by_group[leg.account.rsplit(":", 1)[0]] -= signed  # type: ignore[assignment]
        by_group[leg.account] -= signed  # type: ignore[assignment]
        assert leg.code
        assert leg.name
    assert not any(sums.values())
    released = [] if hold is None else [hold]
    revenue = Decimal(shown.revenue_cny) + total(released, "absorbed_cost_cny")
    revenue -= total(released, "absorbed_vat_cny")
    vat = Decimal(shown.vat_cny) + total(released, "absorbed_vat_cny")
    assert by_group["revenue"] == revenue == Decimal(journal.revenue_cny)
    assert by_group["liabilities:vat:payable"] == vat == Decimal(journal.vat_cny)
    assert by_group["points:consumed"] == Decimal(shown.amount)
    if hold is not None:
        parts = (shown.amount, hold.returned, hold.absorbed_by_claims)
        assert sum(map(Decimal, parts)) == Decimal(hold.amount)


def check_story(story: Story, terms: Terms) -> Counter[str]:
    """Everything, after every event; says how often it met what is hard."""
    met: Counter[str] = Counter()
    wallets: dict[str, Wallet] = {}
    points: dict[str, Points] = {}
    for record in story.journal.records:
        name, event = record.wallet_id, wire.decode_event(record.payload)
        before = wallets.get(name, Wallet(name))
        wallet = wallets[name] = evolve(before, event)
        post(points.setdefault(name, Counter()), record)
        reasons = wallet_reasons(wallet, record.seq, record.recorded_at, origins={}, orders={})
        shown = render_wallet_explanation(reasons, terms.policy, ALL_CODES)
        check_wallet(shown, wallet, points[name])
        known = {lot.terms.lot_id for lot in before.lots}
        made = {lot.terms.lot_id for lot in wallet.lots} - known
        assert made <= {lot.lot_id for lot in lots_made_by(event)} or returned(event, made)
        for section in shown.currencies:
            met.update(lot.rule for lot in section.lots)
            met["refunding"] += section.refunding != "0.00"
            met["held"] += section.held != "0.00"
        met.update(change.what for change in shown.upcoming)
        charge = charge_of(event)
        if charge is not None:
            charged = explained(story.journal, record, charge)
            check_charge(charged, story.journal, charge)
            met["paid charge"] += charged.cost_cny != "0.00"
            met["refund in parts"] += len(charged.refunds) > 1
            met["absorbed"] += any(Decimal(refund.absorbed_by_claims) for refund in charged.refunds)
    return met


@pytest.mark.parametrize("count", [8, pytest.param(30, marks=pytest.mark.rules)])
def test_what_is_told_in_parts_comes_to_what_there_is(count: int) -> None:
    """After every event of many stories, and of every charge in them, also where it is hard."""
    met: Counter[str] = Counter()
    for seed in range(count):
        mood = "owing" if seed % 3 == 0 else MOODS[seed % len(MOODS)]
        terms = VARIANTS[seed // 2 % len(VARIANTS)]
        story = Story(terms, STARTS[seed % len(STARTS)], mood=mood)
        story.tell(seeded_steps(700 + seed, 130))
        met += check_story(story, terms)
    hard = {*get_args(Rule), *get_args(What), "refunding", "held", "paid charge"}
    assert count < 30 or hard | {"refund in parts", "absorbed"} <= met.keys(), met


def returned(event: Any, lot_ids: set[str]) -> bool:
    """Whether lots that had left the wallet came back with an event: they were made before."""
    takes = getattr(event, "returned", ())
    return bool(lot_ids) and lot_ids <= {take.lot.lot_id for take in takes}
