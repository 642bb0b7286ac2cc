"""What was asked and what the core said, in the auditor's words, so that the two compare."""

from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from ledger.core.batch import Envelope, Outcome
from ledger.core.chart import ACCOUNTS
from ledger.core.flows.adjustment import BalanceAdjusted
from ledger.core.flows.closure import WalletClosed
from ledger.core.flows.control import LimitSet, WalletFrozen, WalletUnfrozen
from ledger.core.flows.conversion import Converted
from ledger.core.flows.daily_grant import AlreadyTaken, DailyGranted
from ledger.core.flows.debit import DebitCharged
from ledger.core.flows.grant import LotGranted
from ledger.core.flows.hold import HoldAuthorized, HoldCaptured, HoldExtended, HoldVoided
from ledger.core.flows.membership import MembershipCancelled
from ledger.core.flows.opening import OpeningImported
from ledger.core.flows.order import (
    MembershipPaid,
    OrderClosed,
    OrderOpened,
    PaymentSetAside,
    RechargePaid,
)
from ledger.core.flows.order_refund import (
    OrderRefundConfirmed,
    OrderRefundFailed,
    OrderRefundRequested,
)
from ledger.core.flows.refund import ChargeRefunded
from ledger.core.flows.reversal import PaymentRestored, PaymentReversed
from ledger.core.flows.transfer import (
    PaidOut,
    TransferCompleted,
    TransferReceived,
    TransferSent,
)
from ledger.core.flows.upgrade import MembershipUpgraded
from ledger.core.purchases import MembershipTerm, Repayment
from ledger.core.rejections import Rejection
from ledger.core.wallet import Absorption, Hold, LotTerms, Take
from tests.kit.auditor.auditor import Operation
from tests.kit.house_terms import code_of

Plain = dict[str, Any]


def operation_of(envelope: Envelope, key: str | None = None) -> Operation:
    """The request in plain values; currencies by their code.

    Without `key` the key hash is taken for the key itself, as the stories make it.
    """
    command = envelope.command
    fields = _plain_fields(command)
    wallet = fields.pop("wallet_id")
    kind = str(command.__struct_config__.tag)
    key = envelope.key_hash.decode() if key is None else key
    return Operation(wallet, envelope.caller, key, kind, fields)


def _plain_fields(asked: Struct) -> Plain:
    fields: Plain = {}
    for name, value in asdict(asked).items():
        if name in {"currency", "from_currency", "to_currency"} and value is not None:
            fields[name] = code_of(value)
        elif isinstance(value, Struct):
            fields[name] = _plain_fields(value)
        elif isinstance(value, tuple):
            fields[name] = [_plain_fields(element) for element in value]
        else:
            fields[name] = value
    return fields


def drawn_id_of(answer: Outcome) -> str:
    """The id that the ledger drew for an answer, told to the auditor."""
    match answer:
        case DebitCharged(charge=charge) | HoldCaptured(charge=charge):
            return charge.charge_id
        case HoldAuthorized(hold=hold):
            return hold.hold_id
        case LotGranted(lot=lot) | DailyGranted(lot=lot):
            return lot.lot_id
        case BalanceAdjusted(lot=lot) if lot is not None:
            return lot.lot_id
        case OrderOpened(order=order) | MembershipUpgraded(order=order):
            return order.order_id
        case OrderRefundRequested(refund=refund):
            return refund.refund_id
        case PaymentSetAside(refund=refund) if refund is not None:
            return refund.refund_id
        case PaymentRestored(lot=lot) if lot is not None:
            return lot.lot_id
        case Converted(lots=lots):
            return lots[0].lot_id.rpartition(".")[0]
        case TransferSent(transfer=transfer):
            return transfer.transfer_id
        case _:
            return "none was drawn"


def plain_answer(answer: Outcome) -> Plain:
    """An answer as the auditor would give it."""
    match answer:
        case Rejection():
            return {"refused": str(answer.reason)} | _field_named(answer)
        case DebitCharged(charge=charge, available_after_minor=available):
            return {
                "charge_id": charge.charge_id,
                "currency": code_of(charge.currency),
                "amount": charge.amount_minor,
                "takes": slices_of(charge.takes),
                "available_after": available,
            }
        case HoldAuthorized(hold=hold) | HoldExtended(hold=hold):
            return plain_hold(hold)
        case HoldVoided(hold=hold, absorbed=absorbed):
            return plain_hold(hold) | {"absorbed": _absorbed(absorbed)}
        case HoldCaptured(hold_id=hold_id, charge=charge, returned=returned, absorbed=absorbed):
            return {
                "charge_id": charge.charge_id,
                "hold_id": hold_id,
                "captured": charge.amount_minor,
                "takes": slices_of(charge.takes),
                "returned": slices_of(returned),
                "absorbed": _absorbed(absorbed),
            }
        case ChargeRefunded(charge=charge, returned=returned, absorbed=absorbed):
            return {
                "charge_id": charge.charge_id,
                "amount": answer.amount_minor,
                "refunded": charge.refunded_minor,
                "returned": slices_of(returned),
                "absorbed": _absorbed(absorbed),
                "until": {take.lot.lot_id: take.lot.expires_at for take in returned},
                "available_after": answer.available_after_minor,
            }
        case LotGranted(lot=lot):
            return _plain_lot(lot) | {"source": lot.source}
        case DailyGranted(lot=lot):
            return _plain_lot(lot) | {"claimed_now": True}
        case AlreadyTaken(claim=claim):
            return {
                "lot_id": claim.lot_id,
                "currency": code_of(claim.currency),
                "amount": claim.amount_minor,
                "expires_at": claim.expires_at,
                "claimed_now": False,
            }
        case _:
            return _plain_payment(answer)


def _plain_payment(answer: Outcome) -> Plain:
    match answer:
        case OrderOpened(order=order):
            return {
                "order_id": order.order_id,
                "price": order.price_fen,
                "vat": order.vat_fen,
                "expires_at": order.expires_at,
            }
        case OrderClosed(order=order):
            return {"order_id": order.order_id, "status": order.status}
        case RechargePaid(order=order, lot=lot, repaid=repaid):
            plain = {"order_id": order.order_id, "set_aside": "", "late": order.paid_late}
            return plain | {"repaid": _parts(repaid), "lot": _paid_lot(lot)}
        case MembershipPaid(order=order):
            return {"order_id": order.order_id, "set_aside": "", "late": order.paid_late}
        case MembershipUpgraded(order=order, lot=lot, membership=membership):
            upgrades = () if membership is None else membership.upgrades
            left = [upgrade.left for upgrade in upgrades if upgrade.order_id == order.order_id]
            return {
                "order_id": order.order_id,
                "set_aside": "",
                "late": order.paid_late,
                "lot": (lot.lot_id, lot.amount_minor, lot.cost_fen, lot.vat_fen, lot.expires_at),
                "left": sum(left),
            }
        case PaymentSetAside(order_id=order_id, account=account, refund=refund):
            return {
                "order_id": order_id,
                "set_aside": ACCOUNTS[account].path,
                "refund_id": None if refund is None else refund.refund_id,
            }
        case MembershipCancelled():
            return {"canceled": True}
        case _:
            return _plain_return(answer)


def _plain_return(answer: Outcome) -> Plain:
    match answer:
        case OrderRefundRequested(order=order, refund=refund):
            return {
                "refund_id": refund.refund_id,
                "order_id": order.order_id,
                "amount": refund.amount_fen,
                "takes": slices_of(refund.takes),
                "months": _months(refund.term),
                "reopened": _parts(refund.reopened),
            }
        case OrderRefundConfirmed(refund=refund):
            return {"refund_id": refund.refund_id, "status": refund.status}
        case OrderRefundFailed(refund=refund, returned=returned, absorbed=absorbed):
            return {
                "refund_id": refund.refund_id,
                "status": refund.status,
                "returned": slices_of(returned),
                "absorbed": _absorbed(absorbed),
                "suspense": answer.suspense_fen,
            }
        case PaymentReversed(order=order, claim=claim):
            return {
                "order_id": order.order_id,
                "taken": answer.amount_fen - answer.suspense_fen,
                "claim": (0, 0) if claim is None else (claim.open_fen, claim.open_vat_fen),
                "parked": answer.adjusted_fen,
                "takes": slices_of(answer.takes),
                "months": _months(answer.term),
                "reopened": _parts(answer.reopened),
            }
        case PaymentRestored(order=order, cancelled=part, lot=lot):
            return {
                "order_id": order.order_id,
                "taken": answer.amount_fen - answer.suspense_fen,
                "cancelled": (0, 0) if part is None else (part.amount_fen, part.vat_fen),
                "parked": answer.adjusted_fen,
                "lot": _paid_lot(lot),
            }
        case _:
            return _plain_movement(answer)


def _plain_movement(answer: Outcome) -> Plain:
    match answer:
        case Converted(takes=takes, lots=lots):
            return {
                "takes": slices_of(takes),
                "lots": [(*_lot_slice(lot), lot.expires_at, lot.order_id) for lot in lots],
                "available_after": (answer.from_available_minor, answer.to_available_minor),
            }
        case TransferSent(transfer=transfer, takes=takes):
            return {
                "transfer_id": transfer.transfer_id,
                "to": transfer.to_wallet_id,
                "amount": transfer.amount_minor,
                "share": transfer.share_fen,
                "takes": slices_of(takes),
                "available_after": answer.available_after_minor,
            }
        case TransferReceived(transfer=transfer, payable_after_fen=payable):
            return {
                "transfer_id": transfer.transfer_id,
                "share": transfer.share_fen,
                "payable": payable,
            }
        case TransferCompleted(transfer=transfer):
            return {"transfer_id": transfer.transfer_id, "status": transfer.status}
        case PaidOut(amount_fen=amount_fen, withheld_fen=withheld_fen, payable_after_fen=payable):
            return {"amount": amount_fen, "withheld": withheld_fen, "payable": payable}
        case _:
            return _plain_wallet_change(answer)


def _plain_wallet_change(answer: Outcome) -> Plain:
    match answer:
        case WalletFrozen(frozen=frozen) | WalletUnfrozen(frozen=frozen):
            return {"frozen": frozen}
        case LimitSet(limit=limit):
            return {
                "currency": code_of(limit.currency),
                "day": limit.day_minor,
                "single": limit.single_minor,
            }
        case WalletClosed(orders=orders, takes=takes, terms=terms, claims=claims):
            return {
                "orders": [order.order_id for order in orders],
                "forfeited": slices_of(takes),
                "ungranted": (
                    sum(term.ungranted_fen for term in terms),
                    sum(term.ungranted_vat_fen for term in terms),
                ),
                "claims": [(claim.order_id, claim.open_fen) for claim in claims],
            }
        case OpeningImported(lots=lots, claims=claims, payable_fen=payable_fen):
            return {
                "lots": [lot.lot_id for lot in lots],
                "claims": [(claim.order_id, claim.open_fen) for claim in claims],
                "payable": payable_fen,
            }
        case BalanceAdjusted(lot=lot, takes=takes):
            return {
                "proposal_id": answer.proposal_id,
                "people": (answer.proposed_by, answer.approved_by),
                "direction": answer.direction,
                "currency": code_of(answer.currency),
                "amount": answer.amount_minor,
                "at": answer.adjusted_at,
                "lot": None if lot is None else _plain_lot(lot) | {"source": lot.source},
                "takes": slices_of(takes),
                "available_after": answer.available_after_minor,
            }
        case _:
            raise AssertionError(f"no command is answered with {answer!r}")


def agrees(reply: Plain, expected: Plain) -> bool:
    """Whether an answer is the expected one; a reused key may name any field that differs."""
    if "field" in reply:
        return reply["refused"] == expected.get("refused") and reply["field"] in expected["fields"]
    return reply == expected


def _field_named(answer: Rejection) -> Plain:
    plain_names = {"field": "field", "what": "what", "available_minor": "available"}
    return {plain_names[name]: value for name, value in answer.facts.items() if name in plain_names}


def _plain_lot(lot: LotTerms) -> Plain:
    return {
        "lot_id": lot.lot_id,
        "currency": code_of(lot.currency),
        "amount": lot.amount_minor,
        "expires_at": lot.expires_at,
    }


def plain_hold(hold: Hold) -> Plain:
    """A hold as the auditor has it."""
    return {
        "hold_id": hold.hold_id,
        "currency": code_of(hold.currency),
        "amount": hold.amount_minor,
        "expires_at": hold.expires_at,
        "takes": slices_of(hold.takes),
    }


def slices_of(takes: tuple[Take, ...]) -> list[tuple[str, int, int, int]]:
    """Takes as (lot id, amount, cost, VAT)."""
    return [(take.lot.lot_id, take.amount_minor, take.cost_fen, take.vat_fen) for take in takes]


def _absorbed(absorbed: tuple[Absorption, ...]) -> list[tuple[str, int, int, int]]:
    return slices_of(tuple(absorption.take for absorption in absorbed))


def _parts(parts: tuple[Repayment, ...]) -> list[tuple[str, int, int]]:
    return [(part.order_id, part.amount_fen, part.vat_fen) for part in parts]


def _months(term: MembershipTerm | None) -> list[tuple[int, int, int]]:
    return [] if term is None else [(term.months, term.cost_fen, term.vat_fen)]


def _lot_slice(lot: LotTerms) -> tuple[str, int, int, int]:
    return lot.lot_id, lot.amount_minor, lot.cost_fen, lot.vat_fen


def _paid_lot(lot: LotTerms | None) -> tuple[str, int, int, int] | None:
    return None if lot is None else _lot_slice(lot)
