"""Two services at once on one real Postgres, judged by the independent auditor."""

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.catalog import load_catalogue
from ledger.core.batch import Done
from ledger.core.chart import ACCOUNTS
from ledger.core.decider import Command
from ledger.core.flows.due import next_due_at
from ledger.core.flows.grant import Grant
from ledger.core.instants import DAY_US, HOUR_US, Instant, date_to_day, shanghai_midnight_after
from ledger.embedded import EmbeddedPostgres
from ledger.engine.lane import envelope_for, hash_key
from ledger.queries.verify import verify
from ledger.service import Ledger
from ledger.store.pool import connect_service
from tests.kit.databases import Database, connected, fresh_database
from tests.kit.examples import examples
from tests.kit.house_terms import auditor_for, code_of
from tests.kit.serving import opened
from tests.kit.stories.imagination import MOODS, Imagination
from tests.kit.stories.plain_states import plain_wallet, purse_as_wallet
from tests.kit.stories.projections import agrees, drawn_id_of, operation_of, plain_answer
from tests.kit.stories.stories import CALLERS, FAR_FUTURE, WALLETS, Step, own_key_of, steps

CATALOGUE = load_catalogue()


class Stage:
    """A story told to two services in turn and at once, every answer checked."""

    def __init__(self, services: Sequence[Ledger], owner: Any, mood: str) -> None:
        self.services, self.owner = services, owner
        self.terms = CATALOGUE.at(0)
        self.auditor = auditor_for(self.terms)
        self.imagination = Imagination(self.terms, WALLETS, mood=mood)
        self.sent: list[tuple[str, str, Command]] = []
        self.answered_at: dict[tuple[str, str, str], Instant] = {}

    async def tell(self, story: Sequence[Step]) -> None:
        """Play the steps: those that follow one another on different wallets, at once."""
        together: list[tuple[Step, str, str, Command]] = []
        for step in story:
            wallet_id = WALLETS[step.wallet]
            if step.jump >= 12 or any(request[3].wallet_id == wallet_id for request in together):
                await self._send(together)
                together = []
                await self._jump(step)
            together.append((step, *await self._request(step)))
        await self._send(together)

    async def _jump(self, step: Step) -> None:
        view = await self.services[0].wallets.read(WALLETS[step.wallet])
        due = next_due_at(view.wallet)
        soon = due if due < FAR_FUTURE else view.as_of + HOUR_US
        target = {
            15: soon,
            16: soon + 1,
            17: shanghai_midnight_after(view.as_of),
            18: shanghai_midnight_after(view.as_of) - 1_000,
            19: view.as_of + HOUR_US,
            20: view.as_of + DAY_US,
            22: view.as_of + 31 * DAY_US,
        }.get(step.jump, 0)
        if target > view.as_of + HOUR_US // 60:
            await self.services[step.x % 2].clock.move_to(target)

    async def _request(self, step: Step) -> tuple[str, str, Command]:
        wallet_id, caller = WALLETS[step.wallet], CALLERS[step.caller]
        mine = [
            request
            for request in self.sent
            if request[0] == caller and request[2].wallet_id == wallet_id
        ]
        earlier = mine[-1 - step.z % len(mine)] if mine else None
        if step.key == 10 and earlier is not None:
            request = earlier
        else:
            view = await self.services[step.y % 2].wallets.read(wallet_id)
            command = self.imagination.command(step, view.wallet, view.as_of)
            key = earlier[1] if step.key == 11 and earlier else f"{caller}-{len(self.sent)}"
            request = (*(own_key_of(command) or (caller, key)), command)
        self.sent.append(request)
        return request

    async def _send(self, together: Sequence[tuple[Step, str, str, Command]]) -> None:
        answers = await asyncio.gather(
            *(
                self.services[step.x % 2].submit(caller, key, command)
                for step, caller, key, command in together
            )
        )
        for (_, caller, key, command), done in zip(together, answers, strict=True):
            await self._judge(caller, key, command, done)

    async def _judge(self, caller: str, key: str, command: Command, done: Done) -> None:
        request = (command.wallet_id, caller, key)
        if request not in self.answered_at:
            self.answered_at[request] = await self._recorded_at(*request)
        if not done.replayed:
            self.imagination.learn(command.wallet_id, done.outcome)
        envelope = envelope_for(caller, key, command)
        operation = operation_of(envelope, key)
        at = max(self.answered_at.values()) if done.replayed else self.answered_at[request]
        expected = self.auditor.answer(operation, at, drawn_id_of(done.outcome))
        plain = plain_answer(done.outcome)
        assert agrees(plain, expected), (command, plain, expected)

    async def _recorded_at(self, wallet_id: str, caller: str, key: str) -> Instant:
        recorded_at: int = await self.owner.fetchval(
            "SELECT (extract(EPOCH FROM recorded_at) * 1000000)::bigint FROM ("
            " SELECT wallet, caller, key_hash, recorded_at FROM events"
            " UNION ALL SELECT wallet, caller, key_hash, recorded_at FROM refusals) AS answered"
            " WHERE wallet = $1 AND caller = $2 AND key_hash = $3",
            wallet_id,
            caller,
            hash_key(key),
        )
        return recorded_at

    async def check_everything(self, database: Database) -> None:
        """Wallets, books and the log itself."""
        for wallet_id in WALLETS:
            view = await self.services[0].wallets.read(wallet_id)
            self.auditor.catch_up(wallet_id, view.as_of)
            expected = purse_as_wallet(self.auditor.purses[wallet_id])
            assert plain_wallet(view.wallet) == expected, wallet_id
            # A command, so that the dues that were only read so far are recorded too.
            done = await self.services[1].submit("end", wallet_id, _touch(wallet_id))
            at = await self._recorded_at(wallet_id, "end", wallet_id)
            operation = operation_of(envelope_for("end", wallet_id, _touch(wallet_id)), wallet_id)
            self.auditor.answer(operation, at, drawn_id_of(done.outcome))
        rows = await self.owner.fetch(
            "SELECT day, account, currency, sum(debit - credit) AS net FROM account_totals"
            " GROUP BY day, account, currency HAVING sum(debit - credit) <> 0"
        )
        books = {
            (date_to_day(row["day"]), ACCOUNTS[row["account"]].path, _code(row["currency"])): int(
                row["net"]
            )
            for row in rows
        }
        assert books == {key: amount for key, amount in self.auditor.books.items() if amount}
        connection = await connect_service(database.url)
        assert [finding async for finding in verify(connection, lambda _: None)] == []
        await connection.close()


def _touch(wallet_id: str) -> Command:
    return Grant(wallet_id, 1001, 1, "promotional", "the end")


def _code(currency: int) -> str:
    return "CNY" if currency == 156 else code_of(currency)


@examples(4)
@given(story=steps(40), mood=st.sampled_from(MOODS))
async def test_two_services_at_once_answer_as_the_auditor_does(
    postgres: EmbeddedPostgres, template: str, story: list[Step], mood: str
) -> None:
    """Invariant 10 on the whole way: any story, told to two services on one database."""
    async with (
        fresh_database(postgres, template) as database,
        opened(database) as first,
        opened(database) as second,
        connected(database.owner_url) as owner,
    ):
        for service in (first, second):
            # What is left open is the story's to send on: the auditor is told of every command.
            await service.outbox.close()
        stage = Stage([first, second], owner, mood)
        await stage.tell(story)
        await stage.check_everything(database)
