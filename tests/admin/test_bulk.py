"""Bulk: a sheet is carried out row by row, once, however often it is stopped and begun again."""

import asyncio
import csv
import json
import secrets
import signal
from pathlib import Path

import pytest

from tests.admin.conftest import Call, People
from tests.admin.desk import Desk, at_once

ROWS = 200
WALLETS = 4


def sheet(path: Path, *rows: tuple[str, ...], head: tuple[str, ...]) -> Path:
    """A CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    return path


GRANT = ("wallet_id", "currency", "amount", "source", "reason")


def results(path: Path) -> list[dict[str, str]]:
    """What the result file tells."""
    with path.with_name(f"{path.name}.result.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.faults
async def test_a_run_that_is_killed_goes_on_and_does_nothing_twice(
    desk: Desk, call: Call, tmp_path: Path
) -> None:
    """SIGKILL and Ctrl-C in the middle, then to the end: the books tell every row once."""
    wallets = [f"bulk.{secrets.token_hex(4)}.{number}" for number in range(WALLETS)]
    # Every row is there twice: it is meant twice, and done twice.
    rows = [
        (wallets[half % WALLETS], "KUAIBI", f"{half + 1}.01", "promotional", f"row {half}")
        for half in (number // 2 for number in range(ROWS))
    ]
    path = sheet(tmp_path / "grants.csv", *rows, head=GRANT)
    cents = sum((number // 2 + 1) * 100 + 1 for number in range(ROWS))
    expect = (
        "--expect-rows",
        str(ROWS),
        "--expect-total",
        f"KUAIBI={cents // 100}.{cents % 100:02}",
    )
    go = ("bulk", "grant", str(path), "--new-wallets", "--at-once", "4", *expect)
    for sign, code in ((signal.SIGKILL, -9), (signal.SIGINT, 130)):
        begun = await desk.start(*go)
        before = len(results(path)) if (tmp_path / "grants.csv.result.csv").exists() else 0
        await until_more(path, before, begun)
        begun.send_signal(sign)
        _, err = await begun.communicate()
        assert begun.returncode == code, err
        assert len(results(path)) < ROWS
    assert b"Run the same command again" in err
    # As a crash may leave it: the last line cut short.
    with (tmp_path / "grants.csv.result.csv").open("a") as file:
        file.write("999,do")
    done = await desk.run(*go, "--json")
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    assert (summary["done"], summary["refused"], summary["rows"]) == (ROWS, 0, ROWS)
    assert 0 < summary["settled_before"] < ROWS
    entries = [
        entry
        for wallet in wallets
        for entry in (await call(f"/v1/wallets/{wallet}/entries", limit="1000"))["items"]
    ]
    assert sorted(entry["reason"] for entry in entries) == sorted(row[4] for row in rows)
    assert sum(int(entry["amount"].replace(".", "")) for entry in entries) == cents
    assert {row["id"] for row in results(path)} == {entry["lot_id"] for entry in entries}


async def until_more(path: Path, before: int, begun: asyncio.subprocess.Process) -> None:
    """Wait until a run has written results of its own."""
    file = path.with_name(f"{path.name}.result.csv")
    while not (file.exists() and len(results(path)) > before):
        assert begun.returncode is None
        await asyncio.sleep(0.01)


@pytest.mark.finance
async def test_a_sheet_is_checked_before_anything_is_done(
    desk: Desk, call: Call, tmp_path: Path
) -> None:
    """Every fault is told with its row; a dry run and a file with a fault change nothing."""
    known, unseen = f"bulk.{secrets.token_hex(4)}", f"bulk.{secrets.token_hex(4)}"
    await call(f"/v1/wallets/{known}/daily-grant", {})
    before = (await call(f"/v1/wallets/{known}"))["seq"]
    path = sheet(
        tmp_path / "wrong.csv",
        (known, "KUAIBI", "1.005", "promotional", "x"),
        (known, "CNY", "1", "promotional", "x"),
        (known, "KUAIBI", "1", "gift", "x"),
        ("a b", "KUAIBI", "1", "promotional", "x"),
        (known, "KUAIBI", "", "promotional", "x"),
        (unseen, "KUAIBI", "1", "promotional", "x"),
        (known, "KUAIBI", "2.5", "promotional", "x"),
        ("", "", "", "", ""),
        (known, "KUAIBI", "2.5", "promotional", "x"),
        head=GRANT,
    )
    unknown = sheet(tmp_path / "unknown.csv", ("w", "x"), head=("wallet_id", "why"))
    gbk = tmp_path / "gbk.csv"
    gbk.write_bytes("wallet_id,reason\nw,冻结\n".encode("gbk"))
    checked, machine, columns, bytes_ = await at_once(
        desk.run("bulk", "grant", str(path), "--dry-run"),
        desk.run("bulk", "grant", str(path), "--json", "--expect-rows", "8"),
        desk.run("bulk", "freeze", str(unknown)),
        desk.run("bulk", "freeze", str(gbk)),
    )
    assert (checked.code, machine.code) == (2, 2)
    faults = {load["row"]: load["text"] for load in json.loads(machine.out)["faults"]}
    wanted = {
        2: "two places",
        3: "INSPIRATION, KUAIBI",
        4: "gift",
        5: "an id is 1 to 64",
        6: "amount is empty",
    }
    assert set(faults) == {*wanted, 7}
    assert all(text in faults[row] for row, text in wanted.items()), faults
    assert "--new-wallets" in faults[7]
    assert all(f"row {row}: " in checked.err for row in faults)
    assert "rows 10 say what an earlier row says" in checked.err
    assert ["KUAIBI", "5.00"] in [line.split() for line in checked.out.splitlines()]
    assert (columns.code, bytes_.code) == (2, 2)
    assert "'why'" in columns.err
    assert "wallet_id, reason" in columns.err
    assert "UTF-8" in bytes_.err
    assert (await call(f"/v1/wallets/{known}"))["seq"] == before
    assert not (tmp_path / "wrong.csv.result.csv").exists()


async def test_a_sheet_is_carried_out_only_as_expected(
    desk: Desk, people: People, call: Call, tmp_path: Path
) -> None:
    """Other rows, other totals, nobody to ask, a no: nothing. A refused row ends it with 1."""
    wallet = f"bulk.{secrets.token_hex(4)}"
    await call(f"/v1/wallets/{wallet}/daily-grant", {})
    charge = {"currency": "INSPIRATION", "amount": "10"}
    charge_id = (await call(f"/v1/wallets/{wallet}/debits", charge))["charge_id"]
    rows = [(wallet, charge_id, "6", "=cmd|x"), (wallet, charge_id, "6", "again")]
    head = ("wallet_id", "charge_id", "amount", "reason")
    path = sheet(tmp_path / "refunds.csv", *rows, head=head)
    # As a spreadsheet program saves it: a mark at the beginning, CRLF, empty columns and rows.
    raw = path.read_text().replace("\n", ",,\n").replace("\n", "\r\n") + ",,,,,\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + raw.encode())
    go = ("bulk", "refund", str(path))
    nobody, other, no = await at_once(
        desk.run(*go),
        desk.run(*go, "--expect-rows", "2", "--expect-total", "INSPIRATION=11"),
        desk.sit(*go, answer="no\n"),
    )
    assert [printed.code for printed in (nobody, other, no)] == [2, 2, 130]
    right = "--expect-rows 2 --expect-total INSPIRATION=12.00"
    assert all(right in printed.err for printed in (nobody, other))
    assert not no.too_wide
    assert not (tmp_path / "refunds.csv.result.csv").exists()
    yes = await desk.sit(*go, "--at-once", "1", answer="yes\n")
    assert yes.code == 1, yes.out
    assert "1 rows done, 1 refused" in " ".join(yes.out.split())
    assert [(row["row"], row["status"]) for row in results(path)] == [
        ("2", "done"),
        ("3", "refused"),
    ]
    assert results(path)[1]["error"].startswith("refund-exceeds-charge: ")
    again, another = await at_once(
        desk.run(*go, *right.split()), people.ann.run(*go, *right.split())
    )
    assert (again.code, "(2 of them before)" in again.out) == (1, True)
    # Another caller's keys are others to the ledger: their run would do all of it again.
    assert (another.code, "another run" in another.err) == (2, True)
    assert (await call(f"/v1/wallets/{wallet}/charges/{charge_id}"))["refunded"] == "6.00"


@pytest.mark.finance
async def test_corrections_are_proposed_and_wallets_frozen_in_bulk(
    people: People, call: Call, tmp_path: Path
) -> None:
    """A person's sheet of corrections waits for another person; a sheet of wallets freezes them."""
    wallets = [f"bulk.{secrets.token_hex(4)}" for _ in range(2)]
    for wallet in wallets:
        await call(f"/v1/wallets/{wallet}/daily-grant", {})
    head = ("wallet_id", "direction", "currency", "amount", "reason", "include_paid", "valid_for_s")
    adjust = sheet(
        tmp_path / "adjust.csv",
        (wallets[0], "credit", "INSPIRATION", "5", "补偿", "", "600"),
        (wallets[1], "debit", "INSPIRATION", "4", "多发", "yes", ""),
        head=head,
    )
    freeze = sheet(
        tmp_path / "freeze.csv",
        *((wallet, "fraud") for wallet in wallets),
        head=("wallet_id", "reason"),
    )
    expect = ("--expect-rows", "2")
    totals = ("INSPIRATION:credit=5", "--expect-total", "INSPIRATION:debit=4")
    proposed, frozen = await at_once(
        people.ann.run("bulk", "adjust", str(adjust), *expect, "--expect-total", *totals),
        people.ann.run("bulk", "freeze", str(freeze), *expect, "--name", "fraud-1"),
    )
    assert (proposed.code, frozen.code) == (0, 0), (proposed.err, frozen.err)
    ids = [row["id"] for row in results(adjust)]
    approved = await people.bob.run("proposal", "approve", *ids, "--yes")
    assert approved.code == 0, approved.err
    states = [await call(f"/v1/wallets/{wallet}") for wallet in wallets]
    assert [state["balances"]["INSPIRATION"]["available"] for state in states] == ["71.00", "62.00"]
    assert [state["frozen"] for state in states] == [True, True]
    assert {row["key"].rpartition(":")[0] for row in results(freeze)} == {
        "bulk:fraud-1:2",
        "bulk:fraud-1:3",
    }
    # A crash lost a result, and then a wallet was closed: the run goes on all the same.
    told_file = tmp_path / "freeze.csv.result.csv"
    told_file.write_text("".join(told_file.read_text().splitlines(keepends=True)[:-1]))
    for wallet in wallets:
        await call(f"/v1/wallets/{wallet}/close", {"reason": "left", "forfeit_balance": True})
    again = await people.ann.run("bulk", "freeze", str(freeze), *expect, "--name", "fraud-1")
    assert again.code == 0, again.err
    assert [row["status"] for row in results(freeze)] == ["done", "done"]
