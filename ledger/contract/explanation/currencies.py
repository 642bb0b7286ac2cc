"""An explained currency: its lots, its holds, and what limits its spending."""

from typing import Literal

from msgspec import Struct

from ledger.contract.explanation.lots import ExplainedLot, render_explained_lot
from ledger.contract.explanation.upcoming import SOON_US
from ledger.contract.explanation.words import Words, counted
from ledger.contract.fields import Amount, Moment
from ledger.contract.shared import Codes, TakeAnswer, optional_amount, render_takes
from ledger.core.instants import format_instant, shanghai_midnight_after
from ledger.core.limits import limit_on, use_of
from ledger.core.money import format_amount
from ledger.core.terms import Policy
from ledger.core.wallet import Hold, SpendLimit
from ledger.queries.explanation import CurrencyReasons, WalletReasons


class ExplainedHold(Struct, frozen=True):
    """An open hold; its takes are the slices of lots that it has set aside."""

    hold_id: str
    amount: Amount
    authorized_at: Moment
    expires_at: Moment
    reference: str | None
    sku: str | None
    takes: list[TakeAnswer]
    why: Words


class ExplainedLimit(Struct, frozen=True):
    """What limits spending a Shanghai day or a single charge, and what is left of the day.

    `of` says whether the wallet has a limit of its own or the house's applies. What open holds
    have set aside counts as spent.
    """

    of: Literal["wallet", "house"]
    day: Amount | None
    single: Amount | None
    charged_today: Amount
    held: Amount
    left_today: Amount | None
    resets_at: Moment
    why: Words


class ExplainedConversion(Struct, frozen=True):
    """What may be converted of a currency a Shanghai day."""

    day: Amount
    converted_today: Amount
    left_today: Amount
    resets_at: Moment


class ExplainedCurrency(Struct, frozen=True):
    """One currency: `available` and `held` are exactly what its lots add up to.

    `refunding` left the lots already, for refunds under way. `expiring_48h` is what will have
    expired by then if nothing else happens.
    """

    currency: str
    available: Amount
    held: Amount
    refunding: Amount
    expiring_48h: Amount
    lots: list[ExplainedLot]
    holds: list[ExplainedHold]
    limit: ExplainedLimit | None
    conversion: ExplainedConversion | None
    why: Words


def render_explained_currency(
    reasons: CurrencyReasons, wallet: WalletReasons, policy: Policy, codes: Codes
) -> ExplainedCurrency:
    """A currency of the wallet: its lots in the order of spending, its holds, and its limits."""
    code = codes[reasons.currency]
    soon = wallet.as_of + SOON_US
    expiring_minor = sum(
        lot.lot.available_minor
        for lot in reasons.lots
        if lot.lot.terms.expires_at is not None and lot.lot.terms.expires_at <= soon
    )
    return ExplainedCurrency(
        currency=code,
        available=format_amount(reasons.available_minor),
        held=format_amount(reasons.held_minor),
        refunding=format_amount(reasons.refunding_minor),
        expiring_48h=format_amount(expiring_minor),
        lots=[
            render_explained_lot(place, lot_reasons, wallet)
            for place, lot_reasons in enumerate(reasons.lots, 1)
        ],
        holds=[_hold(hold) for hold in reasons.holds],
        limit=_limit(reasons, wallet, policy),
        conversion=_conversion(reasons.currency, wallet, policy),
        why=_currency_words(reasons, code, expiring_minor),
    )


def _hold(hold: Hold) -> ExplainedHold:
    return ExplainedHold(
        hold_id=hold.hold_id,
        amount=format_amount(hold.amount_minor),
        authorized_at=format_instant(hold.authorized_at),
        expires_at=format_instant(hold.expires_at),
        reference=hold.reference,
        sku=None if hold.quote is None else hold.quote.sku,
        takes=render_takes(hold.takes),
        why=_hold_words(hold),
    )


def _limit(
    reasons: CurrencyReasons, wallet: WalletReasons, policy: Policy
) -> ExplainedLimit | None:
    limit = limit_on(wallet.wallet, policy, reasons.currency)
    if limit.day_minor is None and limit.single_minor is None:
        return None
    charged_minor = use_of(wallet.wallet, reasons.currency, wallet.as_of).charged_minor
    left_minor = None
    if limit.day_minor is not None:
        left_minor = max(0, limit.day_minor - charged_minor - reasons.held_minor)
    resets_at = format_instant(shanghai_midnight_after(wallet.as_of))
    return ExplainedLimit(
        of="wallet" if limit in wallet.wallet.limits else "house",
        day=optional_amount(limit.day_minor),
        single=optional_amount(limit.single_minor),
        charged_today=format_amount(charged_minor),
        held=format_amount(reasons.held_minor),
        left_today=optional_amount(left_minor),
        resets_at=resets_at,
        why=_limit_words(limit, charged_minor, reasons.held_minor, left_minor, resets_at),
    )


def _conversion(currency: int, wallet: WalletReasons, policy: Policy) -> ExplainedConversion | None:
    day_minor = policy.conversion_day_minor.get(currency)
    if day_minor is None:
        return None
    converted_minor = use_of(wallet.wallet, currency, wallet.as_of).converted_minor
    return ExplainedConversion(
        day=format_amount(day_minor),
        converted_today=format_amount(converted_minor),
        left_today=format_amount(max(0, day_minor - converted_minor)),
        resets_at=format_instant(shanghai_midnight_after(wallet.as_of)),
    )


def _currency_words(reasons: CurrencyReasons, code: str, expiring_minor: int) -> str:
    """What there is of a currency, in a sentence or two."""
    if not reasons.lots and not reasons.refunding_minor:
        return f"There is no {code}."
    lots, holds = len(reasons.lots), len(reasons.holds)
    available = format_amount(reasons.available_minor)
    parts = [f"{available} {code} can be spent, out of {counted(lots, 'lot')}"]
    if holds:
        held = f"{format_amount(reasons.held_minor)} is set aside by {counted(holds, 'open hold')}"
        parts.append(held)
    if reasons.refunding_minor:
        parts.append(f"{format_amount(reasons.refunding_minor)} is set aside for refunds under way")
    if expiring_minor:
        parts.append(f"{format_amount(expiring_minor)} expires within 48 hours")
    return f"{'; '.join(parts)}."


def _hold_words(hold: Hold) -> str:
    """What a hold does."""
    since, until = format_instant(hold.authorized_at), format_instant(hold.expires_at)
    return (
        f"Since {since} it sets {format_amount(hold.amount_minor)} aside, in the order of spending "
        f"then. Unless it is captured or voided before, it ends {until}, and all of it goes back "
        "to the lots it came from."
    )


def _limit_words(
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
