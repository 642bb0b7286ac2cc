"""The outbox: second halves of transfers to submit, and refunds to ask channels for.

Both begin with an event that leaves something open in a wallet, and the open things of all wallets
are the outbox: no table has them a second time. What an event leaves open is dealt with at once, in
the background; whatever became of that, a job finds it in the wallet and tries it again. Every step
may be taken twice: commands have keys, and refunds their constant numbers.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Final, TypeVar

import structlog
from msgspec import Struct

from ledger.channels.contract import ChannelAway
from ledger.core.batch import Done
from ledger.core.flows.order import PaymentSetAside
from ledger.core.flows.order_refund import OrderRefundRequested
from ledger.core.flows.transfer import (
    CompleteTransfer,
    ReceiveTransfer,
    TransferCompleted,
    TransferReceived,
    TransferSent,
)
from ledger.core.instants import SECOND_US
from ledger.core.wallet import OrderRefund, Transfer
from ledger.engine import metrics
from ledger.engine.background import Background
from ledger.engine.commit import Unavailable
from ledger.engine.lane import Submit
from ledger.engine.reading import Reading
from ledger.store import reads
from ledger.store.jobs import Unsent, find_unsent

_log = structlog.get_logger()

T = TypeVar("T")

CALLER: Final = "ledger:transfers"
"""Who sends the halves of transfers; no key has this name."""

TRANSFERS_MAX: Final = 64
"""How many transfers are completed at once: as many may share a batch."""

ASKED_MAX: Final = 16
"""How many refunds channels are asked for at once."""

AGE_S: Final = 5
"""The job leaves alone what waits for less long: it is on its way in the background."""

PAGE_MAX: Final = 200
"""How many wallets the job looks at, and how many transfers it completes, in one step."""

PAUSE_FIRST_S: Final = 5.0
PAUSE_MAX_S: Final = 300.0
"""How long the job waits before it tries the same again: twice as long each time."""


class _Wait(Struct):
    """When something is to be tried again (monotonic), and the pause after that."""

    until: float = 0.0
    pause_s: float = PAUSE_FIRST_S

    def again(self) -> None:
        self.until = monotonic() + self.pause_s
        self.pause_s = min(self.pause_s * 2, PAUSE_MAX_S)


class Outbox:
    """Deals with the outbox in one process: in the background, and as the job."""

    def __init__(
        self, submit: Submit, ask: Callable[[OrderRefund], Awaitable[None]], reading: Reading
    ) -> None:
        self._submit, self._ask, self._reading = submit, ask, reading
        self._transfers = Background(self._complete_now, TRANSFERS_MAX)
        self._refunds = Background(self._ask_now, ASKED_MAX)
        self._waits: dict[int, dict[str, _Wait]] = {}

    def start(self, done: Done) -> None:
        """Deal in the background with what a command just left open."""
        if done.replayed:
            return  # the job finds what the first answer left open, if it still is
        match done.outcome:
            case TransferSent(transfer=transfer):
                self._transfers.put(transfer.transfer_id, transfer)
            case OrderRefundRequested(refund=refund):
                self._refunds.put(refund.refund_id, refund)
            case PaymentSetAside(refund=OrderRefund() as refund):
                self._refunds.put(refund.refund_id, refund)
            case _:
                pass

    async def finish(self, shard: int) -> AsyncGenerator[int, None]:
        """One round of the job over a shard: yields, step by step, how much it dealt with.

        Raises Unavailable where the database is away.
        """
        waits = self._waits.setdefault(shard, {})
        seen: Counter[str] = Counter()
        known: set[str] = set()
        async for transfers, refunds in self._pages(shard):
            seen.update(transfers=len(transfers), refunds=len(refunds))
            known.update(transfers, refunds)
            yield self._ask_again(_due(refunds, waits), waits)
            due = _due(transfers, waits)
            for start in range(0, len(due), PAGE_MAX):
                yield await self._complete_again(due[start : start + PAGE_MAX], waits)
        for name in waits.keys() - known:
            del waits[name]
        for kind in ("transfers", "refunds"):
            metrics.UNSENT.labels(shard, kind).set(seen[kind])

    async def close(self) -> None:
        """Begin nothing more; what is under way ends, or is left to the job."""
        await asyncio.gather(self._transfers.close(), self._refunds.close())

    async def _pages(
        self, shard: int
    ) -> AsyncGenerator[tuple[dict[str, Transfer], dict[str, OrderRefund]], None]:
        """Open transfers and refunds by their ids, the longest waiting wallets first."""
        last: Unsent | None = None
        more = True
        while more:
            async with self._reading() as connection:
                before = await reads.read_clock(connection) - AGE_S * SECOND_US
                page = await find_unsent(connection, shard, before, PAGE_MAX, last)
            wallets = [unsent.wallet for unsent in page]
            transfers = {
                transfer.transfer_id: transfer
                for wallet in wallets
                for transfer in wallet.transfers
                if transfer.sent_at <= before
            }
            refunds = {
                refund.refund_id: refund
                for wallet in wallets
                for refund in wallet.refunds
                if refund.requested_at <= before
            }
            yield transfers, refunds
            more = len(page) == PAGE_MAX
            last = page[-1] if page else None

    def _ask_again(self, refunds: Sequence[OrderRefund], waits: dict[str, _Wait]) -> int:
        """Queue refunds to be asked for in the background, where channels may be slow."""
        for refund in refunds:
            waits.setdefault(refund.refund_id, _Wait()).again()
            self._refunds.put(refund.refund_id, refund)
        return len(refunds)

    async def _complete_again(self, transfers: Sequence[Transfer], waits: dict[str, _Wait]) -> int:
        """Complete these, some at a time, and say how many are done. Raises Unavailable."""
        some = asyncio.Semaphore(TRANSFERS_MAX)

        async def complete(transfer: Transfer) -> None:
            async with some:
                await self._complete(transfer)

        outcomes = await asyncio.gather(*map(complete, transfers), return_exceptions=True)
        away: Unavailable | None = None
        for transfer, outcome in zip(transfers, outcomes, strict=True):
            if isinstance(outcome, Unavailable) and outcome.reason != "wallet-quarantined":
                away = outcome
            elif outcome is not None:
                # A wallet in quarantine must not keep the job from the transfers of others.
                waits.setdefault(transfer.transfer_id, _Wait()).again()
                _log_failure(transfer.transfer_id, outcome)
        if away is not None:
            raise away
        return sum(outcome is None for outcome in outcomes)

    async def _complete_now(self, transfer: Transfer) -> None:
        try:
            await self._complete(transfer)
        except Exception as error:  # noqa: BLE001 - the job tries again
            _log_failure(transfer.transfer_id, error)

    async def _complete(self, transfer: Transfer) -> None:
        # Always the same command under the same key, whichever process submits it.
        name = transfer.transfer_id
        receive = ReceiveTransfer(transfer.to_wallet_id, transfer)
        received = (await self._submit(CALLER, name, receive)).outcome
        assert isinstance(received, TransferReceived), received
        complete = CompleteTransfer(transfer.from_wallet_id, name)
        completed = (await self._submit(CALLER, name, complete)).outcome
        assert isinstance(completed, TransferCompleted), completed

    async def _ask_now(self, refund: OrderRefund) -> None:
        try:
            await self._ask(refund)
        except Exception as error:  # noqa: BLE001 - the job asks again
            _log_failure(refund.refund_id, error)


def _due(waiting: Mapping[str, T], waits: Mapping[str, _Wait]) -> list[T]:
    now = monotonic()
    return [
        thing for name, thing in waiting.items() if name not in waits or waits[name].until <= now
    ]


def _log_failure(name: str, error: BaseException) -> None:
    if isinstance(error, Unavailable | ChannelAway):
        _log.warning("not_sent_on", name=name, why=str(error))
    else:
        _log.error("not_sent_on", name=name, exc_info=error)
