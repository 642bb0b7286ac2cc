"""`ledger import`, as a process of its own: balances of an earlier system become the ledger's."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.grant import Grant
from ledger.core.instants import to_instant
from ledger.core.purchases import Claim
from ledger.core.rejections import Rejection
from ledger.core.wallet import LotTerms
from ledger.service import Ledger
from tests.commands.importing import closings, import_, verified
from tests.commands.old_system import CLAIMS, HEADERS, LOTS, PAYABLES, export, export_small
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.databases import Database

NEW_YEAR_2099 = to_instant(datetime(2098, 12, 31, 16, tzinfo=UTC))


async def test_balances_are_carried_over_lot_by_lot(
    database: Database, ledger: Ledger, tmp_path: Path
) -> None:
    """Wallets have their lots, claims and payables with everything that they had elsewhere."""
    code, report = await import_(database, export_small(tmp_path))
    assert (code, report["wallets"]["imported"], report["refused"]) == (0, 3, [])
    assert report["rows"] == {"lots.csv": 5, "claims.csv": 1, "payables.csv": 2}
    ann = (await ledger.wallets.read("ann")).wallet
    granted = to_instant(datetime(2024, 2, 1, 4, 0, 0, 250_000, tzinfo=UTC))
    lots = {lot.terms.lot_id: lot for lot in ann.lots}
    assert [lot.terms.lot_id for lot in ann.lots] == ["A3", "A2", "A4", "A1"]
    assert lots["A2"].terms == LotTerms(
        lot_id="A2",
        currency=INSPIRATION,
        source="membership",
        amount_minor=5_050,
        granted_at=granted,
        expires_at=NEW_YEAR_2099,
        paid=True,
        cost_fen=505,
        vat_fen=29,
        vat_bp=600,
        liability=12,
        order_id="O2",
    )
    a1, a3, a4 = (lots[name].terms for name in ("A1", "A3", "A4"))
    assert (a1.amount_minor, a1.expires_at, a1.cost_fen, a1.vat_fen) == (10_000, None, 1_000, 57)
    assert (a3.paid, a3.source, a3.cost_fen, a3.order_id) == (False, "promotional", 0, None)
    assert (a4.currency, a4.amount_minor, a4.liability) == (KUAIBI, 3_000, 11)
    bob = (await ledger.wallets.read("bob")).wallet
    assert [lot.terms.lot_id for lot in bob.lots] == ["B1"]
    assert bob.claims == (Claim("C9", 700, 40, 40),)
    assert bob.payable_fen == 1_234
    assert (await ledger.wallets.read("cyd")).wallet.payable_fen == 100
    assert await verified(database) == 3


async def test_the_books_tie_and_go_on_from_there(
    database: Database, ledger: Ledger, tmp_path: Path
) -> None:
    """Opening is what is owed; the first debit takes the right lots with their cost and VAT."""
    assert (await import_(database, export_small(tmp_path)))[0] == 0
    books = await closings(ledger)
    money = {account: closing for (account, currency), closing in books.items() if currency == 156}
    assert money == {
        "liabilities:contract:inspiration": -943,
        "liabilities:contract:kuaibi": -283,
        "liabilities:contract:membership": -476,
        "liabilities:vat:pending": -103,
        "liabilities:creators": -1_334,
        "opening": 943 + 283 + 476 + 103 + 1_334,
    }
    assert books["points:available:daily", INSPIRATION] == -6_600
    assert books["points:issued:purchased", KUAIBI] == 3_000
    done = await ledger.submit("shop", "first", Debit("ann", INSPIRATION, 6_000))
    assert isinstance(done.outcome, DebitCharged)
    takes = [
        (take.lot.lot_id, take.amount_minor, take.cost_fen, take.vat_fen)
        for take in done.outcome.charge.takes
    ]
    # A2: 505 * 4,000 / 5,050 and 29 * 4,000 / 5,050, rounded down.
    assert takes == [("A3", 2_000, 0, 0), ("A2", 4_000, 400, 22)]
    books = await closings(ledger)
    assert books["liabilities:contract:membership", 156] == -(476 - (400 - 22))
    assert books["liabilities:vat:payable", 156] == -22
    assert books["opening", 156] == 3_139
    assert await verified(database) == 4


async def test_the_totals_are_those_of_the_books(
    database: Database, ledger: Ledger, tmp_path: Path
) -> None:
    """Files, answers and accounts come to the same, whoever adds them up."""
    _, report = await import_(database, export_small(tmp_path))
    totals = report["totals"]
    shown = {name: value for name, value in totals["files"].items() if value not in {"0", "0.00"}}
    assert shown == {
        "wallets": "3",
        "lots": "5",
        "claims": "1",
        "payables": "2",
        "points:INSPIRATION": "236.50",
        "points:KUAIBI": "30.00",
        "points:INSPIRATION:purchased": "100.00",
        "points:INSPIRATION:membership": "50.50",
        "points:INSPIRATION:daily": "66.00",
        "points:INSPIRATION:promotional": "20.00",
        "points:KUAIBI:purchased": "30.00",
        "cost_cny": "18.05",
        "vat_cny": "1.03",
        "claims_open_cny": "7.00",
        "claims_vat_cny": "0.40",
        "payable_cny": "13.34",
        "liabilities:contract:inspiration": "9.43",
        "liabilities:contract:kuaibi": "2.83",
        "liabilities:contract:membership": "4.76",
        "liabilities:vat:pending": "1.03",
        "liabilities:creators": "13.34",
        "opening": "31.39",
    }
    assert totals["imported"] == totals["files"]
    assert set(totals["already"].values()) == set(totals["missing"].values()) == {"0", "0.00"}
    for (account, currency), closing in (await closings(ledger)).items():
        if currency == 156:
            minor = abs(closing)
            assert totals["files"][account] == f"{minor // 100}.{minor % 100:02d}"


async def test_an_import_that_ran_changes_nothing_again(
    database: Database, ledger: Ledger, tmp_path: Path
) -> None:
    """The same files: all are already there, and the report says with which totals."""
    folder = export_small(tmp_path)
    _, first = await import_(database, folder)
    books = await closings(ledger)
    code, again = await import_(database, folder)
    assert code == 0
    assert (again["wallets"]["imported"], again["wallets"]["already"]) == (0, 3)
    assert again["wallets"]["already_by_another_name"] == 0
    assert again["name"] == first["name"]
    assert again["totals"]["already"] == first["totals"]["imported"]
    assert await closings(ledger) == books
    assert await verified(database) == 3


@pytest.mark.finance
async def test_the_order_of_rows_and_columns_means_nothing(
    database: Database, tmp_path: Path
) -> None:
    """With a byte order mark, CRLF, shuffled rows and columns, quotes: what is there, is there."""
    await import_(database, export_small(tmp_path / "first"))
    second = tmp_path / "second"
    second.mkdir()
    columns = HEADERS["lots.csv"].split(",")
    order = [7, 3, 1, 0, 10, 2, 9, 8, 6, 5, 4]
    with (second / "lots.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow([columns[index] for index in order])
        for row in reversed(LOTS):
            cells = row.split(",")
            writer.writerow([cells[index] for index in order])
            file.write("\r\n")
    files = export(second, None, CLAIMS, PAYABLES[::-1])
    code, report = await import_(database, *files.iterdir())
    assert code == 0
    assert report["wallets"]["already_by_another_name"] == report["wallets"]["already"] == 3
    assert await verified(database) == 3


@pytest.mark.finance
async def test_one_name_means_one_content(
    database: Database, ledger: Ledger, tmp_path: Path
) -> None:
    """Rows that differ from what the same import brought are refused, with the field that does."""
    lots = [LOTS[0], LOTS[1]]
    await import_(database, export(tmp_path, lots, None, ["cyd,1"]), "--name", "spring")
    lots[1] = lots[1].replace(",66,", ",67,")
    export(tmp_path, lots, None, ["cyd,2"])
    code, report = await import_(database, tmp_path, "--name", "spring")
    assert code == 1
    assert (report["wallets"]["already"], report["wallets"]["refused"]) == (1, 2)
    assert report["refused"] == [
        {"wallet_id": "bob", "reason": "idempotency-key-reused", "facts": {"field": "lots"}},
        {"wallet_id": "cyd", "reason": "idempotency-key-reused", "facts": {"field": "payable_cny"}},
    ]
    assert report["totals"]["missing"]["points:INSPIRATION:daily"] == "67.00"
    assert (await ledger.wallets.read("cyd")).wallet.payable_fen == 100


@pytest.mark.finance
async def test_nobody_gets_twice_what_is_exported_twice(
    database: Database, ledger: Ledger, tmp_path: Path
) -> None:
    """Corrected files have another name: a wallet gets nothing more unless it is asked for.

    Also where its lots were spent meanwhile, so that they are no longer known by their ids.
    """
    await import_(database, export(tmp_path, [LOTS[0]], None, ["ann,5", "cyd,1"]))
    await ledger.submit("shop", "all", Debit("ann", INSPIRATION, 10_000))
    assert not (await ledger.wallets.read("ann")).wallet.lots
    export(tmp_path, [LOTS[0]], None, ["ann,5", "cyd,2", "dan,3"])
    code, report = await import_(database, tmp_path)
    assert code == 1
    assert [report["wallets"][what] for what in ("imported", "already", "refused")] == [1, 1, 1]
    refused = {"wallet_id": "cyd", "reason": "imported-before", "facts": {}}
    assert report["refused"] == [refused]
    assert not (await ledger.wallets.read("ann")).wallet.lots
    assert (await ledger.wallets.read("cyd")).wallet.payable_fen == 100
    code, report = await import_(database, tmp_path, "--additional", "--name", "more")
    assert (code, report["wallets"]["imported"]) == (0, 3)
    assert (await ledger.wallets.read("cyd")).wallet.payable_fen == 300
    assert (await ledger.wallets.read("ann")).wallet.payable_fen == 1_000
    code, report = await import_(database, tmp_path, "--name", "more")
    assert (code, report["wallets"]["already"]) == (0, 3)
    assert report["wallets"]["already_by_another_name"] == 0
    await verified(database)


async def test_other_requests_of_the_name_are_no_openings(
    database: Database, ledger: Ledger, tmp_path: Path
) -> None:
    """What else was ever asked under the import's own caller does not stand in its way."""
    grant = Grant("cyd", INSPIRATION, 100, "promotional", "not an opening")
    done = await ledger.submit("ledger:import", "grant", grant)
    assert not isinstance(done.outcome, Rejection)
    code, report = await import_(database, export(tmp_path, None, None, PAYABLES))
    assert (code, report["wallets"]["imported"]) == (0, 2)
