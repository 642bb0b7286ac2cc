"""Refund of a charge: takes return in reverse order of spending, with their stored cost."""

from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.claims import absorb, claims_after
from ledger.core.gate import CHANGES
from ledger.core.lots import graces_after, restore, returning, window
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.core.terms import Stamp
from ledger.core.wallet import Absorption, Charge, Take, Wallet


class RefundCharge(Struct, frozen=True, omit_defaults=True, tag="refund_charge"):
    """Give back a charge, in part or (without amount) all that is not yet refunded."""

    gates: ClassVar = CHANGES
    refusals: ClassVar = (
        Reason.AMOUNT_OUT_OF_RANGE,
        Reason.CHARGE_NOT_FOUND,
        Reason.REFUND_EXCEEDS_CHARGE,
    )
    draws_id: ClassVar = False
    free_text: ClassVar = "reason"
    documents: ClassVar = ("charge_id",)

    wallet_id: str
    charge_id: str
    reason: str
    amount_minor: int | None = None


class ChargeRefunded(Struct, frozen=True, omit_defaults=True, tag="charge_refunded_v1"):
    """A charge was refunded; `charge` is as it stands after, `returned` with new expiries.

    `absorbed` reduced claims instead of returning.
    """

    charge: Charge
    returned: tuple[Take, ...]
    amount_minor: int
    available_after_minor: int
    absorbed: tuple[Absorption, ...] = ()


Command = RefundCharge
Event = ChargeRefunded


def decide(
    wallet: Wallet, charge: Charge | None, command: RefundCharge, stamp: Stamp
) -> tuple[ChargeRefunded] | Rejection:
    """Refused beyond what was charged and is not refunded yet."""
    if command.amount_minor is not None and command.amount_minor < 1:
        return rejected(Reason.AMOUNT_OUT_OF_RANGE, amount_minor=command.amount_minor)
    if charge is None:
        return rejected(Reason.CHARGE_NOT_FOUND, charge_id=command.charge_id)
    left_minor = charge.amount_minor - charge.refunded_minor
    amount_minor = left_minor if command.amount_minor is None else command.amount_minor
    if amount_minor > left_minor or not left_minor:
        return rejected(
            Reason.REFUND_EXCEEDS_CHARGE,
            charge_id=charge.charge_id,
            amount_minor=amount_minor,
            refundable_minor=left_minor,
        )
    start, stop = charge.refunded_minor, charge.refunded_minor + amount_minor
    absorbed, rest = absorb(wallet.claims, window(charge.takes[::-1], start, stop))
    returned_minor = sum(take.amount_minor for take in rest)
    return (
        ChargeRefunded(
            replace(charge, refunded_minor=stop),
            returning(wallet, rest, stamp.at, refund=True),
            amount_minor,
            wallet.available_minor(charge.currency) + returned_minor,
            absorbed,
        ),
    )


def evolve(wallet: Wallet, event: ChargeRefunded) -> Wallet:
    """The takes are available again, in recreated lots where theirs had gone."""
    return replace(
        wallet,
        lots=restore(wallet, event.returned),
        graces=graces_after(wallet, event.returned),
        claims=claims_after(wallet.claims, event.absorbed),
    )
