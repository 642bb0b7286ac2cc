"""An import that is stopped: killed, cut off from the database, told to be patient."""

import asyncio
import os
import pty
import signal
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ledger.cli.command_error import CommandError
from ledger.cli.importing import sending
from ledger.cli.importing.sending import Request, Sender
from ledger.core.flows.opening import ImportOpening, OpeningLot
from ledger.engine import Unavailable
from ledger.engine.commit import Answered
from ledger.service import Ledger
from tests.commands.importing import closings, import_, verified
from tests.commands.old_system import export_many, export_small
from tests.kit.command_line import LEDGER, start
from tests.kit.databases import Database
from tests.kit.waiting import until

pytestmark = pytest.mark.finance

WALLETS = 2_000


@pytest.mark.parametrize(
    "sign", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.faults)]
)
async def test_stopped_in_the_middle_it_goes_on(
    database: Database, ledger: Ledger, owner: Any, tmp_path: Path, sign: signal.Signals
) -> None:
    """Each wallet is imported exactly once, whatever the first run had done when it ended."""
    folder = export_many(tmp_path, WALLETS, seed=sign)
    async with owner.transaction():
        # So that it cannot come to its end: one shard of two waits.
        await owner.execute("SELECT FROM shards WHERE shard = 0 FOR UPDATE")
        process = await start("import", str(folder), **database.environment)
        await until(lambda: owner.fetchval("SELECT count(*) FROM events"))
        process.send_signal(sign)
        if sign == signal.SIGKILL:
            await process.wait()
    out, err = await process.communicate()
    assert process.returncode == (-9 if sign == signal.SIGKILL else 128 + 15)
    assert (out, b"Traceback" in err) == (b"", False)
    before = await owner.fetchval("SELECT count(*) FROM events")
    assert 0 < before < WALLETS
    code, report = await import_(database, folder)
    assert code == 0
    wallets = report["wallets"]
    assert (wallets["imported"], wallets["already"]) == (WALLETS - before, before)
    assert set(report["totals"]["missing"].values()) == {"0", "0.00"}
    assert await verified(database) == WALLETS
    books = await closings(ledger)
    money = {account: closing for (account, currency), closing in books.items() if currency == 156}
    assert money["opening"] == -sum(money.values()) + money["opening"]
    assert money["liabilities:creators"] == -100 * sum(range(1, WALLETS + 1, 10))
    opening = report["totals"]["files"]["opening"]
    assert money["opening"] == int(opening.replace(".", ""))


@pytest.mark.finance
async def test_two_at_once_are_as_one(database: Database, tmp_path: Path) -> None:
    """The same import started twice at the same time brings everything once."""
    folder = export_many(tmp_path, 3_000, seed=1)
    both = await asyncio.gather(import_(database, folder), import_(database, folder))
    assert [code for code, _ in both] == [0, 0]
    wallets = [report["wallets"] for _, report in both]
    assert sum(wallet["imported"] for wallet in wallets) == 3_000
    assert sum(wallet["already"] for wallet in wallets) == 3_000
    assert await verified(database) == 3_000


async def test_what_is_not_answered_is_sent_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy ledger, or one whose answer was lost, is asked under the same keys again."""
    monkeypatch.setattr(sending, "_PAUSE_S", 0.0)
    asked: list[int] = []
    turn = count()

    async def submit(requests: Sequence[Request]) -> list[Answered]:
        asked.append(len(requests))
        match next(turn):
            case 0:
                return [Unavailable("busy")] * len(requests)
            case 1:
                # It was done, but nobody heard of it.
                await ledger.submit_many(sending.CALLER, requests)
                return [Unavailable("outcome-unknown")] * len(requests)
            case _:
                return await ledger.submit_many(sending.CALLER, requests)

    sender = Sender(ledger, "busy", submit, additional=False)
    openings = [ImportOpening(f"w{number}", payable_fen=1) for number in range(5)]
    answers = [answer async for chunk in sender.stream(openings) for answer in chunk]
    assert [answer.wallet_id for answer in answers] == [opening.wallet_id for opening in openings]
    assert all(answer.event is not None for answer in answers)
    assert asked == [5, 5, 0]
    for opening in openings:
        assert (await ledger.wallets.read(opening.wallet_id)).wallet.payable_fen == 1


async def test_it_gives_up_when_nothing_gets_through(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while in which no wallet was answered; what to do is said."""
    monkeypatch.setattr(sending, "_PAUSE_S", 0.0)
    monkeypatch.setattr(sending, "PATIENCE_S", 0.05)

    async def submit(requests: Sequence[Request]) -> list[Answered]:
        return [Unavailable("database-unavailable")] * len(requests)

    sender = Sender(ledger, "away", submit, additional=False)
    answers = sender.stream([ImportOpening("w", payable_fen=1)])
    with pytest.raises(CommandError, match=r"database-unavailable.*the same command goes on"):
        await anext(answers)


async def test_a_wallet_with_a_thousand_lots_travels_with_few_others(ledger: Ledger) -> None:
    """What is sent at once is bounded by rows, however they are spread over wallets."""
    sizes: list[int] = []

    async def submit(requests: Sequence[Request]) -> list[Answered]:
        sizes.append(len(requests))
        return [Unavailable("wallet-quarantined")] * len(requests)

    sender = Sender(ledger, "sizes", submit, additional=True)
    lots = tuple(OpeningLot(f"L{number}", 1001, "daily", 1, 0) for number in range(1_000))
    large = [ImportOpening(f"large{number}", lots) for number in range(12)]
    small = [ImportOpening(f"small{number}", payable_fen=1) for number in range(6_000)]
    answers = [answer async for chunk in sender.stream([*large, *small]) for answer in chunk]
    assert sizes == [5, 5, 2 + 2_998, 3_002]
    assert {answer.reason for answer in answers} == {"wallet-quarantined"}


async def test_a_terminal_shows_how_far_it_is(database: Database, tmp_path: Path) -> None:
    """On standard error, where that is a terminal; standard output has the report alone."""
    master, terminal = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name not in {"CI", "NO_COLOR"}}
    process = await asyncio.create_subprocess_exec(
        LEDGER,
        "import",
        str(export_small(tmp_path)),
        env={**clean, **database.environment, "TERM": "xterm", "COLUMNS": "80"},
        stdout=asyncio.subprocess.PIPE,
        stderr=terminal,
    )
    out, _ = await process.communicate()
    os.close(terminal)
    shown = os.read(master, 65_536).decode()
    os.close(master)
    assert process.returncode == 0
    assert "importing" in shown
    assert b"3 wallets imported" in out
