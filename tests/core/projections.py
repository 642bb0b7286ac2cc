"""What the core said and holds, in the auditor's words, so that the two can be compared."""

from typing import Any

from msgspec.structs import asdict

from ledger.core.batch import Answer, Envelope, dues
from ledger.core.chart import ACCOUNTS
from ledger.core.entries import entry_for
from ledger.core.flows.daily_grant import AlreadyClaimed, DailyGranted
from ledger.core.flows.debit import DebitCharged
from ledger.core.flows.grant import LotGranted
from ledger.core.flows.hold import HoldAuthorized, HoldCaptured, HoldExtended, HoldVoided
from ledger.core.flows.order import MembershipPaid, OrderOpened, PaymentSetAside, RechargePaid
from ledger.core.flows.refund import ChargeRefunded
from ledger.core.instants import Instant, shanghai_day
from ledger.core.purchases import Membership, Order
from ledger.core.rejections import Rejection
from ledger.core.wallet import Charge, ClosedHold, Hold, LotTerms, Take, Wallet
from tests.auditor import Operation, slices
from tests.auditor_books import Purse
from tests.core.support import Journal, code_of

Plain = dict[str, Any]


def operation_of(envelope: Envelope, key: str | None = None) -> Operation:
    """The request in plain values; currencies by their code.

    Without `key` the key hash is taken for the key itself, as the stories make it.
    """
    command = envelope.command
    fields = asdict(command)
    wallet = fields.pop("wallet_id")
    if fields.get("currency") is not None:
        fields["currency"] = code_of(fields["currency"])
    kind = str(command.__struct_config__.tag)
    key = envelope.key_hash.decode() if key is None else key
    return Operation(wallet, envelope.caller, key, kind, fields)


def drawn_id_of(answer: Answer) -> str:
    """The id that the ledger drew for an answer, told to the auditor."""
    match answer:
        case DebitCharged(charge=charge) | HoldCaptured(charge=charge):
            return charge.charge_id
        case HoldAuthorized(hold=hold):
            return hold.hold_id
        case LotGranted(lot=lot) | DailyGranted(lot=lot):
            return lot.lot_id
        case OrderOpened(order=order):
            return order.order_id
        case _:
            return "none was drawn"


def plain_answer(answer: Answer) -> Plain:
    """An answer as the auditor would give it."""
    match answer:
        case Rejection():
            return {"refused": str(answer.reason)} | _field_named(answer)
        case DebitCharged(charge=charge, available_after_minor=available):
            return {
                "charge_id": charge.charge_id,
                "currency": code_of(charge.currency),
                "amount": charge.amount_minor,
                "takes": _slices(charge.takes),
                "available_after": available,
            }
        case HoldAuthorized(hold=hold) | HoldVoided(hold=hold) | HoldExtended(hold=hold):
            return _plain_hold(hold)
        case HoldCaptured(hold_id=hold_id, charge=charge, returned=returned):
            return {
                "charge_id": charge.charge_id,
                "hold_id": hold_id,
                "captured": charge.amount_minor,
                "takes": _slices(charge.takes),
                "returned": _slices(returned),
            }
        case ChargeRefunded(charge=charge, returned=returned):
            return {
                "charge_id": charge.charge_id,
                "amount": answer.amount_minor,
                "refunded": charge.refunded_minor,
                "returned": _slices(returned),
                "until": {take.lot.lot_id: take.lot.expires_at for take in returned},
                "available_after": answer.available_after_minor,
            }
        case _:
            return _plain_credit(answer)


def _plain_credit(answer: Answer) -> Plain:
    match answer:
        case LotGranted(lot=lot):
            return _plain_lot(lot) | {"source": lot.source}
        case DailyGranted(lot=lot):
            return _plain_lot(lot) | {"claimed_now": True}
        case AlreadyClaimed(claim=claim):
            return {
                "lot_id": claim.lot_id,
                "currency": code_of(claim.currency),
                "amount": claim.amount_minor,
                "expires_at": claim.expires_at,
                "claimed_now": False,
            }
        case OrderOpened(order=order):
            return {
                "order_id": order.order_id,
                "price": order.price_fen,
                "vat": order.vat_fen,
                "expires_at": order.expires_at,
            }
        case RechargePaid(order=order) | MembershipPaid(order=order):
            return {"order_id": order.order_id, "set_aside": "", "late": order.paid_late}
        case PaymentSetAside(order_id=order_id, account=account):
            return {"order_id": order_id, "set_aside": ACCOUNTS[account].path}
        case _:
            raise AssertionError(f"no command is answered with {answer!r}")


def agrees(said: Plain, expected: Plain) -> bool:
    """Whether an answer is the expected one; a reused key may name any field that differs."""
    if "field" in said:
        return said["refused"] == expected.get("refused") and said["field"] in expected["fields"]
    return said == expected


def _field_named(answer: Rejection) -> Plain:
    return {"field": answer.facts["field"]} if "field" in answer.facts else {}


def _plain_lot(lot: LotTerms) -> Plain:
    return {
        "lot_id": lot.lot_id,
        "currency": code_of(lot.currency),
        "amount": lot.amount_minor,
        "expires_at": lot.expires_at,
    }


def _plain_hold(hold: Hold) -> Plain:
    return {
        "hold_id": hold.hold_id,
        "currency": code_of(hold.currency),
        "amount": hold.amount_minor,
        "expires_at": hold.expires_at,
        "takes": _slices(hold.takes),
    }


def _slices(takes: tuple[Take, ...]) -> list[tuple[str, int, int, int]]:
    return [(take.lot.lot_id, take.amount_minor, take.cost_fen, take.vat_fen) for take in takes]


def plain_wallet(wallet: Wallet) -> Plain:
    """Everything of a wallet that the auditor knows of, lots in spending order."""
    return {
        "lots": [
            (
                lot.terms.lot_id,
                code_of(lot.terms.currency),
                lot.terms.source,
                lot.terms.paid,
                lot.available_minor,
                lot.held_minor,
                lot.cost_left_fen,
                lot.vat_left_fen,
                lot.terms.expires_at,
            )
            for lot in wallet.lots
        ],
        "holds": [_plain_hold(hold) for hold in wallet.holds],
        "orders": {order.order_id: order.expires_at for order in wallet.orders},
        "graces": {grace.lot_id: grace.until for grace in wallet.graces},
        "membership": None if wallet.membership is None else _plain_membership(wallet.membership),
    }


def _plain_membership(membership: Membership) -> Plain:
    return {
        "anchor": membership.anchor,
        "month": membership.month,
        "terms": [
            (term.order_id, term.plan, term.months, term.granted, term.cost_granted_fen)
            for term in membership.terms
            if term.granted < term.months
        ],
    }


def purse_as_wallet(purse: Purse) -> Plain:
    """The auditor's view of the same."""
    membership = purse.membership
    return {
        "lots": [
            tuple(
                lot[name]
                for name in (
                    "lot_id",
                    "currency",
                    "source",
                    "paid",
                    "available",
                    "held",
                    "cost_left",
                    "vat_left",
                    "expires_at",
                )
            )
            for lot in purse.in_spending_order()
        ],
        "holds": [
            {name: hold[name] for name in ("hold_id", "currency", "amount", "expires_at")}
            | {"takes": slices(hold["takes"])}
            for hold in purse.open_holds()
        ],
        "orders": {order["order_id"]: order["expires_at"] for order in purse.pending_orders()},
        "graces": purse.graces,
        "membership": None
        if membership is None
        else {
            "anchor": membership["anchor"],
            "month": membership["month"],
            "terms": [
                tuple(
                    term[name] for name in ("order_id", "plan", "months", "granted", "cost_given")
                )
                for term in membership["terms"]
                if term["granted"] < term["months"]
            ],
        },
    }


def plain_documents(journal: Journal, wallet_id: str, now: Instant) -> dict[tuple[str, str], Any]:
    """Status of every closed hold and order, and what is refunded of every charge."""
    found: dict[tuple[str, str], Any] = {}
    for (kind, name), document in journal.documents_at(wallet_id, now).items():
        match document:
            case ClosedHold():
                found[kind, name] = (document.status, document.captured_minor)
            case Charge():
                found[kind, name] = document.refunded_minor
            case Order():
                found[kind, name] = (document.status, document.paid_late)
    return found


def purse_as_documents(purse: Purse) -> dict[tuple[str, str], Any]:
    """The auditor's view of the same."""
    found: dict[tuple[str, str], Any] = {
        ("hold", hold["hold_id"]): (hold["status"], hold["captured"])
        for hold in purse.holds.values()
        if hold["status"] != "open"
    }
    for charge_id, charge in purse.charges.items():
        if charge["refunded"]:
            found["charge", charge_id] = charge["refunded"]
    for order in purse.orders.values():
        found["order", order["order_id"]] = (order["status"], order["late"])
    return found


def plain_books(journal: Journal, now: Instant) -> dict[tuple[int, str, str], int]:
    """The totals by day, account path and currency, with the dues of all wallets posted."""
    sums: dict[tuple[int, str, str], int] = {}

    def add(day: int, account: int, currency: int, amount: int) -> None:
        code = "CNY" if currency == 156 else code_of(currency)
        key = (day, ACCOUNTS[account].path, code)
        sums[key] = sums.get(key, 0) + amount

    for (day, account, currency), (debit, credit) in journal.totals.items():
        add(day, account, currency, debit - credit)
    for wallet_id in journal.wallets:
        for instant, event in dues(journal.wallet(wallet_id), now):
            day = max(shanghai_day(instant), journal.closed_through + 1)
            for account, currency, amount in entry_for(event):
                add(day, account, currency, amount)
    return {key: amount for key, amount in sums.items() if amount}
