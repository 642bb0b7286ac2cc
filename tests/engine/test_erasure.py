"""Erasure: the free text of a wallet's requests goes; answers, balances and the log stay."""

from typing import Any

import pytest

from ledger.core.decider import Command
from ledger.core.flows.closure import CloseWallet, WalletClosed
from ledger.core.flows.control import FreezeWallet, UnfreezeWallet
from ledger.core.flows.grant import Grant
from ledger.core.rejections import Reason, Rejection
from ledger.service import Ledger
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database, differences

NAMED = "for Mr Example of 1 Example Road"


def grant(wallet_id: str, reason: str = NAMED, amount_minor: int = 100) -> Grant:
    """Points with a text that says too much."""
    return Grant(wallet_id, INSPIRATION, amount_minor, "compensation", reason)


async def everything(owner: Any) -> str:
    """All rows of all tables that have text in them, as one text."""
    tables = ("events", "requests", "refusals", "wallets", "documents", "texts", "wallet_snapshots")
    parts = [
        await owner.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table} t") for table in tables
    ]
    return " ".join(part or "" for part in parts)


async def test_erased_texts_are_gone_and_every_answer_stays(
    ledger: Ledger, database: Database, owner: Any
) -> None:
    """The same requests are told the same, refused ones too; texts can be told apart no more."""
    commands: dict[str, Command] = {
        "g": grant("w"),
        "refused": grant("w", amount_minor=0),
        "f": FreezeWallet("w", NAMED),
        "u": UnfreezeWallet("w", NAMED),
    }
    first = {key: await ledger.submit("test", key, command) for key, command in commands.items()}
    await ledger.submit("test", "g", grant("other"))
    assert NAMED in await everything(owner)
    before = (await ledger.wallets.read("w")).wallet
    assert await ledger.texts.erase("w") == len(commands)
    assert await ledger.texts.erase("w") == 0
    assert await owner.fetchval("SELECT count(*) FROM texts WHERE wallet = 'other'") == 1
    await ledger.texts.erase("other")
    assert NAMED not in await everything(owner)
    assert (await ledger.wallets.read("w")).wallet == before
    for key, command in commands.items():
        again = await ledger.submit("test", key, command)
        assert again.replayed
        assert again.outcome == first[key].outcome
    assert (await ledger.submit("test", "g", grant("w", "something else"))).replayed
    changed = await ledger.submit("test", "g", grant("w", amount_minor=200))
    assert isinstance(changed.outcome, Rejection)
    assert changed.outcome.reason is Reason.IDEMPOTENCY_KEY_REUSED
    assert changed.outcome.facts == {"field": "amount_minor"}
    assert await differences(database) == []


async def test_a_wallet_goes_on_after_erasure(ledger: Ledger, database: Database) -> None:
    """What comes later has its text, until that is erased too."""
    await ledger.submit("test", "a", grant("w"))
    assert await ledger.texts.erase("w") == 1
    await ledger.submit("test", "b", grant("w"))
    differs = await ledger.submit("test", "b", grant("w", "something else"))
    assert isinstance(differs.outcome, Rejection)
    assert await ledger.texts.erase("w") == 1
    assert await ledger.texts.erase("nobody") == 0
    assert await differences(database) == []


async def test_a_closed_wallet_is_erased(ledger: Ledger, database: Database, owner: Any) -> None:
    """Also of the text of its closing; a refused closing erases nothing."""
    await ledger.submit("test", "g", grant("w"))
    refused = await ledger.submit("test", "c1", CloseWallet("w", NAMED))
    assert isinstance(refused.outcome, Rejection)
    assert await owner.fetchval("SELECT count(*) FROM texts") == 2
    close = CloseWallet("w", NAMED, forfeit_balance=True)
    done = await ledger.submit("test", "c2", close)
    assert isinstance(done.outcome, WalletClosed)
    assert NAMED not in await everything(owner)
    again = await ledger.submit("test", "c2", close)
    assert (again.outcome, again.replayed) == (done.outcome, True)
    assert await differences(database) == []


@pytest.mark.parametrize("key", ["same key", "another key"])
async def test_what_a_closing_could_not_erase_is_erased_by_the_next(
    ledger: Ledger, owner: Any, key: str
) -> None:
    """The database went away in between: who closes again, under whatever key, sees to it."""
    done = await ledger._engine.submit("test", "same key", CloseWallet("w", NAMED))
    assert isinstance(done.outcome, WalletClosed)
    assert NAMED in await everything(owner)
    await ledger.submit("test", key, CloseWallet("w", NAMED))
    assert NAMED not in await everything(owner)
