"""Adjustment: operators correct a balance; one person proposed it, another one approved it."""

from typing import ClassVar, Literal, assert_never

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.gate import CHANGES
from ledger.core.ids import lot_id_for
from ledger.core.instants import Instant
from ledger.core.limits import not_grantable
from ledger.core.lots import add_lot, spend, takes_for
from ledger.core.pricing import out_of_range
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Stamp, Terms
from ledger.core.wallet import LotTerms, Take, Wallet

Direction = Literal["credit", "debit"]
"""A credit gives free value, a debit takes value away."""


class Adjust(Struct, frozen=True, omit_defaults=True, tag="adjust"):
    """Give a wallet one free lot, or take available value away from it.

    `source` and `expires_at` are those of a credit's lot. A debit takes in spending order, or from
    the lot named alone, and passes paid value over unless `include_paid` says otherwise. Fields of
    the other direction mean nothing. `reason` is free text and kept apart from the log.
    """

    gates: ClassVar = CHANGES
    refusals: ClassVar = (
        Reason.AMOUNT_OUT_OF_RANGE,
        Reason.EXPIRY_OUT_OF_RANGE,
        Reason.LOT_NOT_FOUND,
        Reason.LIMIT_EXCEEDED,
        Reason.INSUFFICIENT_FUNDS,
    )
    draws_id: ClassVar = True
    free_text: ClassVar = "reason"
    documents: ClassVar = ()

    wallet_id: str
    proposal_id: str
    proposed_by: str
    approved_by: str
    direction: Direction
    currency: int
    amount_minor: int
    reason: str
    source: Literal["promotional", "compensation"] = "compensation"
    expires_at: Instant | None = None
    lot_id: str | None = None
    include_paid: bool = False


class BalanceAdjusted(Struct, frozen=True, omit_defaults=True, tag="balance_adjusted_v1"):
    """A balance was corrected: a credit has a `lot`, a debit its `takes`.

    `available_after_minor` is of its currency.
    """

    proposal_id: str
    proposed_by: str
    approved_by: str
    direction: Direction
    currency: int
    amount_minor: int
    available_after_minor: int
    adjusted_at: Instant
    lot: LotTerms | None = None
    takes: tuple[Take, ...] = ()


Command = Adjust
Event = BalanceAdjusted


def decide(
    wallet: Wallet, command: Adjust, terms: Terms, stamp: Stamp
) -> tuple[BalanceAdjusted] | Rejection:
    """A credit is refused like a grant; a debit where less may be taken than it asks for.

    Raises ValueError where nobody but the proposer approved it: whoever sent it did not check.
    """
    if command.proposed_by == command.approved_by:
        raise ValueError(f"proposal {command.proposal_id} was approved by its proposer")
    if (refusal := out_of_range(terms, command.amount_minor)) is not None:
        return refusal
    match command.direction:
        case "credit":
            return _credit(wallet, command, terms, stamp)
        case "debit":
            return _debit(wallet, command, stamp)
        case _:
            assert_never(command.direction)


def _credit(
    wallet: Wallet, command: Adjust, terms: Terms, stamp: Stamp
) -> tuple[BalanceAdjusted] | Rejection:
    if (refusal := not_grantable(wallet, command.expires_at, terms, stamp)) is not None:
        return refusal
    lot = LotTerms(
        lot_id=lot_id_for(stamp),
        currency=command.currency,
        source=command.source,
        amount_minor=command.amount_minor,
        granted_at=stamp.at,
        expires_at=command.expires_at,
    )
    return (_adjusted(wallet, command, stamp, lot=lot),)


def _debit(wallet: Wallet, command: Adjust, stamp: Stamp) -> tuple[BalanceAdjusted] | Rejection:
    lot_id, currency, amount_minor = command.lot_id, command.currency, command.amount_minor
    names = {lot.terms.lot_id for lot in wallet.lots if lot.terms.currency == currency}
    if lot_id is not None and lot_id not in names:
        return rejected(
            Reason.LOT_NOT_FOUND, wallet_id=wallet.wallet_id, lot_id=lot_id, currency=currency
        )
    within_reach = replace(
        wallet,
        lots=tuple(
            lot
            for lot in wallet.lots
            if lot_id in {None, lot.terms.lot_id} and (command.include_paid or not lot.terms.paid)
        ),
    )
    takes = takes_for(within_reach, currency, amount_minor)
    if takes is None:
        return rejected(
            Reason.INSUFFICIENT_FUNDS,
            currency=currency,
            amount_minor=amount_minor,
            available_minor=within_reach.available_minor(currency),
            counted="paid and free value" if command.include_paid else "free value",
            **({} if lot_id is None else {"lot_id": lot_id}),
        )
    return (_adjusted(wallet, command, stamp, takes=takes),)


def _adjusted(
    wallet: Wallet,
    command: Adjust,
    stamp: Stamp,
    *,
    lot: LotTerms | None = None,
    takes: tuple[Take, ...] = (),
) -> BalanceAdjusted:
    change_minor = command.amount_minor if lot is not None else -command.amount_minor
    return BalanceAdjusted(
        command.proposal_id,
        command.proposed_by,
        command.approved_by,
        command.direction,
        command.currency,
        command.amount_minor,
        wallet.available_minor(command.currency) + change_minor,
        stamp.at,
        lot,
        takes,
    )


def evolve(wallet: Wallet, event: BalanceAdjusted) -> Wallet:
    """The lot is there, or the takes are gone; the day's spending is what it was.

    What taken value cost is remembered by order: its payment may still be taken back.
    """
    if event.lot is not None:
        return replace(wallet, lots=add_lot(wallet, event.lot))
    adjusted_fen = wallet.adjusted_fen
    for take in event.takes:
        order_id = take.lot.order_id
        if order_id is not None:
            adjusted_fen = with_adjusted(adjusted_fen, order_id, take.cost_fen)
    return replace(wallet, lots=spend(wallet, event.takes), adjusted_fen=adjusted_fen)


def with_adjusted(adjusted_fen: dict[str, int], order_id: str, change_fen: int) -> dict[str, int]:
    """What adjustments took away by order once one of them changed; none is left without any."""
    changed = adjusted_fen | {order_id: adjusted_fen.get(order_id, 0) + change_fen}
    return {name: fen for name, fen in changed.items() if fen}
