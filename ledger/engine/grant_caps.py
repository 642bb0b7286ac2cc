"""The daily cap on what a caller may grant: counted before a grant is submitted, exactly."""

from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256

from ledger.core.batch import Done
from ledger.core.decider import Command
from ledger.core.flows.grant import Grant, LotGranted
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.engine.commit import Answered, Unavailable
from ledger.engine.lane import KEY_HASH_BYTES, Engine, hash_key, shard_of
from ledger.engine.reading import Reading
from ledger.store import grant_caps
from ledger.store.grant_caps import Asked

Request = tuple[str, Command]
"""An idempotency key and its command."""


class CappedEngine:
    """An engine whose grants are bounded: so many minor units a caller, currency and Shanghai day.

    What would pass the cap is refused and not remembered; what was answered before is told again
    whatever the cap. A grant that may have been made counts until it is known that it was not.
    """

    def __init__(self, engine: Engine, reading: Reading, shards: int, cap_minor: int) -> None:
        self._engine, self._reading, self._shards = engine, reading, shards
        self._cap_minor = cap_minor

    async def submit(self, caller: str, key: str, command: Command) -> Done:
        """As the engine's, with the cap kept."""
        if not isinstance(command, Grant):
            return await self._engine.submit(caller, key, command)
        (answer,) = await self.submit_many(caller, [(key, command)])
        if isinstance(answer, Done):
            return answer
        raise answer

    async def submit_many(self, caller: str, requests: Sequence[Request]) -> list[Answered]:
        """As the engine's, with the cap kept: grants count in their order until it is reached."""
        grants = {
            index: self._asked(key, command)
            for index, (key, command) in enumerate(requests)
            if isinstance(command, Grant)
        }
        if not grants:
            return await self._engine.submit_many(caller, requests)
        day, counted, refused = await self._count(caller, grants)
        let_through = [index for index in range(len(requests)) if index not in refused]
        try:
            answers = await self._engine.submit_many(
                caller, [requests[index] for index in let_through]
            )
        except Unavailable as away:
            answers = [away] * len(let_through)
        found: dict[int, Answered] = dict(zip(let_through, answers, strict=True))
        came_to = [(grants[i], i in counted, found[i]) for i in grants if i in found]
        await self._correct(caller, day, came_to)
        return [found[i] if i in found else Done(refused[i]) for i in range(len(requests))]

    def _asked(self, key: str, grant: Grant) -> Asked:
        what = f"{key}\n{grant.currency}\n{grant.amount_minor}"
        return Asked(
            shard=shard_of(grant.wallet_id, self._shards),
            wallet_id=grant.wallet_id,
            key_hash=hash_key(key),
            counted_as=sha256(what.encode()).digest()[:KEY_HASH_BYTES],
            currency=grant.currency,
            amount_minor=grant.amount_minor,
        )

    async def _count(
        self, caller: str, grants: dict[int, Asked]
    ) -> tuple[int, set[int], dict[int, Rejection]]:
        """(the day, whom it counted, whom it refused), by their places among the requests."""
        places, asked = list(grants), list(grants.values())
        async with self._reading() as connection, connection.transaction():
            await grant_caps.lock_grants(connection, caller)
            state = await grant_caps.read_grants(connection, caller, asked)
            known = {asked[i] for i in state.known}
            used = dict(state.used)
            counted: list[int] = []
            refused: dict[int, Rejection] = {}
            for number, one in enumerate(asked):
                if number in state.answered or one in known or one.amount_minor <= 0:
                    continue
                before = used.get(one.currency, 0)
                if before + one.amount_minor > self._cap_minor:
                    refused[places[number]] = self._refusal(one, before)
                    continue
                used[one.currency] = before + one.amount_minor
                known.add(one)
                counted.append(number)
            if counted:
                await grant_caps.count_grants(
                    connection, caller, state.day, [asked[number] for number in counted]
                )
        return state.day, {places[number] for number in counted}, refused

    def _refusal(self, asked: Asked, used_minor: int) -> Rejection:
        return rejected(
            Reason.LIMIT_EXCEEDED,
            limit="grants a day",
            currency=asked.currency,
            cap_minor=self._cap_minor,
            used_minor=used_minor,
            asked_minor=asked.amount_minor,
        )

    async def _correct(
        self, caller: str, day: int, came_to: Sequence[tuple[Asked, bool, Answered]]
    ) -> None:
        """Make what is counted agree with what became of each grant.

        Where two of the same request run at once, one counts and either may be the one that grants.
        """
        again = [one for one, counted, answer in came_to if not counted and _grants(answer)]
        back = [
            (one, isinstance(answer, Done) and isinstance(answer.outcome, Rejection))
            for one, counted, answer in came_to
            if counted and not (_grants(answer) or _may_grant(answer))
        ]
        if not (again or back):
            return
        # What cannot be corrected now stays counted: never the other way round.
        with suppress(Unavailable):
            async with self._reading() as connection, connection.transaction():
                await grant_caps.lock_grants(connection, caller)
                if again:
                    await grant_caps.count_grants(connection, caller, day, again)
                if back:
                    await grant_caps.uncount_grants(connection, caller, day, back)


def _grants(answer: Answered) -> bool:
    """Whether this very request made the lot."""
    return (
        isinstance(answer, Done) and not answer.replayed and isinstance(answer.outcome, LotGranted)
    )


def _may_grant(answer: Answered) -> bool:
    return isinstance(answer, Unavailable) and answer.reason == "outcome-unknown"
