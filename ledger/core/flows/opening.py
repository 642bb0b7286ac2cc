"""Opening: balances carried over from an earlier system, lot by lot, with their cost and claims."""

from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.chart import Source
from ledger.core.claims import Claims, owing
from ledger.core.flows.reversal import claim_revenue
from ledger.core.gate import CHANGES
from ledger.core.instants import INSTANT_MAX, Instant
from ledger.core.limits import too_many_lots
from ledger.core.lots import add_lots
from ledger.core.pricing import in_range
from ledger.core.purchases import Claim
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Stamp, Terms
from ledger.core.wallet import LotTerms, Wallet


class OpeningLot(Struct, frozen=True, omit_defaults=True):
    """A lot as the earlier system had it: what is left of it, and the cost of that."""

    lot_id: str
    currency: int
    source: Source
    amount_minor: int
    granted_at: Instant
    expires_at: Instant | None = None
    paid: bool = False
    cost_fen: int = 0
    vat_fen: int = 0
    order_id: str | None = None


class OpeningClaim(Struct, frozen=True):
    """What the user owed in the earlier system, in fen gross, with the VAT inside it."""

    order_id: str
    open_fen: int
    open_vat_fen: int
    currency: int


class ImportOpening(Struct, frozen=True, omit_defaults=True, tag="import_opening"):
    """Carry over the balances that a wallet had in an earlier system."""

    gates: ClassVar = CHANGES
    refusals: ClassVar = (
        Reason.AMOUNT_OUT_OF_RANGE,
        Reason.EXPIRY_OUT_OF_RANGE,
        Reason.LOT_EXISTS,
        Reason.LIMIT_EXCEEDED,
    )
    draws_id: ClassVar = False
    free_text: ClassVar = None
    documents: ClassVar = ()

    wallet_id: str
    lots: tuple[OpeningLot, ...] = ()
    claims: tuple[OpeningClaim, ...] = ()
    payable_fen: int = 0


class OpeningImported(Struct, frozen=True, tag="opening_imported_v1"):
    """A wallet's opening balances were booked; `claims` are the new ones alone."""

    lots: tuple[LotTerms, ...]
    claims: tuple[Claim, ...]
    payable_fen: int


Command = ImportOpening
Event = OpeningImported


def decide(
    wallet: Wallet, command: ImportOpening, terms: Terms, stamp: Stamp
) -> tuple[OpeningImported] | Rejection:
    """Refused as a whole if any lot, claim or amount in it cannot be booked."""
    refusal = _refusal(wallet, command, terms, stamp)
    if refusal is not None:
        return refusal
    liabilities = {currency.number: currency.liability for currency in terms.currencies.values()}
    return (
        OpeningImported(
            tuple(_lot(lot, liabilities, terms) for lot in command.lots),
            tuple(
                Claim(
                    claim.order_id,
                    claim.open_fen,
                    claim.open_vat_fen,
                    claim_revenue(liabilities[claim.currency]),
                )
                for claim in command.claims
            ),
            command.payable_fen,
        ),
    )


def _refusal(
    wallet: Wallet, command: ImportOpening, terms: Terms, stamp: Stamp
) -> Rejection | None:
    return (
        _amount_refusal(command, terms)
        or _expiry_refusal(command, stamp)
        or _lots_refusal(wallet, command, terms)
    )


def _amount_refusal(command: ImportOpening, terms: Terms) -> Rejection | None:
    empty = not (command.lots or command.claims or command.payable_fen)
    if empty or command.payable_fen < 0:
        return rejected(Reason.AMOUNT_OUT_OF_RANGE, payable_fen=command.payable_fen)
    for claim in command.claims:
        if claim.open_fen < 1 or not 0 <= claim.open_vat_fen <= claim.open_fen:
            return rejected(
                Reason.AMOUNT_OUT_OF_RANGE, open_fen=claim.open_fen, order_id=claim.order_id
            )
    for lot in command.lots:
        most_fen = terms.amount_minor_max if lot.paid else 0
        costs = 0 <= lot.vat_fen <= lot.cost_fen <= most_fen
        if not in_range(terms, lot.amount_minor) or not costs:
            return rejected(
                Reason.AMOUNT_OUT_OF_RANGE,
                lot_id=lot.lot_id,
                amount_minor=lot.amount_minor,
                cost_fen=lot.cost_fen,
                vat_fen=lot.vat_fen,
            )
    return None


def _expiry_refusal(command: ImportOpening, stamp: Stamp) -> Rejection | None:
    for lot in command.lots:
        if lot.expires_at is not None and not stamp.at < lot.expires_at <= INSTANT_MAX:
            return rejected(
                Reason.EXPIRY_OUT_OF_RANGE,
                lot_id=lot.lot_id,
                expires_at=lot.expires_at,
                now=stamp.at,
            )
    return None


def _lots_refusal(wallet: Wallet, command: ImportOpening, terms: Terms) -> Rejection | None:
    known = {lot.terms.lot_id for lot in wallet.lots}
    for lot in command.lots:
        if lot.lot_id in known:
            return rejected(Reason.LOT_EXISTS, lot_id=lot.lot_id)
        known.add(lot.lot_id)
    return too_many_lots(wallet, terms, len(command.lots))


def _lot(lot: OpeningLot, liabilities: dict[int, int], terms: Terms) -> LotTerms:
    liability = liabilities[lot.currency]
    if lot.source == "membership":
        liability = terms.membership_liability
    return LotTerms(
        lot_id=lot.lot_id,
        currency=lot.currency,
        source=lot.source,
        amount_minor=lot.amount_minor,
        granted_at=lot.granted_at,
        expires_at=lot.expires_at,
        paid=lot.paid,
        cost_fen=lot.cost_fen,
        vat_fen=lot.vat_fen,
        vat_bp=terms.vat_bp if lot.vat_fen else 0,
        liability=liability if lot.paid else 0,
        order_id=lot.order_id,
    )


def evolve(wallet: Wallet, event: OpeningImported) -> Wallet:
    """Lots, claims and payables as they were carried over."""
    owed: Claims = wallet.claims
    for claim in event.claims:
        owed = owing(owed, claim)
    return replace(
        wallet,
        lots=add_lots(wallet, event.lots),
        claims=owed,
        payable_fen=wallet.payable_fen + event.payable_fen,
    )
