"""Control: freeze a wallet, limit its spending, and the gate before every other flow."""

from typing import TYPE_CHECKING, assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.flows.adjustment import Adjust
from ledger.core.flows.conversion import Convert
from ledger.core.flows.daily_grant import ClaimDailyGrant
from ledger.core.flows.debit import Debit
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import AuthorizeHold
from ledger.core.flows.membership import CancelMembership
from ledger.core.flows.opening import ImportOpening
from ledger.core.flows.order import OpenMembership, OpenRecharge
from ledger.core.flows.order_refund import RefundOrder
from ledger.core.flows.refund import RefundCharge
from ledger.core.flows.transfer import SendTransfer
from ledger.core.pricing import out_of_range
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Terms
from ledger.core.wallet import SpendLimit, Wallet

if TYPE_CHECKING:
    from ledger.core.decider import Command as AnyCommand


class FreezeWallet(Struct, frozen=True, omit_defaults=True, tag="freeze"):
    """Refuse spending until further notice; `reason` is free text and kept apart from the log."""

    wallet_id: str
    reason: str


class UnfreezeWallet(Struct, frozen=True, omit_defaults=True, tag="unfreeze"):
    """Let a wallet spend again."""

    wallet_id: str
    reason: str


class SetLimit(Struct, frozen=True, omit_defaults=True, tag="set_limit"):
    """Cap spending of a currency a Shanghai day, or in a single charge; None lifts the cap."""

    wallet_id: str
    currency: int
    reason: str
    day_minor: int | None = None
    single_minor: int | None = None


class WalletFrozen(Struct, frozen=True, tag="wallet_frozen_v1"):
    """The wallet may not spend; `frozen` is what it is from now on."""

    frozen: bool = True


class WalletUnfrozen(Struct, frozen=True, tag="wallet_unfrozen_v1"):
    """The wallet may spend again."""

    frozen: bool = False


class LimitSet(Struct, frozen=True, tag="limit_set_v1"):
    """The wallet's limit on a currency is this one, whatever it was."""

    limit: SpendLimit


Command = FreezeWallet | UnfreezeWallet | SetLimit
Event = WalletFrozen | WalletUnfrozen | LimitSet

_CLOSED = (
    Debit,
    AuthorizeHold,
    RefundCharge,
    Grant,
    ClaimDailyGrant,
    OpenRecharge,
    OpenMembership,
    CancelMembership,
    RefundOrder,
    Convert,
    SendTransfer,
    ImportOpening,
    Adjust,
    FreezeWallet,
    UnfreezeWallet,
    SetLimit,
)
_FROZEN = (Debit, AuthorizeHold, Convert, SendTransfer, ClaimDailyGrant)
_GENERATION = (Debit, AuthorizeHold)


def gate(wallet: Wallet, command: "AnyCommand", terms: Terms) -> Rejection | None:
    """The refusal of a command for what the wallet is, or for what operators stopped."""
    closed_at = wallet.closed_at
    if closed_at is not None and isinstance(command, _CLOSED):
        return rejected(Reason.WALLET_CLOSED, wallet_id=wallet.wallet_id, closed_at=closed_at)
    if wallet.frozen and isinstance(command, _FROZEN):
        return rejected(Reason.WALLET_FROZEN, wallet_id=wallet.wallet_id)
    if wallet.claims and terms.policy.claims_block_spending and isinstance(command, _GENERATION):
        return rejected(Reason.CLAIM_OPEN, wallet_id=wallet.wallet_id, claim_fen=wallet.claim_fen())
    return _stopped(command, terms) if terms.stopped else None


def _stopped(command: "AnyCommand", terms: Terms) -> Rejection | None:
    match command:
        case Debit(sku=str(name)) | AuthorizeHold(sku=str(name)):
            kind = "sku"
        case OpenRecharge(channel=name) | OpenMembership(channel=name):
            kind = "channel"
        case _:
            return None
    if f"{kind}:{name}" not in terms.stopped:
        return None
    return rejected(Reason.STOPPED, kind=kind, name=name)


def decide(command: Command, terms: Terms) -> tuple[Event] | Rejection:
    """Freezing what is frozen says so once more; a limit is refused out of range."""
    match command:
        case FreezeWallet():
            return (WalletFrozen(),)
        case UnfreezeWallet():
            return (WalletUnfrozen(),)
        case SetLimit(currency=currency, day_minor=day_minor, single_minor=single_minor):
            for amount_minor in (day_minor, single_minor):
                if amount_minor is not None:
                    refusal = out_of_range(terms, amount_minor)
                    if refusal is not None:
                        return refusal
            return (LimitSet(SpendLimit(currency, day_minor, single_minor)),)
        case _:
            assert_never(command)


def evolve(wallet: Wallet, event: Event) -> Wallet:
    """What the wallet may do from now on."""
    match event:
        case WalletFrozen(frozen=frozen) | WalletUnfrozen(frozen=frozen):
            return replace(wallet, frozen=frozen)
        case LimitSet(limit=limit):
            others = tuple(one for one in wallet.limits if one.currency != limit.currency)
            lifted = limit.day_minor is None and limit.single_minor is None
            return replace(wallet, limits=others if lifted else (*others, limit))
        case _:
            assert_never(event)
