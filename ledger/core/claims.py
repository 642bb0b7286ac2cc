"""Claims: what is owed of an order whose payment was taken back, reduced by value that returns."""

from msgspec.structs import replace

from ledger.core.lots import split_by_cost
from ledger.core.money import share_up_to
from ledger.core.purchases import Claim, Repayment
from ledger.core.wallet import Absorption, Take

Claims = tuple[Claim, ...]


def absorb(
    claims: Claims, takes: tuple[Take, ...]
) -> tuple[tuple[Absorption, ...], tuple[Take, ...]]:
    """Split returning takes: what reduces their orders' open claims, and what returns to lots."""
    if not claims:
        return (), takes
    owed = {claim.order_id: claim.open_fen for claim in claims}
    revenue = {claim.order_id: claim.revenue for claim in claims}
    absorbed: list[Absorption] = []
    rest: list[Take] = []
    for take in takes:
        order_id = take.lot.order_id or ""
        part_fen = min(owed.get(order_id, 0), take.cost_fen)
        if not part_fen:
            rest.append(take)
            continue
        owed[order_id] -= part_fen
        if part_fen == take.cost_fen:
            absorbed.append(Absorption(take, revenue[order_id]))
        else:
            first, last = split_by_cost(take, part_fen)
            absorbed.append(Absorption(first, revenue[order_id]))
            rest.append(last)
    return tuple(absorbed), tuple(rest)


def claims_after(claims: Claims, absorbed: tuple[Absorption, ...]) -> Claims:
    """The claims once value was absorbed; those paid in full are gone."""
    for absorption in absorbed:
        take = absorption.take
        claims = _reduced(claims, take.lot.order_id or "", take.cost_fen, take.vat_fen)
    return claims


def _reduced(claims: Claims, order_id: str, amount_fen: int, vat_fen: int) -> Claims:
    reduced = tuple(
        replace(
            claim,
            open_fen=claim.open_fen - amount_fen,
            open_vat_fen=claim.open_vat_fen - min(claim.open_vat_fen, vat_fen),
        )
        if claim.order_id == order_id
        else claim
        for claim in claims
    )
    return tuple(claim for claim in reduced if claim.open_fen)


def share_of(claim: Claim, amount_fen: int) -> Repayment:
    """The part of a claim that `amount_fen` pays, with its share of VAT."""
    vat_fen = share_up_to(claim.open_vat_fen, amount_fen, claim.open_fen)
    return Repayment(claim.order_id, amount_fen, vat_fen, claim.revenue)


def repay(claims: Claims, amount_fen: int) -> tuple[Repayment, ...]:
    """The parts of the claims that an amount in fen repays, the oldest claim first."""
    paid: list[Repayment] = []
    for claim in claims:
        part_fen = min(claim.open_fen, amount_fen)
        if part_fen:
            paid.append(share_of(claim, part_fen))
            amount_fen -= part_fen
    return tuple(paid)


def repaid(claims: Claims, payments: tuple[Repayment, ...]) -> Claims:
    """The claims once those parts were paid."""
    for payment in payments:
        claims = _reduced(claims, payment.order_id, payment.amount_fen, payment.vat_fen)
    return claims


def reopened(claims: Claims, payments: tuple[Repayment, ...]) -> Claims:
    """The claims once those parts are owed again."""
    for payment in payments:
        claims = owing(
            claims, Claim(payment.order_id, payment.amount_fen, payment.vat_fen, payment.revenue)
        )
    return claims


def owing(claims: Claims, more: Claim) -> Claims:
    """The claims once `more` is owed; an order has one claim, to which it is added."""
    known = next((claim for claim in claims if claim.order_id == more.order_id), None)
    if known is None:
        return (*claims, more)
    grown = replace(
        known,
        open_fen=known.open_fen + more.open_fen,
        open_vat_fen=known.open_vat_fen + more.open_vat_fen,
    )
    return tuple(grown if claim is known else claim for claim in claims)


def take_part(payments: tuple[Repayment, ...], amount_fen: int) -> tuple[Repayment, ...]:
    """The last parts among those repaid that make up `amount_fen`, the last one first."""
    parts: list[Repayment] = []
    for payment in reversed(payments):
        part_fen = min(payment.amount_fen, amount_fen)
        if part_fen:
            vat_fen = share_up_to(payment.vat_fen, part_fen, payment.amount_fen)
            parts.append(replace(payment, amount_fen=part_fen, vat_fen=vat_fen))
            amount_fen -= part_fen
    return tuple(parts)


def without_part(
    payments: tuple[Repayment, ...], parts: tuple[Repayment, ...]
) -> tuple[Repayment, ...]:
    """What was repaid and is not among the parts, which are those of `take_part`."""
    left = list(payments)
    for part in parts:
        last = left.pop()
        if part.amount_fen < last.amount_fen:
            left.append(
                replace(
                    last,
                    amount_fen=last.amount_fen - part.amount_fen,
                    vat_fen=last.vat_fen - part.vat_fen,
                )
            )
    return tuple(left)
