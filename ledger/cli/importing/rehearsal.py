"""What the ledger would answer to an import, decided as it decides; nothing is written."""

from collections.abc import Sequence

from ledger.cli.importing.sending import CALLER, Request
from ledger.core.batch import Envelope, Failed, decide_batch
from ledger.engine import CommandFailed, Unavailable
from ledger.engine.commit import Answered
from ledger.engine.lane import envelope_for, shard_of
from ledger.service import Ledger
from ledger.store import journal


class Rehearsal:
    """Takes the place of the ledger's `submit_many` in a dry run."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def submit(self, requests: Sequence[Request]) -> list[Answered]:
        """What each request would be answered, at most one of a wallet, in their order."""
        by_shard: dict[int, list[Envelope]] = {}
        for key, command in requests:
            shard = shard_of(command.wallet_id, self._ledger.facts.shards)
            by_shard.setdefault(shard, []).append(envelope_for(CALLER, key, command))
        answers: dict[str, Answered] = {}
        for shard, envelopes in by_shard.items():
            try:
                answers |= await self._decide(shard, envelopes)
            except Unavailable as unavailable:
                answers |= {envelope.command.wallet_id: unavailable for envelope in envelopes}
        return [answers[command.wallet_id] for _, command in requests]

    async def _decide(self, shard: int, envelopes: Sequence[Envelope]) -> dict[str, Answered]:
        wanted = journal.nothing_wanted()
        for envelope in envelopes:
            key = (envelope.command.wallet_id, envelope.caller, envelope.key_hash)
            journal.want_command(wanted, key, envelope.command)
        async with self._ledger.reading() as connection:
            snapshot = await journal.load(connection, shard, wanted)
        batch = decide_batch(snapshot, envelopes, self._ledger.catalogue.at)
        return {
            envelope.command.wallet_id: _answered(outcome)
            if isinstance(outcome, Failed)
            else outcome
            for envelope, outcome in zip(envelopes, batch.decided, strict=True)
        }


def _answered(failed: Failed) -> Answered:
    if failed.dues:
        return Unavailable("wallet-quarantined")
    return CommandFailed(type(failed.error).__name__)
