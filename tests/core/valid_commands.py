"""A wallet with one of everything, and commands that succeed on it: at least one of every kind."""

from functools import cache

from msgspec import Struct
from msgspec.structs import replace

from ledger.core.decider import Command, Decision, DocumentRef, State, decide, refs_of
from ledger.core.flows.adjustment import Adjust
from ledger.core.flows.closure import CloseWallet
from ledger.core.flows.control import FreezeWallet, SetLimit, UnfreezeWallet
from ledger.core.flows.conversion import Convert
from ledger.core.flows.daily_grant import TakeDailyGrant
from ledger.core.flows.debit import Debit
from ledger.core.flows.due import ApplyDues
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import AuthorizeHold, CaptureHold, ExtendHold, VoidHold
from ledger.core.flows.membership import CancelMembership
from ledger.core.flows.opening import ImportOpening, OpeningLot
from ledger.core.flows.order import CloseOrder, OpenMembership, OpenRecharge, SettlePayment
from ledger.core.flows.order_refund import ConfirmRefund, FailRefund, RefundOrder
from ledger.core.flows.refund import RefundCharge
from ledger.core.flows.reversal import RestorePayment, ReversePayment
from ledger.core.flows.transfer import CompleteTransfer, PayOut, ReceiveTransfer, SendTransfer
from ledger.core.instants import DAY_US
from ledger.core.terms import Stamp, Terms
from ledger.core.wallet import Document, Transfer, Wallet
from tests.core.steps import buy, debit, now_in, opened, refund
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.desk import Desk, at, desk_at
from tests.kit.house_terms import SHARD, TERMS

NOON = at("2026-03-10T12:00")
DRAWN = "0f" * 15
NOW = Stamp(NOON, SHARD, 100, DRAWN)

SKU = "video-5s-standard"
CLOSED_HOLD = ("hold", "voided")
"""A document of every scene, whether its command names it or not."""

LOTS = tuple(
    OpeningLot(name, INSPIRATION, "purchased", 100, 0, NOON + DAY_US, paid=True, cost_fen=10)
    for name in ("old-1", "old-2", "old-3")
)


class Scene(Struct, frozen=True):
    """A command and everything that its decision looks at."""

    command: Command
    wallet: Wallet
    documents: dict[DocumentRef, Document]
    terms: Terms = TERMS

    def decide(self) -> Decision:
        """What the command comes to at noon."""
        return decide(State(self.wallet, self.documents), self.command, self.terms, NOW)


@cache
def _desk() -> tuple[Desk, dict[str, str]]:
    """Ann's wallet with one of everything, and its names."""
    desk = desk_at("2026-03-10T12:00")
    paid = buy(desk, OpenRecharge("ann", INSPIRATION, 10_000, "sandbox"))
    tips = buy(desk, OpenRecharge("ann", KUAIBI, 1_000, "sandbox"))
    buy(desk, OpenMembership("ann", "gold", "month", "sandbox"))
    taken_back = buy(desk, OpenRecharge("ann", INSPIRATION, 1_000, "sandbox"))
    desk.send(ReversePayment("ann", taken_back, "chargeback-1", 1_000))
    desk.send(AuthorizeHold("ann", INSPIRATION, 100, hold_id="open"))
    desk.send(AuthorizeHold("ann", INSPIRATION, 100, hold_id="voided"))
    desk.send(VoidHold("ann", "voided"))
    charge_id = debit(desk, 100).charge.charge_id
    asked = refund(desk, tips, 100)
    desk.send(SendTransfer("ann", "bob", KUAIBI, 100))
    sent = now_in(desk).transfers[0].transfer_id
    desk.send(ReceiveTransfer("ann", Transfer("tr-1", "bob", "ann", KUAIBI, 100, 5, NOON)))
    pending = opened(desk, OpenRecharge("ann", INSPIRATION, 100, "sandbox"))
    return desk, {
        "paid": paid,
        "taken back": taken_back,
        "charge": charge_id,
        "refund": asked.refund_id,
        "refunded": tips,
        "sent": sent,
        "pending": pending.order_id,
    }


def _commands(names: dict[str, str]) -> tuple[Command, ...]:
    """Commands that succeed on that wallet; a kind that does several things has several."""
    paid, pending, refunded = names["paid"], names["pending"], names["refunded"]
    received = Transfer("tr-2", "bob", "ann", KUAIBI, 100, 5, NOON)
    credit = Adjust("ann", "prop-1", "amy", "ben", "credit", INSPIRATION, 1, "made good")
    return (
        Debit("ann", sku=SKU),
        AuthorizeHold("ann", sku=SKU),
        CaptureHold("ann", "open", 50),
        VoidHold("ann", "open"),
        ExtendHold("ann", "open", 60),
        RefundCharge("ann", names["charge"], "job failed"),
        Grant("ann", INSPIRATION, 100, "promotional", "we are sorry"),
        TakeDailyGrant("ann"),
        OpenRecharge("ann", INSPIRATION, 100, "sandbox"),
        OpenMembership("ann", "platinum", "month", "sandbox", "twice"),
        CloseOrder("ann", pending),
        SettlePayment("ann", pending, "pay-2", 100),
        SettlePayment("ann", paid, "pay-2", 10_000),
        RefundOrder("ann", paid, "changed my mind"),
        ConfirmRefund("ann", names["refund"], refunded),
        FailRefund("ann", names["refund"], refunded),
        ReversePayment("ann", paid, "chargeback-2", 100),
        RestorePayment("ann", names["taken back"], "dispute-1", 1_000),
        CancelMembership("ann"),
        Convert("ann", KUAIBI, INSPIRATION, 10),
        SendTransfer("ann", "bob", KUAIBI, 10),
        ReceiveTransfer("ann", received),
        CompleteTransfer("ann", names["sent"]),
        PayOut("ann", 5, 1),
        FreezeWallet("ann", "suspicious"),
        UnfreezeWallet("ann", "sorted out"),
        SetLimit("ann", INSPIRATION, "asked for", 1_000),
        CloseWallet("ann", "left", forfeit_balance=True, end_membership=True, write_off_claim=True),
        ImportOpening("ann", LOTS),
        credit,
        replace(credit, direction="debit", reason="booked twice", include_paid=True),
        ApplyDues("ann"),
    )


def scenes() -> list[Scene]:
    """One scene a command, in which it succeeds."""
    desk, names = _desk()
    return [_scene(desk, command) for command in _commands(names)]


def _scene(desk: Desk, command: Command) -> Scene:
    wallet = now_in(desk)
    if isinstance(command, CloseWallet):
        wallet = replace(wallet, holds=(), refunds=(), transfers=(), payable_fen=0)
    refs = (*refs_of(command), CLOSED_HOLD)
    named = {ref: desk.journal.document("ann", *ref) for ref in refs}
    known = {ref: document for ref, document in named.items() if document is not None}
    return Scene(command, wallet, known)


def kind_of(scene: Scene) -> str:
    """The wire name of a scene's command, by which a test is known."""
    return str(scene.command.__struct_config__.tag)
