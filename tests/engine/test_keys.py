"""API keys: believed for a second and never longer; who is given which, and what follows it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import product
from typing import Any

import asyncpg
import pytest

from ledger.access.callers import KEY_CACHE_S, SCOPES, Caller, Callers
from ledger.access.keys import (
    SCOPES_OF,
    By,
    MadeKey,
    WantedKey,
    create_key,
    revoke_key,
    rotate_key,
)
from ledger.cli.keys import add_token
from ledger.contract.problems import problem_of
from ledger.core.rejections import Reason, Rejection
from ledger.service import Ledger
from ledger.store.callers import add_caller, list_callers
from ledger.store.keys import KeyRow, list_keys
from ledger.store.keys import revoke_key as revoke
from ledger.store.pool import Connection, connect_service
from tests.engine.conftest import Clock
from tests.kit.databases import Database
from tests.kit.waiting import until

TOKEN = "a-key-of-this-test-0123456789abcdef"
HOST = By("host:test")
DAY_S = 86_400


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    """What the rules of keys act by."""
    service_connection = await connect_service(database.url)
    yield service_connection
    await service_connection.close()


async def test_a_key_in_use_is_checked_again_before_it_lapses(
    callers: Callers, clock: Clock, connection: Connection
) -> None:
    """One request renews what is believed, so that a busy key never sends all to the database."""
    await add_token(connection, ("key-1", "web", TOKEN, ["wallet:read"], None))
    assert callers.cached(TOKEN) is None
    caller = await callers.authenticate(TOKEN)
    assert caller is not None
    for _ in range(12):
        clock.now_s += KEY_CACHE_S / 6
        assert callers.cached(TOKEN) == caller
        await until(lambda: not callers._refreshing)
    await callers.close()


async def test_a_revoked_key_is_believed_for_a_second_at_most(
    callers: Callers, clock: Clock, connection: Connection
) -> None:
    """However busy the key is: renewing asks the database, and the database says no."""
    await add_token(connection, ("key-1", "web", TOKEN, ["wallet:read"], None))
    assert await callers.authenticate(TOKEN) is not None
    assert await revoke(connection, "key-1") == "web"
    for _ in range(20):
        callers.cached(TOKEN)
        await until(lambda: not callers._refreshing)
        clock.now_s += KEY_CACHE_S / 20
    assert callers.cached(TOKEN) is None
    assert await callers.authenticate(TOKEN) is None
    await callers.close()


def wanted(caller: str = "web", *scopes: str, **more: Any) -> WantedKey:
    """A key that is asked for."""
    return WantedKey(caller=caller, scopes=frozenset(scopes or ("wallet:read",)), **more)


async def made(connection: Connection, by: By, key: WantedKey) -> MadeKey:
    """The key, which must be made."""
    answer = await create_key(connection, by, key)
    assert isinstance(answer, MadeKey), answer
    return answer


async def acting(connection: Connection, name: str, *scopes: str, **more: Any) -> By:
    """A caller with a key of these scopes, about to ask for something."""
    key = await made(connection, HOST, wanted(name, *scopes, **more))
    row = (await list_callers(connection, name))[0]
    caller = Caller(name, frozenset(scopes), kind=row.kind, key_id=key.row.key_id)
    return By(name, caller)


def why(answer: object) -> tuple[str, str]:
    """The slug and the words of a refusal."""
    assert isinstance(answer, Rejection), answer
    problem = problem_of(answer, {})
    return problem.slug, problem.detail


async def test_a_callers_first_key_says_what_it_is(connection: Connection) -> None:
    """A service, unless the key is for a person or approves; for life, and seen in the token."""
    for key, kind, prefix in (
        (wanted("web"), "service", "lk_"),
        (wanted("ann", person=True), "person", "lp_"),
        (wanted("bob", "admin:approve", "admin:write"), "person", "lp_"),
    ):
        done = await made(connection, HOST, key)
        assert done.row.caller_kind == kind
        assert (done.token or "").startswith(prefix)
        assert done.row.created_by == "host:test"
        assert [row.kind for row in await list_callers(connection, key.caller)] == [kind]
    assert (
        "is a service since"
        in why(await create_key(connection, HOST, wanted("web", person=True)))[1]
    )
    assert (await made(connection, HOST, wanted("ann"))).row.caller_kind == "person"


async def test_a_key_that_cannot_be_is_refused_and_leaves_nothing(connection: Connection) -> None:
    """Programs do not approve, people do not generate, and the ledger's own names are its own."""
    for key, word in (
        (wanted("ann", "debit:write", person=True), "debit:write"),
        (wanted("ann", "admin:approve", "debit:write"), "debit:write"),
        (wanted("ann", "root"), "unknown scopes root"),
        (WantedKey(caller="ann", scopes=frozenset()), "no scope"),
        (wanted("approval:ann"), "no name begins with"),
        (wanted("host:root"), "no name begins with"),
        (wanted("ledger:jobs"), "no name begins with"),
        (wanted("channel:x"), "no channel"),
        (wanted("a b"), "named by"),
        (wanted(""), "named by"),
        (wanted("web", certificate="a\0b"), "control characters"),
    ):
        slug, detail = why(await create_key(connection, HOST, key))
        assert slug == "malformed", key
        assert word in detail
    assert await list_callers(connection) == []
    assert await list_keys(connection) == []


async def test_a_service_never_approves(connection: Connection) -> None:
    """Whoever began as a program does not become a person by its scopes."""
    await made(connection, HOST, wanted("web"))
    slug, detail = why(await create_key(connection, HOST, wanted("web", "admin:approve")))
    assert (slug, "admin:approve" in detail) == ("malformed", True)


async def test_the_database_itself_refuses_scopes_that_a_caller_cannot_have(
    connection: Connection, owner: Any
) -> None:
    """Whatever a bug does: CHECKs and keys hold kinds and scopes, also for the owner."""
    insert = (
        "INSERT INTO api_keys (key_id, caller, caller_kind, digest, scopes) "
        "VALUES ('k', $1, $2, 'x', $3)"
    )
    await add_caller(connection, "web", "service")
    await add_caller(connection, "ann", "person")
    for by in (connection, owner):
        for caller, kind, scopes, rule in (
            ("web", "service", ["admin:approve"], "scopes_fit_the_callers_kind"),
            ("ann", "person", ["debit:write"], "scopes_fit_the_callers_kind"),
            ("web", "person", ["wallet:read"], "key_is_of_its_callers_kind"),
        ):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
                await by.execute(insert, caller, kind, scopes)
            assert refused.value.constraint_name == rule
    for statement in (
        "UPDATE callers SET kind = 'person' WHERE name = 'web'",
        "UPDATE api_keys SET scopes = '{admin:approve}'",
        "UPDATE api_keys SET caller = 'ann'",
        "DELETE FROM api_keys",
        "DELETE FROM callers",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_a_production_ledger_has_no_development_caller(
    connection: Connection, owner: Any
) -> None:
    """Its one row says production, and a foreign key holds callers to that."""
    await owner.execute("DELETE FROM callers")
    await owner.execute("UPDATE ledger SET development = false")
    with pytest.raises(asyncpg.ForeignKeyViolationError) as refused:
        await add_caller(connection, "dev", "development")
    assert refused.value.constraint_name == "development_callers_need_a_development_ledger"


async def test_over_the_network_people_make_keys_of_services_only(
    connection: Connection,
) -> None:
    """A person cannot become a second person, nor get a token of another; a program, none."""
    ann = await acting(connection, "ann", "admin:write", "admin:approve")
    await acting(connection, "bob", "admin:write", "admin:approve")
    robot = await acting(connection, "robot", "admin:write")
    for by, key in (
        (ann, wanted("ann-2", person=True)),
        (ann, wanted("ann-2", "admin:approve")),
        (ann, wanted("bob", "wallet:read")),
        (ann, wanted("ann", "wallet:read")),
        (ann, wanted("web", "admin:write")),
        (ann, wanted("web", "credit:write")),
        (robot, wanted("web", "wallet:read")),
    ):
        assert why(await create_key(connection, by, key))[0] == "forbidden", key
    assert await list_callers(connection, "ann-2") == []
    done = await made(
        connection, ann, wanted("web", *SCOPES_OF["service"] - {"admin:write", "credit:write"})
    )
    assert (done.row.caller_kind, done.row.created_by) == ("service", "ann")


async def test_of_several_broken_rules_of_keys_the_first_in_the_list_is_told(
    connection: Connection,
) -> None:
    """Every combination of a wrong scope, name and identity, of a kind that may not, and of who."""
    ann = await acting(connection, "ann", "admin:write", "admin:approve")
    robot = await acting(connection, "robot", "admin:write")
    checked: set[frozenset[Reason]] = set()
    for number, (scope, name, identity, person, by) in enumerate(
        product(
            ("wallet:read", "fly"), ("web", "bad name"), (None, "\n"), (False, True), (ann, robot)
        )
    ):
        # A person would generate by hand, which nobody does.
        scopes = {scope, "debit:write"} if person else {scope}
        caller = f"{name}-{number}" if name == "web" else name
        key = WantedKey(
            caller=caller, scopes=frozenset(scopes), person=person, certificate=identity
        )
        broken = {
            Reason.SCOPES_UNKNOWN: scope == "fly",
            Reason.CALLER_NAME_MALFORMED: name == "bad name",
            Reason.CERTIFICATE_MALFORMED: identity == "\n",
            Reason.SCOPES_NOT_FOR_KIND: person,
            Reason.KEYS_ARE_PEOPLES: by is robot,
            Reason.KEY_MADE_ON_HOST: by is ann and person,
        }
        reasons = [reason for reason in Reason if broken.get(reason)]
        answer = await create_key(connection, by, key)
        assert (answer.reason if isinstance(answer, Rejection) else None) == next(
            iter(reasons), None
        )
        checked.add(frozenset(reasons))
    assert len(checked) == 32


async def test_over_the_network_people_rotate_keys_of_services_and_their_own(
    connection: Connection,
) -> None:
    """Another person's key, another key of one's own, an administrative one: not from there."""
    ann = await acting(connection, "ann", "admin:write", "admin:approve")
    bob = await acting(connection, "bob", "wallet:read", person=True)
    robot = await acting(connection, "robot", "admin:write")
    web = await acting(connection, "web", "debit:write")
    second = await made(connection, HOST, wanted("ann", "admin:write"))
    assert ann.caller is not None
    assert bob.caller is not None
    assert robot.caller is not None
    assert web.caller is not None
    for by, key_id in (
        (ann, bob.caller.key_id),
        (ann, robot.caller.key_id),
        (ann, second.row.key_id),
        (bob, web.caller.key_id),
        (robot, web.caller.key_id),
        (web, web.caller.key_id),
    ):
        assert why(await rotate_key(connection, by, key_id, 0))[0] == "forbidden", (by, key_id)
    for by, key_id in (
        (ann, ann.caller.key_id),
        (bob, bob.caller.key_id),
        (ann, web.caller.key_id),
        (HOST, robot.caller.key_id),
    ):
        before = (await list_keys(connection, key_id=key_id))[0]
        done = await rotate_key(connection, by, key_id, 60)
        assert isinstance(done, MadeKey), done
        assert (done.row.caller, done.row.scopes) == (before.caller, before.scopes)
    assert why(await rotate_key(connection, ann, "key-none", 0))[0] == "not-found"


async def only(connection: Connection, key_id: str) -> KeyRow:
    """The key of an id."""
    (row,) = await list_keys(connection, key_id=key_id)
    return row


async def test_a_rotated_key_goes_on_for_the_overlap_and_not_longer(
    ledger: Ledger, connection: Connection, owner: Any
) -> None:
    """Both keys work meanwhile; the second the overlap ends, the old one is dead."""
    first = await made(connection, HOST, wanted("web"))
    second = await rotate_key(connection, HOST, first.row.key_id, 3_600)
    assert isinstance(second, MadeKey)
    old = await only(connection, first.row.key_id)
    assert old.replaced_by == second.row.key_id
    assert old.expires_at is not None
    overlap = old.expires_at - second.row.created_at
    assert timedelta(seconds=3_599) < overlap <= timedelta(seconds=3_601)
    assert second.row.expires_at is None
    for token in (first.token, second.token):
        caller = await ledger.callers.authenticate(token or "")
        assert caller is not None
        assert caller.name == "web"
    move = "UPDATE api_keys SET expires_at = clock_timestamp() + $2 WHERE key_id = $1"
    await owner.execute(move, first.row.key_id, timedelta(seconds=0))
    assert await ledger.callers.authenticate(first.token or "") is None
    assert (await only(connection, first.row.key_id)).state == "expired"
    assert await ledger.callers.authenticate(second.token or "") is not None


async def test_a_successor_lives_as_long_as_the_key_was_to(
    connection: Connection, owner: Any
) -> None:
    """And an overlap never makes the old key live longer; nobody lengthens their own key's life."""
    month_s = 30 * DAY_S
    ann = await acting(connection, "ann", "admin:write", person=True, lives_s=month_s)
    assert ann.caller is not None
    old = await only(connection, ann.caller.key_id)
    # A day before its end.
    await owner.execute(
        "UPDATE api_keys SET created_at = created_at - $1::interval, "
        "expires_at = expires_at - $1::interval",
        timedelta(days=29),
    )
    slug, detail = why(await rotate_key(connection, ann, old.key_id, 0, month_s * 2))
    assert (slug, "lives no longer" in detail) == ("forbidden", True)
    done = await rotate_key(connection, ann, old.key_id, 20 * DAY_S)
    assert isinstance(done, MadeKey)
    assert done.row.expires_at is not None
    lives = done.row.expires_at - done.row.created_at
    assert abs(lives - timedelta(days=30)) < timedelta(seconds=2)
    rotated = await only(connection, old.key_id)
    assert rotated.expires_at is not None
    assert rotated.expires_at < done.row.created_at + timedelta(days=1, seconds=1)
    shorter = await rotate_key(connection, HOST, done.row.key_id, 0, 60)
    assert isinstance(shorter, MadeKey)
    assert shorter.row.expires_at is not None
    assert shorter.row.expires_at - shorter.row.created_at < timedelta(seconds=62)


async def test_a_key_is_rotated_once(connection: Connection, database: Database) -> None:
    """By however many at once; a revoked, expired or replaced key has no successor."""
    first = await made(connection, HOST, wanted("web"))
    others = [await connect_service(database.url) for _ in range(4)]
    answers = await asyncio.gather(
        *(rotate_key(other, HOST, first.row.key_id, 60) for other in others)
    )
    for other in others:
        await other.close()
    assert sum(isinstance(answer, MadeKey) for answer in answers) == 1
    refused = [why(answer) for answer in answers if isinstance(answer, Rejection)]
    assert {slug for slug, _ in refused} == {"key-not-rotatable"}
    assert len(await list_keys(connection)) == 2
    for key, word in (
        (wanted("late", lives_s=-1), "expired"),
        (wanted("cert", certificate="cn"), "issuer"),
    ):
        row = (await made(connection, HOST, key)).row
        assert word in why(await rotate_key(connection, HOST, row.key_id, 0))[1]
    gone = (await made(connection, HOST, wanted("gone"))).row
    await revoke_key(connection, HOST, gone.key_id)
    assert "revoked" in why(await rotate_key(connection, HOST, gone.key_id, 0))[1]


async def test_any_person_may_revoke_any_key(connection: Connection) -> None:
    """Twice is once; a program may not, and there must be such a key."""
    ann = await acting(connection, "ann", "admin:write", person=True)
    bob = await acting(connection, "bob", "admin:approve")
    robot = await acting(connection, "robot", "admin:write")
    assert bob.caller is not None
    assert why(await revoke_key(connection, robot, bob.caller.key_id))[0] == "forbidden"
    assert why(await revoke_key(connection, ann, "key-none"))[0] == "not-found"
    for is_news in (True, False):
        done = await revoke_key(connection, ann, bob.caller.key_id)
        assert not isinstance(done, Rejection)
        assert (done[0].state, done[1]) == ("revoked", is_news)


def test_every_scope_belongs_to_somebody() -> None:
    """People and services share all but generating and approving."""
    assert SCOPES_OF["service"] | SCOPES_OF["person"] == SCOPES_OF["development"] == SCOPES
    assert SCOPES_OF["service"] ^ SCOPES_OF["person"] == {"debit:write", "admin:approve"}
