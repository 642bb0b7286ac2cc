"""Submissions: commands that the write path decides, and what has to follow at once."""

from collections.abc import Callable, Sequence
from typing import Final

from ledger.core.batch import Done, Outcome
from ledger.core.decider import Command
from ledger.core.flows.closure import CloseWallet, WalletClosed
from ledger.core.flows.order import PaymentSetAside
from ledger.core.flows.order_refund import OrderRefundRequested
from ledger.core.flows.transfer import TransferSent
from ledger.core.rejections import Reason, Rejection
from ledger.engine import CommandFailed, Engine, Unavailable
from ledger.engine.grant_caps import CappedEngine
from ledger.engine.texts import Texts

LEAVES_OPEN: Final = frozenset({TransferSent, OrderRefundRequested, PaymentSetAside})
"""The outcomes after which a second half is to be sent, or a refund to be asked for."""


class Submissions:
    """What callers, channels and approvals submit their commands through.

    What a command left open goes to `start_open`, which sends it in the background; the texts of a
    wallet that was closed are erased.
    """

    def __init__(
        self, engine: Engine | CappedEngine, texts: Texts, start_open: Callable[[Done], None]
    ) -> None:
        self._engine, self._texts, self._start_open = engine, texts, start_open

    async def submit(self, caller: str, key: str, command: Command) -> Done:
        """Have a command decided and made durable. Raises Unavailable or CommandFailed."""
        done = await self._engine.submit(caller, key, command)
        await self._follow_up(command, done)
        return done

    async def submit_many(
        self, caller: str, requests: Sequence[tuple[str, Command]]
    ) -> list[Done | Unavailable | CommandFailed]:
        """Many commands, each standing alone; answers in their order. Raises Unavailable."""
        answers = await self._engine.submit_many(caller, requests)
        for (_, command), answer in zip(requests, answers, strict=True):
            if isinstance(answer, Done):
                await self._follow_up(command, answer)
        return answers

    async def _follow_up(self, command: Command, done: Done) -> None:
        if type(done.outcome) in LEAVES_OPEN:
            self._start_open(done)
        elif isinstance(command, CloseWallet) and _is_closed(done.outcome):
            # Where this raises the caller closes it once more, which erases what is left.
            await self._texts.erase(command.wallet_id)


def _is_closed(outcome: Outcome) -> bool:
    refused = isinstance(outcome, Rejection) and outcome.reason is Reason.WALLET_CLOSED
    return refused or isinstance(outcome, WalletClosed)
