"""Verify sees every change of the log, and of everything derived from it."""

from typing import Any

import pytest

from ledger.core.flows.daily_grant import TakeDailyGrant
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import AuthorizeHold, CaptureHold, VoidHold
from ledger.core.flows.order import OpenMembership, OpenRecharge, OrderOpened
from ledger.core.flows.refund import RefundCharge
from ledger.service import Ledger
from tests.kit.currencies import INSPIRATION
from tests.kit.databases import Database, differences


@pytest.fixture
async def lived_in(ledger: Ledger) -> Ledger:
    """A ledger in which every flow has happened, over two months, in two wallets."""
    for wallet in ("a", "b"):
        for kind, command in (
            ("r", OpenRecharge(wallet, INSPIRATION, 1_000, "sandbox")),
            ("m", OpenMembership(wallet, "gold", "quarter", "sandbox")),
        ):
            opened = await ledger.submit("test", kind, command)
            assert isinstance(opened.outcome, OrderOpened)
            await ledger.sandbox.pay(opened.outcome.order.order_id)
        await ledger.submit("test", "d", TakeDailyGrant(wallet))
        await ledger.submit("test", "g", Grant(wallet, INSPIRATION, 500, "compensation", "sorry"))
        await ledger.submit("test", "h1", AuthorizeHold(wallet, INSPIRATION, 7_000, hold_id="h1"))
        await ledger.submit("test", "h2", AuthorizeHold(wallet, INSPIRATION, 700, hold_id="h2"))
        await ledger.submit("test", "h3", AuthorizeHold(wallet, INSPIRATION, 77, hold_id="h3"))
        await ledger.submit("test", "c1", CaptureHold(wallet, "h1", 6_800))
        await ledger.submit("test", "v2", VoidHold(wallet, "h2"))
        charged = await ledger.submit("test", "x", Debit(wallet, INSPIRATION, 333))
        assert isinstance(charged.outcome, DebitCharged)
        charge_id = charged.outcome.charge.charge_id
        await ledger.submit("test", "y", RefundCharge(wallet, charge_id, "failed", 33))
        await ledger.submit("test", "z", Debit(wallet, INSPIRATION, 10**9))
    await ledger.clock.advance(65 * 86_400 * 10**6)
    await ledger.submit("test", "late", Debit("a", INSPIRATION, 1))
    return ledger


@pytest.mark.usefixtures("lived_in")
async def test_an_untouched_ledger_has_no_findings(database: Database, owner: Any) -> None:
    """All that the service wrote follows from its log."""
    assert await differences(database) == []
    assert await owner.fetchval("SELECT count(DISTINCT tag) FROM events") == 13


TAMPERINGS = {
    "an amount in a payload": (
        "UPDATE events SET payload = replace(payload, ':333,', ':332,')",
        "block",
    ),
    "a payload that is nonsense": (
        "UPDATE events SET payload = '{}' WHERE shard = 0 AND seq = 3",
        "event",
    ),
    "legs": (
        "UPDATE events SET amounts = ARRAY[1, -1] WHERE cardinality(amounts) = 2",
        "event",
    ),
    "an accounting day": ("UPDATE events SET day = day + 1 WHERE seq = 2", "block"),
    "a caller": ("UPDATE events SET caller = 'else' WHERE seq = 4 AND caller <> ''", "block"),
    "a command": ("UPDATE events SET command = command || ' ' WHERE seq = 1", "block"),
    "a time": (
        "UPDATE events SET occurred_at = occurred_at - interval '1us' WHERE seq = 2",
        "block",
    ),
    "a wallet's count of events": (
        "UPDATE wallets SET events = events + 1 WHERE wallet = 'a'",
        "wallet",
    ),
    "a snapshot of another wallet": (
        (
            "INSERT INTO wallet_snapshots SELECT one.shard, one.wallet, one.seq, now(), other.state"
            " FROM wallets AS one, wallets AS other WHERE one.wallet = 'a' AND other.wallet = 'b'"
        ),
        "snapshot",
    ),
    "a snapshot of no event": (
        "INSERT INTO wallet_snapshots SELECT shard, wallet, seq + 1000, now(), state FROM wallets",
        "snapshot",
    ),
    "a lost event": ("DELETE FROM events WHERE seq = 3", "event"),
    "a lost last event": (
        "DELETE FROM events WHERE (shard, seq) IN (SELECT shard, max(seq) FROM events GROUP BY 1)",
        "head",
    ),
    "a lost block": ("DELETE FROM blocks WHERE first_seq = 2", "block"),
    "a block's root": ("UPDATE blocks SET root = sha256(root) WHERE first_seq = 1", "block"),
    "a block's hash": ("UPDATE blocks SET hash = sha256(hash) WHERE first_seq = 1", "block"),
    "a head's seq": ("UPDATE shards SET seq = seq + 1 WHERE seq > 0", "head"),
    "a head's tree": (
        "UPDATE shards SET frontier = sha256(frontier) || substr(frontier, 33) WHERE seq > 0",
        "head",
    ),
    "a balance": ("UPDATE wallets SET available[1] = available[1] + 1", "wallet"),
    "a wallet's state": (
        "UPDATE wallets SET state = replace(state, 'lot-', 'lat-')",
        "wallet",
    ),
    "a wallet's seq": ("UPDATE wallets SET seq = seq - 1", "wallet"),
    "a lost wallet": ("DELETE FROM wallets WHERE wallet = 'a'", "wallet"),
    "an invented wallet": (
        "INSERT INTO wallets SELECT shard, 'm', seq, state, '{}', '{}', '{}' FROM wallets LIMIT 1",
        "wallet",
    ),
    "a document": ("UPDATE documents SET state = state || ' ' WHERE kind = 'hold'", "document"),
    "a lost document": ("DELETE FROM documents WHERE kind = 'order'", "document"),
    "an invented document": (
        "INSERT INTO documents SELECT shard, wallet, kind, 'h9', seq, state FROM documents LIMIT 1",
        "document",
    ),
    "a total": ("UPDATE account_totals SET debit = debit + 1 WHERE debit > 0", "total"),
    "a lost total": ("DELETE FROM account_totals WHERE debit > 0", "total"),
    "a lost request": ("DELETE FROM requests WHERE wallet = 'a'", "request"),
    "an invented request": (
        "INSERT INTO requests SELECT shard, wallet, 'mallory', key_hash, seq FROM requests",
        "request",
    ),
    "a request's event": ("UPDATE requests SET seq = seq + 1", "request"),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
@pytest.mark.usefixtures("lived_in")
async def test_every_change_is_found(database: Database, owner: Any, tampering: str) -> None:
    """Whoever changes the log or what follows from it, with any rights, is found out."""
    statement, what = TAMPERINGS[tampering]
    touched = await owner.execute(statement)
    assert not touched.endswith(" 0"), touched
    assert what in {finding.split(":")[0] for finding in await differences(database)}
