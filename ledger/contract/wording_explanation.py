"""The words of explanations: for support agents, who know neither the code nor the books."""

from typing import assert_never

from ledger.core.decider import Event
from ledger.core.flows.due import LotExpired
from ledger.core.flows.hold import HoldExpired
from ledger.core.flows.membership import MembershipEnded, MembershipGranted, ends_at, standing
from ledger.core.flows.order import OrderExpired
from ledger.core.instants import format_instant
from ledger.core.money import format_amount
from ledger.core.terms import Policy
from ledger.core.wallet import Hold, Lot, LotTerms, SpendLimit, Take, Wallet
from ledger.queries.explanation import ChargeReasons, CurrencyReasons, LotReasons


def lot(reasons: LotReasons) -> str:
    """Why a lot stands where it stands."""
    terms, following = reasons.lot.terms, reasons.following
    order = _order(terms, following, reasons)
    extended = " Its expiry is the one extension that paid points get." if terms.graced else ""
    return f"{order}{_state(reasons.lot)}{extended}"


def _order(terms: LotTerms, following: LotTerms | None, reasons: LotReasons) -> str:
    if following is None:
        return "No lot of its currency is spent after it."
    name = f"Spent before {following.lot_id}: "
    match reasons.rule:
        case "expires_earlier":
            then = following.expires_at
            other = "the other one never does" if then is None else f"not {format_instant(then)}"
            return f"{name}what expires first goes first; it expires {_expiry(terms)}, {other}."
        case "free_before_paid":
            return f"{name}{_alike(terms)}, and what was given goes before what was paid for."
        case "older":
            since = (
                f"{format_instant(terms.granted_at)}, not {format_instant(following.granted_at)}"
            )
            return f"{name}{_alike(terms)}, and the older goes first; it was granted {since}."
        case "lower_id":
            return f"{name}they are alike in every way, and so their ids decide."
        case "last":
            raise AssertionError(f"{terms.lot_id} is not the last")
        case _:
            assert_never(reasons.rule)


def _expiry(terms: LotTerms) -> str:
    return "never" if terms.expires_at is None else format_instant(terms.expires_at)


def _alike(terms: LotTerms) -> str:
    return "neither expires" if terms.expires_at is None else "both expire at the same time"


def _state(one: Lot) -> str:
    if not one.held_minor:
        return ""
    held = format_amount(one.held_minor)
    if not one.available_minor:
        return f" Holds have set all that is left of it aside, {held}."
    return f" Holds have set {held} of it aside; the rest can be spent."


def currency(reasons: CurrencyReasons, code: str, expiring_minor: int) -> str:
    """What there is of a currency, in a sentence or two."""
    if not reasons.lots and not reasons.refunding_minor:
        return f"There is no {code}."
    lots, holds = len(reasons.lots), len(reasons.holds)
    available = format_amount(reasons.available_minor)
    parts = [f"{available} {code} can be spent, out of {_count(lots, 'lot')}"]
    if holds:
        held = f"{format_amount(reasons.held_minor)} is set aside by {_count(holds, 'open hold')}"
        parts.append(held)
    if reasons.refunding_minor:
        parts.append(f"{format_amount(reasons.refunding_minor)} is set aside for refunds under way")
    if expiring_minor:
        parts.append(f"{format_amount(expiring_minor)} expires within 48 hours")
    return f"{'; '.join(parts)}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def hold(one: Hold) -> str:
    """What a hold does."""
    since, until = format_instant(one.authorized_at), format_instant(one.expires_at)
    return (
        f"Since {since} it sets {format_amount(one.amount_minor)} aside, in the order of spending "
        f"then. Unless it is captured or voided before, it ends {until}, and all of it goes back "
        "to the lots it came from."
    )


def limit(
    limit: SpendLimit,
    charged_minor: int,
    held_minor: int,
    left_minor: int | None,
    resets_at: str,
) -> str:
    """What a limit allows now."""
    parts = []
    if limit.day_minor is not None and left_minor is not None:
        parts.append(
            f"At most {format_amount(limit.day_minor)} may be spent a day: "
            f"{format_amount(charged_minor)} was charged today and {format_amount(held_minor)} is "
            f"held, so {format_amount(left_minor)} is left until {resets_at}."
        )
    if limit.single_minor is not None:
        parts.append(f"No single charge may exceed {format_amount(limit.single_minor)}.")
    return " ".join(parts)


def spending(wallet: Wallet, policy: Policy) -> tuple[bool, str]:
    """Whether the wallet may spend at all, and what keeps it from that."""
    if wallet.closed_at is not None:
        return False, f"The wallet was closed {format_instant(wallet.closed_at)}, for good."
    if wallet.frozen:
        return False, "The wallet is frozen: an administrator has to unfreeze it before it spends."
    if wallet.claims and policy.claims_block_spending:
        owed = format_amount(wallet.claim_fen())
        return (
            False,
            f"Generation is refused while a claim of {owed} CNY is open: a recharge pays it.",
        )
    return True, "Nothing keeps the wallet from spending what is available."


def beside(wallet: Wallet) -> list[str]:
    """What there is to know beside the balance: claims, money payable, a membership."""
    said = []
    if wallet.claims:
        said.append(
            f"Its owner owes {format_amount(wallet.claim_fen())} CNY for points that were spent "
            "before their payment was taken back; the next recharge pays that first."
        )
    if wallet.payable_fen:
        said.append(f"{format_amount(wallet.payable_fen)} CNY is payable to its owner for gifts.")
    if wallet.transfers:
        said.append(f"{_count(len(wallet.transfers), 'gift')} to others still on the way.")
    if wallet.membership is not None:
        plan, until = standing(wallet.membership).plan, format_instant(ends_at(wallet.membership))
        said.append(f"The membership {plan} is paid until {until}.")
    return said


def upcoming(event: Event, code: str) -> str:
    """What will happen unless something else happens before."""
    match event:
        case LotExpired(take):
            cost = f"; it had cost {format_amount(take.cost_fen)} CNY" if take.cost_fen else ""
            return (
                f"{format_amount(take.amount_minor)} {code} of lot {take.lot.lot_id} "
                f"({take.lot.source}) expires if it is not spent before{cost}."
            )
        case HoldExpired(ended):
            return (
                f"The hold {ended.hold_id} ends unless it is captured, voided or extended before; "
                "what it set aside goes back to its lots."
            )
        case OrderExpired(order):
            return f"The order {order.order_id} closes unless it is paid before."
        case MembershipGranted(order_id=order_id):
            return f"The next month's points of the membership are granted (order {order_id})."
        case MembershipEnded(plan=plan):
            return f"The membership {plan} ends."
        case _:
            raise AssertionError(f"time alone does not bring about {type(event).__name__}")


def charge(reasons: ChargeReasons, code: str) -> list[str]:
    """What a charge was, step by step."""
    made = reasons.charge
    amount, at = format_amount(made.amount_minor), format_instant(made.charged_at)
    said = [f"{amount} {code} was charged {at}, by {reasons.recorded.caller}."]
    if reasons.hold is not None:
        held = reasons.hold.hold
        said.append(
            f"The charge captured the hold {held.hold_id}, which had set "
            f"{format_amount(held.amount_minor)} aside {format_instant(held.authorized_at)}: its "
            f"takes are those of that moment. {_rest(reasons)}"
        )
    if made.quote is not None:
        one = made.quote
        said.append(
            f"The price was that of {one.quantity} × {one.sku}, version {one.price_version}."
        )
    said.append(_earned(made.takes))
    if reasons.now.refunded_minor:
        back, left = reasons.now.refunded_minor, made.amount_minor - reasons.now.refunded_minor
        said.append(
            f"{format_amount(back)} of it was refunded, from the end of its takes; "
            f"{format_amount(left)} can still be."
        )
    return said


def _rest(reasons: ChargeReasons) -> str:
    returned = format_amount(sum(take.amount_minor for take in reasons.returned))
    said = f"{returned} went back to its lots."
    if reasons.absorbed:
        claimed = format_amount(sum(one.take.amount_minor for one in reasons.absorbed))
        said += f" {claimed} did not: it paid what was owed of its own order."
    return said


def _earned(takes: tuple[Take, ...]) -> str:
    cost_fen, vat_fen = sum(one.cost_fen for one in takes), sum(one.vat_fen for one in takes)
    lots = _count(len(takes), "lot")
    if not cost_fen:
        paid = any(one.lot.paid for one in takes)
        free = "that had cost less than 0.01 CNY" if paid else "nobody had paid for that"
        return f"It took from {lots}, in the order of spending; {free}."
    return (
        f"It took from {lots}, in the order of spending; that had cost {format_amount(cost_fen)} "
        f"CNY, of which {format_amount(vat_fen)} is VAT and {format_amount(cost_fen - vat_fen)} "
        "revenue."
    )


def take(one: Take) -> str:
    """What a slice of a lot was."""
    paid = "paid for" if one.lot.paid else "given for free"
    expiry = "never expires" if one.lot.expires_at is None else f"expires {_expiry(one.lot)}"
    return (
        f"{format_amount(one.amount_minor)} of a lot of {format_amount(one.lot.amount_minor)} that "
        f"was {paid} ({one.lot.source}) and {expiry}."
    )
