"""Callers as one process knows them: certificates, expiry to the second, limits, last use."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.access.callers import KEY_CACHE_S, SCOPES, Caller, Callers
from ledger.access.keys import By, MadeKey, WantedKey, create_key, revoke_key
from ledger.access.rates import BUCKETS_KEPT, Buckets, Rate
from ledger.cli.keys import add_token
from ledger.core.rejections import Reason, rejected
from ledger.engine import Unavailable
from ledger.service import Ledger
from ledger.store.callers import add_caller, limit_caller
from ledger.store.keys import list_keys, read_secret
from ledger.store.pool import Connection, connect_service
from tests.engine.conftest import Clock
from tests.kit.databases import Database
from tests.kit.serving import opened
from tests.kit.waiting import until

TOKEN = "a-key-of-this-test-0123456789abcdef"
HOST = By("host:test")


async def keep(ledger: Ledger, **more: Any) -> None:
    """A key of web, to be found by TOKEN."""
    left_s = more.pop("left_s", None)
    expires_at = None if left_s is None else datetime.now(UTC) + timedelta(seconds=left_s)
    row = ("key-1", more.pop("caller", "web"), TOKEN, more.pop("scopes", ["wallet:read"]))
    async with ledger.reading() as connection:
        await add_token(connection, (*row, expires_at), **more)


async def last_used(ledger: Ledger) -> datetime | None:
    """When the key was last used, as it is listed."""
    async with ledger.reading() as connection:
        return (await list_keys(connection, key_id="key-1"))[0].last_used_at


async def test_a_caller_is_told_with_its_kind_and_its_key(ledger: Ledger) -> None:
    """Who calls, what kind of caller it is and by which key: people are told from programs."""
    await keep(ledger, caller="ann", kind="person", scopes=["admin:approve"])
    caller = await ledger.callers.authenticate(TOKEN)
    assert caller == Caller(
        "ann", frozenset({"admin:approve"}), kind="person", key_id="key-1", rate=None
    )
    assert caller.is_person
    assert not Caller("web", SCOPES).is_person
    assert Caller("dev", SCOPES, kind="development").is_person


async def test_a_key_dies_at_its_expiry_and_not_when_it_lapses(
    ledger: Ledger, callers: Callers, clock: Clock
) -> None:
    """What is believed for a second is believed for less where the key has less left."""
    await keep(ledger, left_s=0.4)
    assert await callers.authenticate(TOKEN) is not None
    clock.now_s += 0.3
    assert callers.cached(TOKEN) is not None
    clock.now_s += 0.2
    assert callers.cached(TOKEN) is None
    await callers.close()


async def test_a_certificate_is_a_credential_that_nobody_can_send(ledger: Ledger) -> None:
    """Its identity is found by the certificate alone: no token is worth the same."""
    async with ledger.reading() as connection:
        wanted = WantedKey(
            caller="render", scopes=frozenset({"debit:write"}), certificate="spiffe://a/render"
        )
        made = await create_key(connection, HOST, wanted)
    assert isinstance(made, MadeKey)
    assert made.token is None
    caller = await ledger.callers.of_certificate("spiffe://a/render")
    assert caller is not None
    assert (caller.name, caller.key_id) == ("render", made.row.key_id)
    assert await ledger.callers.of_certificate("spiffe://a/other") is None
    for token in ("spiffe://a/render", "\0certificate:spiffe://a/render"):
        assert await ledger.callers.authenticate(token) is None


async def test_the_identity_of_a_revoked_certificate_can_be_registered_again(
    ledger: Ledger,
) -> None:
    """Revoking frees the identity; until then it belongs to one caller."""
    wanted = WantedKey(caller="a", scopes=frozenset({"debit:write"}), certificate="cn")
    async with ledger.reading() as connection:
        first = await create_key(connection, HOST, wanted)
        assert isinstance(first, MadeKey)
        other = WantedKey(caller="b", scopes=frozenset({"debit:write"}), certificate="cn")
        refusal = rejected(
            Reason.CERTIFICATE_TAKEN, field="certificate", identity=other.certificate
        )
        assert await create_key(connection, HOST, other) == refusal
        await revoke_key(connection, HOST, first.row.key_id)
        assert await ledger.callers.of_certificate("cn") is None
        assert isinstance(await create_key(connection, HOST, other), MadeKey)
    caller = await ledger.callers.of_certificate("cn")
    assert caller is not None
    assert caller.name == "b"


def test_a_limit_lets_a_burst_in_and_then_the_rate(clock: Clock) -> None:
    """Five at once, then ten a second: who is refused is told exactly when to come again."""
    buckets, rate = Buckets(clock), Rate(10, 5)
    assert [buckets.take("web", rate, 1) for _ in range(5)] == [None] * 5
    assert buckets.take("web", rate, 1) == pytest.approx(0.1)
    clock.now_s += 0.099
    assert buckets.take("web", rate, 1) == pytest.approx(0.001)
    clock.now_s += 0.002
    assert buckets.take("web", rate, 1) is None
    clock.now_s += 3_600
    assert [buckets.take("web", rate, 1) is None for _ in range(7)] == [True] * 5 + [False] * 2


def test_a_batch_larger_than_the_burst_is_worked_off(clock: Clock) -> None:
    """It is let in, and its debt keeps the caller out until the rate has paid it."""
    buckets, rate = Buckets(clock), Rate(10, 5)
    assert buckets.take("web", rate, 25) is None
    assert buckets.take("web", rate, 1) == pytest.approx(2.1)
    clock.now_s += 2.2
    assert buckets.take("web", rate, 1) is None
    buckets.charge("web", rate, 9)
    assert buckets.take("web", rate, 1) == pytest.approx(0.9)


async def test_all_keys_of_a_caller_share_its_limit_and_no_others(callers: Callers) -> None:
    """A caller gains nothing by a second key, and loses nothing by another caller."""
    keys = [Caller("web", SCOPES, key_id=f"key-{n}", rate=Rate(1, 2)) for n in range(3)]
    assert [callers.admit(key) is None for key in keys] == [True, True, False]
    assert callers.admit(Caller("app", SCOPES, key_id="key-9", rate=Rate(1, 2))) is None
    assert [callers.admit(Caller("free", SCOPES)) for _ in range(9)] == [None] * 9


async def test_a_limit_that_is_changed_holds_when_the_key_is_asked_again(
    ledger: Ledger, callers: Callers, clock: Clock
) -> None:
    """It is read with the key: in force everywhere within a second."""
    await keep(ledger)
    for rate, expected in (((2, 3), Rate(2, 3)), ((None, None), None)):
        async with ledger.reading() as connection:
            assert await limit_caller(connection, "web", *rate)
        clock.now_s += KEY_CACHE_S
        caller = callers.cached(TOKEN) or await callers.authenticate(TOKEN)
        assert caller is not None
        assert caller.rate == expected
    await callers.close()


def test_a_smaller_limit_takes_what_was_saved_up() -> None:
    """A bucket never has more than the burst of now."""
    clock = Clock()
    buckets = Buckets(clock)
    assert buckets.take("web", Rate(100, 100), 1) is None
    assert [buckets.take("web", Rate(1, 2), 1) for _ in range(2)] == [None, None]
    assert buckets.take("web", Rate(1, 2), 1) == pytest.approx(1)


def test_buckets_of_those_unseen_for_long_are_dropped() -> None:
    """Memory holds those who are in debt, and no more of the others than were here at once."""
    clock = Clock()
    buckets = Buckets(clock)
    buckets.take("deep", Rate(1, 1), 1_000_000)
    for n in range(BUCKETS_KEPT * 3):
        clock.now_s += 0.01
        buckets.take(f"caller-{n}", Rate(1, 1), 1)
    assert len(buckets) <= BUCKETS_KEPT
    assert buckets.take("deep", Rate(1, 1), 1) is not None


async def test_the_last_use_of_a_key_is_written_soon_and_once_a_minute(
    ledger: Ledger, callers: Callers, clock: Clock
) -> None:
    """In the background: at its first use, then at most once a minute, and when closing."""
    await keep(ledger)
    assert await last_used(ledger) is None
    assert await callers.authenticate(TOKEN) is not None
    await until(lambda: last_used(ledger))
    first = await last_used(ledger)
    assert first is not None
    assert abs(datetime.now(UTC) - first) < timedelta(minutes=2)
    clock.now_s += 30
    assert await callers.authenticate(TOKEN) is not None
    assert await last_used(ledger) == first
    await callers.close()
    second = await last_used(ledger)
    assert second is not None
    assert second > first


async def test_a_last_use_is_when_it_was_and_never_goes_back(
    ledger: Ledger, callers: Callers, clock: Clock
) -> None:
    """Written late, it is still the time of the use; another process's later use stays."""
    await keep(ledger)
    assert await callers.authenticate(TOKEN) is not None
    clock.now_s += 3_600
    await callers.close()
    async with ledger.reading() as connection:
        ago_s = await connection.fetchval(
            "SELECT extract(epoch FROM clock_timestamp() - last_used_at) FROM api_keys"
        )
    assert 3_600 <= ago_s < 3_660
    await ledger.callers.authenticate(TOKEN)
    await ledger.callers.close()
    late = await last_used(ledger)
    clock.now_s -= 7_200
    await callers.authenticate(TOKEN)
    clock.now_s += 7_200
    await callers.close()
    assert await last_used(ledger) == late


async def test_a_use_that_cannot_be_written_keeps_nobody_waiting(ledger: Ledger) -> None:
    """The database may be away: requests do not notice, closing ends."""
    asked = 0

    @asynccontextmanager
    async def away() -> AsyncIterator[Connection]:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise Unavailable("database-unavailable")
        async with ledger.reading() as connection:
            yield connection

    def reading() -> AbstractAsyncContextManager[Connection]:
        return away()

    await keep(ledger)
    async with ledger.reading() as connection:
        callers = Callers(await read_secret(connection, "api-key-pepper"), reading)
    assert await callers.authenticate(TOKEN) is not None
    await until(lambda: asked >= 2)
    assert callers.cached(TOKEN) is not None
    await callers.close()
    assert asked >= 2
    assert await last_used(ledger) is None


async def test_a_service_that_ends_has_written_its_uses(database: Database) -> None:
    """`last used` survives an orderly end."""
    async with opened(database) as service:
        await keep(service)
        await service.callers.authenticate(TOKEN)
    async with opened(database) as again:
        assert await last_used(again) is not None


async def test_services_that_start_at_once_make_their_caller_once(database: Database) -> None:
    """Whichever of its constraints they meet at: two services on one new database both start."""
    connections = [await connect_service(database.url) for _ in range(8)]
    try:
        for name in (f"both-{number}" for number in range(25)):
            made = [add_caller(connection, name, "service") for connection in connections]
            assert set(await asyncio.gather(*made)) == {"service"}
    finally:
        for connection in connections:
            await connection.close()
