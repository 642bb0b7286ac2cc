"""The gate: what a command is refused for by what its wallet is, or because it was stopped.

Every command says by its `gates` which of these refusals it is subject to.
"""

from typing import ClassVar, Final, Literal, Protocol

from msgspec import Struct

from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Terms
from ledger.core.wallet import Wallet


class Gates(Struct, frozen=True):
    """What refuses a command: a wallet that is closed, or frozen, a claim that blocks, a stop.

    `stop` is the field that names what operators may have stopped.
    """

    closed: bool = False
    frozen: bool = False
    claim: bool = False
    stop: Literal["sku", "channel"] | None = None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The refusals that these gates may bring, in order of precedence."""
        subject_to = {
            Reason.WALLET_CLOSED: self.closed,
            Reason.WALLET_FROZEN: self.frozen,
            Reason.CLAIM_OPEN: self.claim,
            Reason.STOPPED: self.stop is not None,
        }
        return tuple(reason for reason, refuses in subject_to.items() if refuses)


NO_GATES: Final = Gates()
"""What was begun is ended, and money that moved is booked, whatever the wallet is."""

CHANGES: Final = Gates(closed=True)
"""Anything else that is asked of a wallet, which may be closed for good."""

SPENDS: Final = Gates(closed=True, frozen=True)
"""Value leaves the wallet, or the daily grant is taken."""

GENERATES: Final = Gates(closed=True, frozen=True, claim=True, stop="sku")
"""Value is charged, or set aside, for a generation."""

ORDERS: Final = Gates(closed=True, stop="channel")
"""Something is ordered at a channel."""


class Gated(Protocol):
    """A command, as far as the gate looks at it."""

    gates: ClassVar[Gates]


def refusal_of(wallet: Wallet, command: Gated, terms: Terms) -> Rejection | None:
    """The first of its gates that refuses a command."""
    closed_at = wallet.closed_at
    if closed_at is None and not (wallet.frozen or wallet.claims or terms.stopped):
        return None
    gates = command.gates
    if gates.closed and closed_at is not None:
        return rejected(Reason.WALLET_CLOSED, wallet_id=wallet.wallet_id, closed_at=closed_at)
    if gates.frozen and wallet.frozen:
        return rejected(Reason.WALLET_FROZEN, wallet_id=wallet.wallet_id)
    if gates.claim and wallet.claims and terms.policy.claims_block_spending:
        return rejected(Reason.CLAIM_OPEN, wallet_id=wallet.wallet_id, claim_fen=wallet.claim_fen())
    kind = gates.stop
    if kind is None:
        return None
    name = getattr(command, kind)
    if name is None or f"{kind}:{name}" not in terms.stopped:
        return None
    return rejected(Reason.STOPPED, kind=kind, name=name)
