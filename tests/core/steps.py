"""Steps of the pure core: what wallet `ann` does at a desk, and what is then there."""

from typing import TypeVar

from ledger.core.batch import Outcome
from ledger.core.flows.debit import Debit, DebitCharged
from ledger.core.flows.grant import Grant, LotGranted
from ledger.core.flows.hold import AuthorizeHold, HoldAuthorized
from ledger.core.flows.order import (
    MembershipPaid,
    OpenMembership,
    OpenRecharge,
    OrderOpened,
    PaymentSetAside,
    RechargePaid,
    SettlePayment,
)
from ledger.core.flows.order_refund import (
    ConfirmRefund,
    FailRefund,
    OrderRefundConfirmed,
    OrderRefundFailed,
    OrderRefundRequested,
    RefundOrder,
)
from ledger.core.flows.reversal import (
    PaymentRestored,
    PaymentReversed,
    RestorePayment,
    ReversePayment,
)
from ledger.core.money import CNY
from ledger.core.purchases import Order
from ledger.core.wallet import OrderRefund, Take, Wallet
from tests.kit.currencies import INSPIRATION
from tests.kit.desk import Desk

_A = TypeVar("_A")


def expect(kind: type[_A], answer: Outcome) -> _A:
    """The answer, known to be of a kind."""
    assert isinstance(answer, kind), answer
    return answer


def now_in(desk: Desk) -> Wallet:
    """Ann's wallet now."""
    return desk.journal.wallet_at("ann", desk.now)


def grant(desk: Desk, amount: int, expires_in_us: int | None = None) -> str:
    """A promotional lot; its id."""
    expires_at = None if expires_in_us is None else desk.now + expires_in_us
    command = Grant("ann", INSPIRATION, amount, "promotional", "test", expires_at)
    return expect(LotGranted, desk.send(command)).lot.lot_id


def buy(desk: Desk, command: OpenRecharge | OpenMembership) -> str:
    """A paid order; its id."""
    order = expect(OrderOpened, desk.send(command)).order
    desk.send(SettlePayment("ann", order.order_id, "pay-1", order.price_fen))
    return order.order_id


def recharge(desk: Desk, price_fen: int = 100) -> str:
    """A purchased lot; its id."""
    return "lot-" + buy(desk, OpenRecharge("ann", INSPIRATION, price_fen, "sandbox"))


def month(desk: Desk) -> str:
    """A month of gold: a paid lot that expires; its id."""
    return f"lot-{buy(desk, OpenMembership('ann', 'gold', 'month', 'sandbox'))}.1"


def hold(desk: Desk, amount: int, ttl_s: int = 3_600) -> str:
    """An open hold; its id."""
    command = AuthorizeHold("ann", INSPIRATION, amount, expires_in_s=ttl_s)
    return expect(HoldAuthorized, desk.send(command)).hold.hold_id


def debit(desk: Desk, amount: int) -> DebitCharged:
    """A charge in one step."""
    return expect(DebitCharged, desk.send(Debit("ann", INSPIRATION, amount)))


def slices(takes: tuple[Take, ...]) -> list[tuple[str, int]]:
    """Lot id and amount of every take."""
    return [(take.lot.lot_id, take.amount_minor) for take in takes]


def balance(desk: Desk, account: int) -> int:
    """The balance of an account in fen, debit positive."""
    return sum(
        debit - credit
        for (_, number, currency), (debit, credit) in desk.journal.totals.items()
        if (number, currency) == (account, CNY)
    )


def opened(desk: Desk, command: OpenRecharge | OpenMembership) -> Order:
    """A pending order."""
    return expect(OrderOpened, desk.send(command)).order


def pay(
    desk: Desk, order: Order, amount_fen: int | None = None, payment_id: str = "pay-1"
) -> RechargePaid | MembershipPaid | PaymentSetAside:
    """A channel's payment of an order."""
    price = order.price_fen if amount_fen is None else amount_fen
    answer = desk.send(SettlePayment("ann", order.order_id, payment_id, price))
    assert isinstance(answer, RechargePaid | MembershipPaid | PaymentSetAside)
    return answer


def refund(desk: Desk, order_id: str, amount_fen: int | None = None) -> OrderRefund:
    """A refund that was asked for."""
    asked = desk.send(RefundOrder("ann", order_id, "changed my mind", amount_fen))
    return expect(OrderRefundRequested, asked).refund


def confirm(desk: Desk, asked: OrderRefund) -> OrderRefundConfirmed:
    """The channel paid it back."""
    return expect(
        OrderRefundConfirmed, desk.send(ConfirmRefund("ann", asked.refund_id, asked.order_id))
    )


def fail(desk: Desk, asked: OrderRefund) -> OrderRefundFailed:
    """The channel would not."""
    return expect(OrderRefundFailed, desk.send(FailRefund("ann", asked.refund_id, asked.order_id)))


def reverse(desk: Desk, order_id: str, amount_fen: int) -> PaymentReversed:
    """A chargeback."""
    command = ReversePayment("ann", order_id, "chargeback-1", amount_fen)
    return expect(PaymentReversed, desk.send(command))


def restore(desk: Desk, order_id: str, amount_fen: int) -> PaymentRestored:
    """A chargeback won."""
    command = RestorePayment("ann", order_id, "dispute-1", amount_fen)
    return expect(PaymentRestored, desk.send(command))


def claims(desk: Desk) -> list[tuple[int, int, int]]:
    """What is open, the VAT inside it, and the revenue account, of every claim."""
    return [(claim.open_fen, claim.open_vat_fen, claim.revenue) for claim in now_in(desk).claims]
