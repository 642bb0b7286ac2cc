"""Amounts: floats, cents that drift, signs, what is undone twice, prices below nothing."""

import asyncio
import random
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

import ledger.catalog
from ledger.catalog import load_catalogue
from ledger.core.batch import Done
from ledger.core.decider import Command
from ledger.core.flows.conversion import Convert
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import AuthorizeHold, CaptureHold, HoldAuthorized, HoldCaptured
from ledger.core.flows.order import OpenMembership, OpenRecharge, OrderOpened
from ledger.core.flows.order_refund import RefundOrder
from ledger.core.flows.refund import ChargeRefunded, RefundCharge
from ledger.core.flows.reversal import RestorePayment, ReversePayment
from ledger.core.flows.transfer import PayOut, SendTransfer
from ledger.core.flows.upgrade import MembershipUpgraded
from ledger.core.rejections import Reason, Rejection
from ledger.service import Ledger
from ledger.store.pool import connect_service
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.databases import Database, differences
from tests.kit.examples import seeds
from tests.kit.http_calls import balance, funded, new_wallet, post, problem, state
from tests.kit.http_steps import body_of, paid_order
from tests.kit.serving import Client, Served, opened
from tests.kit.steps import available, closing_of, done, paid, refused
from tests.known_bugs.clock import StoppedClock

FLOATS = [b"0.1", b"1.0", b"1e1", b"-0.0", b"1", b"0.30000000000000004", b'"1e1"', b'"0.001"']


@pytest.mark.parametrize("amount", FLOATS)
async def test_no_float_is_an_amount(http: Client, amount: bytes) -> None:
    """blnk#203: with float amounts a balance moved with no entry.

    Rule: amounts are decimal texts of at most two places; anything else is 400 and moves nothing.
    """
    wallet = await funded(http, "10")
    before = await state(http, wallet)
    body = b'{"currency":"INSPIRATION","amount":' + amount + b"}"
    for call in ("debits", "holds"):
        headers = {"content-type": "application/json", "idempotency-key": call}
        answer = await http.post(f"{wallet}/{call}", content=body, headers=headers)
        problem(answer, 400, "malformed")
    assert await state(http, wallet) == before


async def test_a_balance_is_the_sum_of_its_entries(http: Client, served: Served) -> None:
    """blnk#203: with float amounts a balance moved with no entry.

    Rule: a wallet is the fold of its events and the sum of its postings; ten times 0.1 and twenty
    times 0.2 are 5, and none of them leaves anything behind.
    """
    wallet = await funded(http, "5")
    for amount in ["0.1"] * 10 + ["0.20"] * 20:
        debit = {"currency": "INSPIRATION", "amount": amount}
        after = body_of(await post(http, f"{wallet}/debits", debit))["available_after"]
        assert after == f"{await _posted_minor(served, wallet) / 100:.2f}"
    assert await balance(http, wallet) == ("0.00", "0.00")


async def _posted_minor(served: Served, wallet: str) -> int:
    connection = await connect_service(served.database_url)
    try:
        total: int = await connection.fetchval(
            "SELECT -sum(amount) FROM postings WHERE wallet = $1 AND account LIKE $2",
            wallet.rsplit("/", 1)[1],
            "points:available:%",
        )
        return total
    finally:
        await connection.close()


@pytest.mark.parametrize("seed", seeds(3))
async def test_every_fen_of_a_recharge_is_found_again(
    ledger: Ledger, database: Database, seed: int
) -> None:
    """lago-api#5121: one-cent drift.

    Rule: a take's cost is the share up to it less the shares before it, so a lot's shares are
    exactly its price, however it was spent, held, given back and spent again.
    """
    dice = random.Random(seed)
    for price_fen in (100, 700):
        await paid(ledger, OpenRecharge("w", INSPIRATION, price_fen, "sandbox"))
    for _ in range(60):
        part = dice.choice((1, 3, 7, 33, 101))
        hold = await done(ledger, AuthorizeHold("w", INSPIRATION, part), HoldAuthorized)
        capture = CaptureHold("w", hold.hold.hold_id, dice.randint(1, part))
        charge = (await done(ledger, capture, HoldCaptured)).charge
        if dice.random() < 0.7:
            back = RefundCharge("w", charge.charge_id, "test", dice.randint(1, charge.amount_minor))
            await done(ledger, back, ChargeRefunded)
    rest = await available(ledger, "w")
    await done(ledger, Debit("w", INSPIRATION, rest), DebitCharged)
    assert await closing_of(ledger) == {
        "assets:funds:sandbox": 800,
        "liabilities:vat:payable": -46,
        "revenue:generation": -754,
    }
    assert await differences(database) == []


async def test_every_fen_of_a_membership_is_found_again(
    still: Ledger, clock: StoppedClock, database: Database
) -> None:
    """lago-api#5121: one-cent drift.

    Rule: the price is spread over the grants by cumulative proportion; once all have expired it is
    revenue and VAT to the fen, and nothing is left of the liability.
    """
    order = await paid(still, OpenMembership("w", "gold", "year", "sandbox", "launch"))
    assert order.price_fen == 55_400
    costs = []
    for month in range(1, 13):
        lots = (await still.wallets.read("w")).wallet.lots
        costs.append(sum(lot.terms.cost_fen for lot in lots))
        await done(still, Debit("w", INSPIRATION, 7 * month), DebitCharged)
        await clock.set(f"202{6 + (2 + month) // 12}-{(2 + month) % 12 + 1:02d}-10T12:00")
    assert (sum(costs), set(costs)) == (55_400, {4_616, 4_617})
    await refused(still, Debit("w", INSPIRATION, 1), Reason.INSUFFICIENT_FUNDS)
    # The last month's end is recorded by the first command that succeeds.
    await done(still, Grant("w", INSPIRATION, 1, "promotional", "test"), object)
    books = await closing_of(still)
    assert set(books) == {
        "assets:funds:sandbox",
        "liabilities:vat:payable",
        "revenue:membership",
        "revenue:breakage",
    }
    assert books["liabilities:vat:payable"] == -3_136
    assert await differences(database) == []


async def test_a_negative_amount_moves_nothing(ledger: Ledger, http: Client) -> None:
    """blnk#360: negative and self transfers were accepted.

    Rule: an amount is above 0, in every call and again in every decision.
    """
    wallet = await funded(http, "10")
    before = await state(http, wallet)
    for amount in ("-1", "-0.01", "0", "0.00", "-0"):
        body: dict[str, str] = {"currency": "INSPIRATION", "amount": amount}
        gift = body | {"source": "promotional", "reason": "test"}
        for call, sent in (("debits", body), ("holds", body), ("grants", gift)):
            assert (await post(http, f"{wallet}/{call}", sent)).status_code == 400
    assert await state(http, wallet) == before
    order = await paid(ledger, OpenRecharge("w", KUAIBI, 1_000, "sandbox"))
    for minor in (-100, 0):
        commands: tuple[Command, ...] = (
            Debit("w", KUAIBI, minor),
            AuthorizeHold("w", KUAIBI, minor),
            Grant("w", KUAIBI, minor, "promotional", "test"),
            SendTransfer("w", "v", KUAIBI, minor),
            Convert("w", KUAIBI, INSPIRATION, minor),
            PayOut("w", minor, 0),
            RefundOrder("w", order.order_id, "test", minor),
            ReversePayment("w", order.order_id, "r", minor),
            RestorePayment("w", order.order_id, "r", minor),
        )
        for command in commands:
            await refused(ledger, command, Reason.AMOUNT_OUT_OF_RANGE)
    assert await available(ledger, "w", KUAIBI) == 10_000
    assert (await ledger.wallets.read("v")).seq == 0


async def test_a_tip_to_oneself_is_refused(http: Client) -> None:
    """blnk#360: negative and self transfers were accepted.

    Rule: transfer-to-self, and nothing is consumed, in transit or payable.
    """
    wallet = new_wallet()
    body = {"kind": "recharge", "currency": "KUAIBI", "price_cny": "10", "channel": "sandbox"}
    await paid_order(http, wallet, body)
    before = await state(http, wallet)
    for amount in ("1", "100", "1000"):
        tip = {"currency": "KUAIBI", "amount": amount, "to_wallet_id": wallet.rsplit("/", 1)[1]}
        problem(await post(http, f"{wallet}/transfers", tip), 400, "transfer-to-self")
        tip["amount"] = f"-{amount}"
        problem(await post(http, f"{wallet}/transfers", tip), 400, "malformed")
    assert await state(http, wallet) == before


async def test_a_hold_is_voided_once(http: Client) -> None:
    """blnk#43: a void was accepted twice.

    Rule: void, capture and expiry close a hold; whatever comes later is 409 hold-not-open.
    """
    wallet = await funded(http, "10")
    for name in ("h1", "h2"):
        body = {"currency": "INSPIRATION", "amount": "4", "hold_id": name}
        body_of(await post(http, f"{wallet}/holds", body))
    voids = await asyncio.gather(*(post(http, f"{wallet}/holds/h1/void", {}) for _ in range(8)))
    assert sorted(answer.status_code for answer in voids) == [200] + [409] * 7
    assert await balance(http, wallet) == ("6.00", "4.00")
    body_of(await post(http, f"{wallet}/holds/h2/capture", {"amount": "1"}))
    assert await balance(http, wallet) == ("9.00", "0.00")
    for name, status in (("h1", "voided"), ("h2", "captured")):
        for call in ("void", "capture"):
            answer = await post(http, f"{wallet}/holds/{name}/{call}", {})
            assert problem(answer, 409, "hold-not-open")["hold_status"] == status
    assert await balance(http, wallet) == ("9.00", "0.00")


async def test_an_upgrade_never_costs_less_than_nothing(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """polar#9410: an upgrade order gave -100.

    Rule: the price is the list difference times the grants left, never below 0; an upgrade for
    nothing is paid at once and books no money. A lower plan is a membership at its own price.
    """
    catalogue = Path(copytree(Path(ledger.catalog.__file__).parent, tmp_path / "catalogue"))
    plans = catalogue / "plans.toml"
    # Platinum became cheaper than gold, diamond costs exactly as much.
    cheaper = plans.read_text().replace('"266"', '"60"').replace('"666"', '"66"')
    plans.write_text(cheaper)
    monkeypatch.setattr("ledger.service.load_catalogue", partial(load_catalogue, catalogue))
    async with opened(database) as service:
        for wallet_id, plan, more in (("p", "platinum", 234_000), ("d", "diamond", 734_000)):
            await paid(service, OpenMembership(wallet_id, "gold", "quarter", "sandbox"))
            books = await closing_of(service)
            upgrade = OpenMembership(wallet_id, plan, "quarter", "sandbox")
            upgraded = await done(service, upgrade, MembershipUpgraded)
            assert (upgraded.order.price_fen, upgraded.order.status) == (0, "paid")
            assert upgraded.lot.amount_minor == more
            assert await available(service, wallet_id) == 66_000 + more
            assert await closing_of(service) == books
        black = OpenMembership("d", "black", "quarter", "sandbox")
        dear = await done(service, black, OrderOpened)
        assert dear.order.price_fen == (131_400 - 6_600) * 3
        gold = await done(service, OpenMembership("p", "gold", "month", "sandbox"), OrderOpened)
        assert gold.order.price_fen == 6_600
    assert await differences(database) == []


async def test_no_order_has_a_price_below_nothing(ledger: Ledger) -> None:
    """polar#9410: an upgrade order gave -100.

    Rule: whatever runs and whatever is asked for, an order's price is not below 0, and one that a
    channel is asked to collect is above it.
    """
    plans, periods = ("gold", "platinum", "diamond", "black"), ("month", "quarter", "year")
    for running in plans:
        for period in periods:
            name = f"{running}-{period}"
            await paid(ledger, OpenMembership(name, running, period, "sandbox"))
            for wanted in plans:
                for other in periods:
                    command = OpenMembership(name, wanted, other, "sandbox")
                    answer: Any = await ledger.submit("test", f"{wanted}-{other}", command)
                    assert isinstance(answer, Done)
                    if isinstance(answer.outcome, Rejection):
                        assert answer.outcome.reason is Reason.UPGRADE_NOT_OFFERED
                    else:
                        assert isinstance(answer.outcome, OrderOpened)
                        assert answer.outcome.order.price_fen > 0
