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
from ledger.store.grant_caps import GrantRequest

Request = tuple[str, Command]
"""An idempotency key and its command."""


class CappedEngine:
    """An engine whose grants are bounded: so many minor units a caller, currency and Shanghai day.

    A grant beyond the cap is refused, and the refusal is not remembered; a request that was
    answered before has the same answer whatever the cap. A grant whose outcome is unknown counts
    until it is known that it was not made.
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
            index: self._grant_request(key, command)
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
        answer_at: dict[int, Answered] = dict(zip(let_through, answers, strict=True))
        outcomes = [(grants[i], i in counted, answer_at[i]) for i in grants if i in answer_at]
        await self._correct(caller, day, outcomes)
        return [answer_at[i] if i in answer_at else Done(refused[i]) for i in range(len(requests))]

    def _grant_request(self, key: str, grant: Grant) -> GrantRequest:
        what = f"{key}\n{grant.currency}\n{grant.amount_minor}"
        return GrantRequest(
            shard=shard_of(grant.wallet_id, self._shards),
            wallet_id=grant.wallet_id,
            key_hash=hash_key(key),
            counted_as=sha256(what.encode()).digest()[:KEY_HASH_BYTES],
            currency=grant.currency,
            amount_minor=grant.amount_minor,
        )

    async def _count(
        self, caller: str, grants: dict[int, GrantRequest]
    ) -> tuple[int, set[int], dict[int, Rejection]]:
        """(the day, the grants counted, the refusals), by their places among the requests."""
        places, requests = list(grants), list(grants.values())
        async with self._reading() as connection, connection.transaction():
            await grant_caps.lock_grants(connection, caller)
            state = await grant_caps.read_grants(connection, caller, requests)
            known = {requests[i] for i in state.known}
            used = dict(state.used)
            counted: list[int] = []
            refused: dict[int, Rejection] = {}
            for number, request in enumerate(requests):
                if number in state.answered or request in known or request.amount_minor <= 0:
                    continue
                before = used.get(request.currency, 0)
                if before + request.amount_minor > self._cap_minor:
                    refused[places[number]] = self._refusal(request, before)
                    continue
                used[request.currency] = before + request.amount_minor
                known.add(request)
                counted.append(number)
            if counted:
                await grant_caps.count_grants(
                    connection, caller, state.day, [requests[number] for number in counted]
                )
        return state.day, {places[number] for number in counted}, refused

    def _refusal(self, request: GrantRequest, used_minor: int) -> Rejection:
        return rejected(
            Reason.LIMIT_EXCEEDED,
            limit="grants a day",
            currency=request.currency,
            cap_minor=self._cap_minor,
            used_minor=used_minor,
            asked_minor=request.amount_minor,
        )

    async def _correct(
        self, caller: str, day: int, outcomes: Sequence[tuple[GrantRequest, bool, Answered]]
    ) -> None:
        """Correct the count by the outcome of each grant.

        Where the same request runs twice at once, one run counts it and either may make the lot.
        """
        granted = [
            request for request, counted, answer in outcomes if not counted and _grants(answer)
        ]
        not_granted = [
            (request, isinstance(answer, Done) and isinstance(answer.outcome, Rejection))
            for request, counted, answer in outcomes
            if counted and not (_grants(answer) or _may_grant(answer))
        ]
        if not (granted or not_granted):
            return
        # What cannot be corrected now stays counted, so that a cap is never exceeded.
        with suppress(Unavailable):
            async with self._reading() as connection, connection.transaction():
                await grant_caps.lock_grants(connection, caller)
                if granted:
                    await grant_caps.count_grants(connection, caller, day, granted)
                if not_granted:
                    await grant_caps.uncount_grants(connection, caller, day, not_granted)


def _grants(answer: Answered) -> bool:
    """Whether this request made the lot, rather than repeat an earlier answer."""
    return (
        isinstance(answer, Done) and not answer.replayed and isinstance(answer.outcome, LotGranted)
    )


def _may_grant(answer: Answered) -> bool:
    return isinstance(answer, Unavailable) and answer.reason == "outcome-unknown"
