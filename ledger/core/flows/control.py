"""Control: freeze a wallet, limit its spending."""

from typing import ClassVar, assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.gate import CHANGES
from ledger.core.pricing import out_of_range
from ledger.core.rejections import Reason, Rejection
from ledger.core.terms import Terms
from ledger.core.wallet import SpendLimit, Wallet


class FreezeWallet(Struct, frozen=True, omit_defaults=True, tag="freeze"):
    """Refuse spending until further notice; `reason` is free text and kept apart from the log."""

    gates: ClassVar = CHANGES
    refusals: ClassVar = ()
    draws_id: ClassVar = False
    free_text: ClassVar = "reason"
    documents: ClassVar = ()

    wallet_id: str
    reason: str


class UnfreezeWallet(Struct, frozen=True, omit_defaults=True, tag="unfreeze"):
    """Let a wallet spend again."""

    gates: ClassVar = CHANGES
    refusals: ClassVar = ()
    draws_id: ClassVar = False
    free_text: ClassVar = "reason"
    documents: ClassVar = ()

    wallet_id: str
    reason: str


class SetLimit(Struct, frozen=True, omit_defaults=True, tag="set_limit"):
    """Cap spending of a currency a Shanghai day, or in a single charge; None lifts the cap."""

    gates: ClassVar = CHANGES
    refusals: ClassVar = (Reason.AMOUNT_OUT_OF_RANGE,)
    draws_id: ClassVar = False
    free_text: ClassVar = "reason"
    documents: ClassVar = ()

    wallet_id: str
    currency: int
    reason: str
    day_minor: int | None = None
    single_minor: int | None = None


class WalletFrozen(Struct, frozen=True, tag="wallet_frozen_v1"):
    """The wallet may not spend from now on."""

    frozen: bool = True


class WalletUnfrozen(Struct, frozen=True, tag="wallet_unfrozen_v1"):
    """The wallet may spend again."""

    frozen: bool = False


class LimitSet(Struct, frozen=True, tag="limit_set_v1"):
    """The wallet's limit on a currency was set, in place of any before it."""

    limit: SpendLimit


Command = FreezeWallet | UnfreezeWallet | SetLimit
Event = WalletFrozen | WalletUnfrozen | LimitSet


def decide(command: Command, terms: Terms) -> tuple[Event] | Rejection:
    """A frozen wallet may be frozen again; a limit whose amount is out of range is refused."""
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
            others = tuple(other for other in wallet.limits if other.currency != limit.currency)
            lifted = limit.day_minor is None and limit.single_minor is None
            return replace(wallet, limits=others if lifted else (*others, limit))
        case _:
            assert_never(event)
