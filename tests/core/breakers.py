"""Breakers: functions that make a command which would succeed break exactly one rule each."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from ledger.core.chart import REVENUE_GENERATION
from ledger.core.decider import Command
from ledger.core.flows.adjustment import Adjust
from ledger.core.flows.closure import CloseWallet
from ledger.core.flows.control import SetLimit
from ledger.core.flows.conversion import Convert
from ledger.core.flows.daily_grant import TakeDailyGrant
from ledger.core.flows.debit import Debit
from ledger.core.flows.grant import Grant
from ledger.core.flows.hold import AuthorizeHold, CaptureHold, ExtendHold, VoidHold
from ledger.core.flows.membership import CancelMembership
from ledger.core.flows.opening import ImportOpening, OpeningClaim
from ledger.core.flows.order import CloseOrder, OpenMembership, OpenRecharge, SettlePayment
from ledger.core.flows.order_refund import ConfirmRefund, FailRefund, RefundOrder
from ledger.core.flows.refund import RefundCharge
from ledger.core.flows.reversal import RestorePayment, ReversePayment
from ledger.core.flows.transfer import CompleteTransfer, PayOut, SendTransfer
from ledger.core.purchases import Claim
from ledger.core.rejections import Reason
from ledger.core.wallet import SpendLimit
from tests.core.valid_commands import LOTS, NOON, SKU, Scene
from tests.kit.currencies import INSPIRATION, KUAIBI

Breaker = Callable[[Scene], Scene]


def command(**changes: Any) -> Breaker:
    """Something else is asked."""
    return lambda scene: replace(scene, command=replace(scene.command, **changes))


def wallet(**changes: Any) -> Breaker:
    """The wallet is otherwise."""
    return lambda scene: replace(scene, wallet=replace(scene.wallet, **changes))


def terms(**changes: Any) -> Breaker:
    """The catalogue is otherwise."""
    return lambda scene: replace(scene, terms=replace(scene.terms, **changes))


def policy(**changes: Any) -> Breaker:
    """The house has other rules."""
    return lambda scene: terms(policy=replace(scene.terms.policy, **changes))(scene)


def document(**changes: Any) -> Breaker:
    """The document that the command named at first is otherwise, whichever it names by now."""

    def break_it(scene: Scene) -> Scene:
        (ref, known), *others = scene.documents.items()
        return replace(scene, documents={ref: replace(known, **changes), **dict(others)})

    return break_it


def both(*breakers: Breaker) -> Breaker:
    """One rule that takes several changes to break."""

    def break_it(scene: Scene) -> Scene:
        for breaker in breakers:
            scene = breaker(scene)
        return scene

    return break_it


def lot(place: int, **changes: Any) -> Breaker:
    """One of the lots to import is otherwise."""

    def break_it(scene: Scene) -> Scene:
        assert isinstance(scene.command, ImportOpening)
        lots = list(scene.command.lots)
        lots[place] = replace(lots[place], **changes)
        return command(lots=tuple(lots))(scene)

    return break_it


def hold_is_closed(scene: Scene) -> Scene:
    """The command names a hold that has ended; there is no other."""
    return both(wallet(holds=()), command(hold_id="voided"))(scene)


def refund_is_settled(scene: Scene) -> Scene:
    """The refund that the command names is confirmed: a document, and not under way."""
    ((ref, known),) = [item for item in scene.documents.items() if item[0][0] == "refund"]
    documents = scene.documents | {ref: replace(known, status="confirmed")}
    return replace(wallet(refunds=())(scene), documents=documents)


_NONE = "no-such"
_OWED = (Claim("old", 10, 0, REVENUE_GENERATION),)

GATE: dict[Reason, Breaker] = {
    Reason.WALLET_CLOSED: wallet(closed_at=NOON),
    Reason.WALLET_FROZEN: wallet(frozen=True),
    Reason.CLAIM_OPEN: both(wallet(claims=_OWED), policy(claims_block_spending=True)),
    # Whatever is named when something else is broken too, it was stopped.
    Reason.STOPPED: terms(
        stopped=frozenset(
            f"{kind}:{name}" for kind in ("sku", "channel") for name in (SKU, "sandbox", _NONE)
        )
    ),
}
"""What the gate refuses, of those commands that say so."""

_NO_LOTS_MORE = (Reason.LIMIT_EXCEEDED, terms(lots_max=0))
_NO_ORDERS_MORE = (Reason.LIMIT_EXCEEDED, terms(orders_max=0))
_SPENT = (Reason.INSUFFICIENT_FUNDS, wallet(lots=()))
_NO_AMOUNT = (Reason.AMOUNT_OUT_OF_RANGE, command(amount_minor=0))
_NO_MONEY = (Reason.AMOUNT_OUT_OF_RANGE, command(amount_fen=0))
_NO_ORDER = (Reason.ORDER_NOT_FOUND, command(order_id=_NONE))
_NEVER_PAID = (Reason.ORDER_NOT_REFUNDABLE, document(paid_at=None))
_HOLD_UNKNOWN = (Reason.HOLD_NOT_FOUND, both(wallet(holds=()), command(hold_id=_NONE)))
_HOLD_CLOSED = (Reason.HOLD_NOT_OPEN, hold_is_closed)
_SKU_UNKNOWN = (Reason.UNKNOWN_SKU, command(sku=_NONE))
_CHANNEL_UNKNOWN = (Reason.UNKNOWN_CHANNEL, command(channel=_NONE))
_NO_QUANTITY = (Reason.AMOUNT_OUT_OF_RANGE, command(quantity=0))
_PAST = (Reason.EXPIRY_OUT_OF_RANGE, command(expires_at=NOON))
_AT_ONCE = (Reason.EXPIRY_OUT_OF_RANGE, command(expires_in_s=0))
_REFUND_UNKNOWN = (Reason.REFUND_NOT_FOUND, command(refund_id=_NONE))
_REFUND_SETTLED = (Reason.REFUND_NOT_OPEN, refund_is_settled)


def _single(currency: int) -> tuple[Reason, Breaker]:
    return Reason.LIMIT_EXCEEDED, wallet(limits=(SpendLimit(currency, None, 1),))


_OWN: dict[type[Command], Sequence[tuple[Reason, Breaker]]] = {
    Debit: (_SKU_UNKNOWN, _NO_QUANTITY, _single(INSPIRATION), _SPENT),
    AuthorizeHold: (
        _SKU_UNKNOWN,
        _NO_QUANTITY,
        _AT_ONCE,
        (Reason.HOLD_EXISTS, command(hold_id="open")),
        (Reason.HOLD_EXISTS, command(hold_id="voided")),
        (Reason.LIMIT_EXCEEDED, terms(holds_max=0)),
        _single(INSPIRATION),
        _SPENT,
    ),
    CaptureHold: (
        _NO_AMOUNT,
        _HOLD_UNKNOWN,
        _HOLD_CLOSED,
        (Reason.CAPTURE_EXCEEDS_HOLD, command(amount_minor=101)),
    ),
    VoidHold: (_HOLD_UNKNOWN, _HOLD_CLOSED),
    ExtendHold: (_AT_ONCE, _HOLD_UNKNOWN, _HOLD_CLOSED),
    RefundCharge: (
        _NO_AMOUNT,
        (Reason.CHARGE_NOT_FOUND, command(charge_id=_NONE)),
        (Reason.REFUND_EXCEEDS_CHARGE, document(refunded_minor=100)),
    ),
    Grant: (_NO_AMOUNT, _PAST, _NO_LOTS_MORE),
    TakeDailyGrant: (_NO_LOTS_MORE,),
    OpenRecharge: (
        _CHANNEL_UNKNOWN,
        (Reason.AMOUNT_OUT_OF_RANGE, command(price_fen=150)),
        _NO_ORDERS_MORE,
        _NO_LOTS_MORE,
    ),
    OpenMembership: (
        (Reason.UNKNOWN_PLAN, command(plan="wood")),
        _CHANNEL_UNKNOWN,
        (Reason.UNKNOWN_PROMOTION, command(promotion=_NONE)),
        (Reason.PROMOTION_NOT_APPLICABLE, wallet(promotions={"twice": 2})),
        (Reason.PROMOTION_NOT_APPLICABLE, command(promotion="launch")),
        (Reason.UPGRADE_NOT_OFFERED, command(period="year")),
        _NO_ORDERS_MORE,
        _NO_LOTS_MORE,
    ),
    CloseOrder: (_NO_ORDER, (Reason.ORDER_NOT_PAYABLE, document(status="closed"))),
    SettlePayment: (_NO_ORDER,),
    RefundOrder: (
        _NO_MONEY,
        _NO_ORDER,
        _NEVER_PAID,
        (Reason.REFUND_EXCEEDS_ORDER, wallet(lots=())),
        (Reason.LIMIT_EXCEEDED, terms(refunds_max=0)),
    ),
    ConfirmRefund: (_REFUND_UNKNOWN, _REFUND_SETTLED),
    FailRefund: (_REFUND_UNKNOWN, _REFUND_SETTLED),
    ReversePayment: (_NO_MONEY, _NO_ORDER, _NEVER_PAID),
    RestorePayment: (_NO_MONEY, _NO_ORDER, _NEVER_PAID),
    CancelMembership: ((Reason.NO_MEMBERSHIP, wallet(membership=None)),),
    Convert: (
        _NO_AMOUNT,
        (Reason.NOT_CONVERTIBLE, policy(conversions=frozenset())),
        (Reason.LIMIT_EXCEEDED, policy(conversion_day_minor={KUAIBI: 1})),
        _NO_LOTS_MORE,
        _SPENT,
    ),
    SendTransfer: (
        _NO_AMOUNT,
        (Reason.NOT_TRANSFERABLE, policy(transfer_currencies=frozenset())),
        (Reason.TRANSFER_TO_SELF, command(to_wallet_id="ann")),
        (Reason.LIMIT_EXCEEDED, terms(transfers_max=0)),
        _single(KUAIBI),
        _SPENT,
    ),
    CompleteTransfer: ((Reason.TRANSFER_NOT_FOUND, command(transfer_id=_NONE)),),
    PayOut: (
        (Reason.AMOUNT_OUT_OF_RANGE, command(withheld_fen=-1)),
        (Reason.PAYOUT_EXCEEDS_PAYABLE, wallet(payable_fen=0)),
    ),
    SetLimit: ((Reason.AMOUNT_OUT_OF_RANGE, command(day_minor=0)),),
    CloseWallet: ((Reason.WALLET_NOT_EMPTY, wallet(payable_fen=1)),),
    ImportOpening: (
        (Reason.AMOUNT_OUT_OF_RANGE, command(payable_fen=-1)),
        (Reason.AMOUNT_OUT_OF_RANGE, command(claims=(OpeningClaim("old", 0, 0, KUAIBI),))),
        (Reason.AMOUNT_OUT_OF_RANGE, lot(2, amount_minor=0)),
        (Reason.EXPIRY_OUT_OF_RANGE, lot(1, expires_at=NOON)),
        (Reason.LOT_EXISTS, lot(0, lot_id=LOTS[1].lot_id)),
        _NO_LOTS_MORE,
    ),
}
_CREDIT = (_NO_AMOUNT, _PAST, _NO_LOTS_MORE)
_DEBIT = (_NO_AMOUNT, (Reason.LOT_NOT_FOUND, command(lot_id=_NONE)), _SPENT)


def breakers_of(scene: Scene) -> list[tuple[Reason, Breaker]]:
    """Every way in which a command can be refused, apart from its idempotency key."""
    asked = scene.command
    own = _OWN.get(type(asked), ())
    if isinstance(asked, Adjust):
        own = _CREDIT if asked.direction == "credit" else _DEBIT
    return [*((reason, GATE[reason]) for reason in asked.gates.reasons), *own]
