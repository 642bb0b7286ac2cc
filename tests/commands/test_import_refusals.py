"""What an import keeps out, and how it says so: wallets, totals, files, and wrong calls."""

import asyncio
import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger.core.flows.closure import CloseWallet
from ledger.core.flows.grant import Grant
from ledger.engine.lane import shard_of
from ledger.service import Ledger
from tests.commands.importing import import_, verified
from tests.commands.old_system import CLAIMS, LOTS, PAYABLES, export, export_small
from tests.kit.command_line import run
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database


async def _make_trouble(ledger: Ledger) -> None:
    """A wallet on each shard that is closed, and one that merely has lots."""
    assert {shard_of(wallet, ledger.facts.shards) for wallet in ("closed", "ended")} == {0, 1}
    for wallet in ("closed", "ended"):
        await ledger.submit("desk", "close", CloseWallet(wallet, "as asked"))
    await ledger.submit("desk", "grant", Grant("used", INSPIRATION, 500, "promotional", "hello"))


_TROUBLE: Sequence[str] = (
    *LOTS,
    "closed,X1,INSPIRATION,daily,1,2024-01-01T00:00:00Z,,no,0,0,",
    "ended,X1,INSPIRATION,daily,1,2024-01-01T00:00:00Z,,no,0,0,",
    "late,X2,INSPIRATION,daily,1,2024-01-01T00:00:00Z,2024-01-02T00:00:00Z,no,0,0,",
    "late,X3,INSPIRATION,daily,1,2024-01-01T00:00:00Z,,no,0,0,",
    "used,X4,INSPIRATION,daily,1,2024-01-01T00:00:00Z,,no,0,0,",
)


@pytest.mark.finance
async def test_a_wallet_is_refused_alone(
    database: Database, ledger: Ledger, tmp_path: Path
) -> None:
    """What time or a wallet's own state forbids stops that wallet; a file says which and why."""
    await _make_trouble(ledger)
    folder = export(tmp_path / "in", _TROUBLE, CLAIMS, PAYABLES)
    result = tmp_path / "result.csv"
    code, report = await import_(database, folder, "--result", result)
    assert code == 1
    assert (report["wallets"]["imported"], report["wallets"]["refused"]) == (4, 3)
    assert report["reasons"] == {"wallet-closed": 2, "expiry-out-of-range": 1}
    rows = list(csv.DictReader(result.read_text().splitlines()))
    assert [(row["wallet_id"], row["reason"]) for row in rows] == [
        ("closed", "wallet-closed"),
        ("ended", "wallet-closed"),
        ("late", "expiry-out-of-range"),
    ]
    facts = json.loads(rows[2]["facts"])
    assert (facts["lot_id"], facts["expires_at"]) == ("X2", "2024-01-02T00:00:00Z")
    assert report["totals"]["missing"]["lots"] == "4"
    assert not (await ledger.wallets.read("late")).wallet.lots
    assert len((await ledger.wallets.read("used")).wallet.lots) == 2
    # A second source gives a wallet a lot of an id that it has: only then do ids meet.
    export(folder, [LOTS[0]], [], ["ann,9"])
    code, report = await import_(database, folder, "--additional")
    assert (code, report["reasons"]) == (1, {"lot-exists": 1})
    assert report["refused"][0]["facts"] == {"lot_id": "A1"}
    await verified(database)


async def test_a_dry_run_says_what_the_import_will(
    database: Database, ledger: Ledger, tmp_path: Path
) -> None:
    """The same report before as after, and nothing written: no event, no remembered request."""
    await _make_trouble(ledger)
    folder = export(tmp_path, _TROUBLE, CLAIMS, PAYABLES)
    events = await verified(database)
    code, rehearsed = await import_(database, folder, "--dry-run")
    assert (code, await verified(database)) == (1, events)
    assert rehearsed["dry_run"]
    code, report = await import_(database, folder)
    assert code == 1
    for shown in (rehearsed, report):
        assert shown["refused"][2]["facts"].pop("now") > "2026"
    assert {**rehearsed, "dry_run": False} == report
    code, again = await import_(database, folder, "--dry-run")
    assert (again["wallets"]["imported"], again["wallets"]["already"]) == (0, 4)
    assert again["refused"][2]["facts"].pop("now") > "2026"
    assert again["refused"] == report["refused"]


@pytest.mark.finance
async def test_control_totals_must_agree(database: Database, tmp_path: Path) -> None:
    """One that differs keeps everything out, and each that does is named with both values."""
    folder = export_small(tmp_path / "in")
    control = tmp_path / "control.csv"
    control.write_text("name,value\nlots,5\npoints:KUAIBI,30.01\nwallets,4\nopening,31.39\n")
    code, report = await import_(database, folder, "--totals", control)
    assert (code, report["errors"]) == (2, [])
    assert report["differences"] == [
        {"total": "points:KUAIBI", "wanted": "30.01", "found": "30.00"},
        {"total": "wallets", "wanted": "4", "found": "3"},
    ]
    code, out, err = await run(
        "import", str(folder), "--totals", str(control), **database.environment
    )
    assert (code, out) == (2, "")
    assert "points:KUAIBI: the control total is 30.01, the files have 30.00" in err
    assert await verified(database) == 0
    control.write_text("name,value\nlots,5\npoints:KUAIBI,30\nwallets,3\nopening,31.39\n")
    code, report = await import_(database, folder, "--totals", control)
    assert (code, report["wallets"]["imported"]) == (0, 3)


@pytest.mark.finance
async def test_wrong_files_are_told_and_nothing_is_imported(
    database: Database, ledger: Ledger, tmp_path: Path
) -> None:
    """All that is wrong, in all files, with file, line, column, found and wanted; exit code 2."""
    lots = [*LOTS, "dan,D1,GOLD,purchased,1e5,2024-01-01,,maybe,0,0,"]
    folder = export(tmp_path, lots, CLAIMS, ["cyd,+1"])
    code, report = await import_(database, folder)
    assert (code, report["totals"], report["wallets"]["imported"]) == (2, {}, 0)
    places = [(error["file"], error["line"], error["column"]) for error in report["errors"]]
    assert places == [
        ("lots.csv", 7, "currency"),
        ("lots.csv", 7, "amount"),
        ("lots.csv", 7, "granted_at"),
        ("lots.csv", 7, "paid"),
        ("payables.csv", 2, "payable_cny"),
    ]
    code, out, err = await run("import", str(folder), **database.environment)
    assert (code, out) == (2, "")
    assert "lots.csv, line 7, currency: found 'GOLD'; wanted one of INSPIRATION, KUAIBI\n" in err
    assert "Nothing was imported." in err
    assert not (await ledger.wallets.read("ann")).wallet.lots


@pytest.mark.finance
async def test_people_are_told_too(database: Database, ledger: Ledger, tmp_path: Path) -> None:
    """A table of totals, how many wallets, and who was refused why, a line a row."""
    await _make_trouble(ledger)
    folder = export(tmp_path, _TROUBLE, CLAIMS, PAYABLES)
    code, out, _ = await run("import", str(folder), "--dry-run", **database.environment)
    assert (code, "4 wallets would be imported, 0 already were, 3 would be refused." in out) == (
        1,
        True,
    )
    assert "This was a dry run" in out
    code, out, err = await run("import", str(folder), **database.environment)
    assert (code, err) == (1, "")
    assert "4 wallets imported, 0 already were, 3 refused." in out
    assert "  closed: wallet-closed" in out
    (row,) = [line.split() for line in out.splitlines() if line.startswith("wallets ")]
    assert row == ["wallets", "7", "4", "0", "3"]


@pytest.mark.finance
async def test_a_wrong_call_says_what_is_right(database: Database, tmp_path: Path) -> None:
    """In one sentence, with exit code 2, and before anything is read."""
    folder = export_small(tmp_path / "in")
    (tmp_path / "empty").mkdir()
    (folder / "extra.csv").write_text("a\n")
    wrong: list[tuple[list[str], str]] = [
        ([], "lots.csv, claims.csv, payables.csv"),
        ([str(tmp_path / "empty")], "none of lots.csv, claims.csv, payables.csv"),
        ([str(tmp_path / "nowhere")], "nowhere"),
        ([str(folder / "extra.csv")], "no use for extra.csv"),
        ([str(folder / "lots.csv")] * 2, "each file once"),
        ([str(folder), "--name", "a b"], "--name"),
        ([str(folder), "--result", str(folder / "claims.csv")], "overwrite"),
    ]
    runs = [run("import", *arguments, **database.environment) for arguments, _ in wrong]
    for (arguments, error), (code, out, err) in zip(
        wrong, await asyncio.gather(*runs), strict=True
    ):
        assert (code, out, "Traceback" in err) == (2, "", False), arguments
        assert error in err, arguments
    assert (folder / "claims.csv").read_text().endswith(f"{CLAIMS[0]}\n")
