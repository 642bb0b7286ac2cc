"""What a caller does with the client that openapi-python-client makes, type-checked and run.

`python calls.py WHAT URL KEY` does one thing, and fails where an answer is not as it should be.
"""

import sys
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeVar
from uuid import uuid4

from ledger_client import AuthenticatedClient
from ledger_client.api.generation import (
    authorize_hold,
    batch,
    capture_hold,
    debit,
    read_hold,
    void_hold,
)
from ledger_client.api.orders import open_order, read_order
from ledger_client.api.wallet import grant, read_wallet
from ledger_client.models import (
    BatchAnswer,
    BatchBody,
    BatchDailyGrant,
    BatchDebitByAmount,
    BatchDebitBySku,
    BatchHoldByAmount,
    BatchHoldBySku,
    BatchVoidHold,
    CaptureAnswer,
    CaptureBody,
    DebitAnswer,
    DebitByAmount,
    DebitBySku,
    GrantAnswer,
    GrantBody,
    GrantBodySource,
    HoldAnswer,
    HoldAnswerStatus,
    HoldByAmount,
    HoldBySku,
    MembershipBody,
    MembershipOrderAnswer,
    Problem,
    RechargeBody,
    RechargeOrderAnswer,
    WalletAnswer,
)

T = TypeVar("T")


def the(kind: type[T], answer: object) -> T:
    """The answer, which must be of this kind."""
    assert isinstance(answer, kind), answer
    return answer


def key() -> str:
    """An idempotency key of its own."""
    return str(uuid4())


def funded(client: AuthenticatedClient) -> str:
    """A wallet that has 500.00 INSPIRATION."""
    wallet_id = f"w-{uuid4()}"
    body = GrantBody("INSPIRATION", "500", GrantBodySource.PROMOTIONAL, "to be spent")
    granted = grant.sync(wallet_id, client=client, body=body, idempotency_key=key())
    assert the(GrantAnswer, granted).amount == "500.00"
    return wallet_id


def debit_by_sku(client: AuthenticatedClient) -> None:
    """With a quantity, and without."""
    wallet_id = funded(client)
    three, single = DebitBySku("image", quantity=3), DebitBySku("image", reference="render-1")
    bought = debit.sync(wallet_id, client=client, body=three, idempotency_key=key())
    assert the(DebitAnswer, bought).amount == "0.60"
    answer = debit.sync(wallet_id, client=client, body=single, idempotency_key=key())
    charged = the(DebitAnswer, answer)
    assert (charged.amount, charged.reference) == ("0.20", "render-1")
    assert charged.quote is not None
    assert (charged.quote.sku, charged.quote.quantity) == ("image", 1)


def debit_by_amount(client: AuthenticatedClient) -> None:
    """A currency and an amount."""
    wallet_id, body = funded(client), DebitByAmount("INSPIRATION", "12.5")
    charged = debit.sync(wallet_id, client=client, body=body, idempotency_key=key())
    assert the(DebitAnswer, charged).available_after == "487.50"


def hold_by_sku_and_capture(client: AuthenticatedClient) -> None:
    """In part: the rest goes back."""
    wallet_id, body = funded(client), HoldBySku("video-10s-professional")
    answer = authorize_hold.sync(wallet_id, client=client, body=body, idempotency_key=key())
    hold = the(HoldAnswer, answer)
    assert (hold.status, hold.amount) == (HoldAnswerStatus.OPEN, "70.00")
    assert hold.expires_at > datetime.now(UTC)
    captured = capture_hold.sync(
        wallet_id, hold.hold_id, client=client, body=CaptureBody("68"), idempotency_key=key()
    )
    assert the(CaptureAnswer, captured).returned == "2.00"
    closed = read_hold.sync(wallet_id, hold.hold_id, client=client)
    assert the(HoldAnswer, closed).captured == "68.00"


def hold_by_amount_and_void(client: AuthenticatedClient) -> None:
    """A void has nothing to say, so it needs no body."""
    wallet_id, body = funded(client), HoldByAmount("INSPIRATION", "35", expires_in_s=60)
    answer = authorize_hold.sync(wallet_id, client=client, body=body, idempotency_key=key())
    hold_id = the(HoldAnswer, answer).hold_id
    voided = void_hold.sync(wallet_id, hold_id, client=client, idempotency_key=key())
    assert the(HoldAnswer, voided).status is HoldAnswerStatus.VOIDED


def batch_of_several_kinds(client: AuthenticatedClient) -> None:
    """Debits and holds by SKU and by amount, and what takes no price."""
    wallet_id = funded(client)
    commands = BatchBody(
        [
            BatchDebitBySku("debit", "image", key(), wallet_id),
            BatchDebitByAmount("debit", "INSPIRATION", "1", key(), wallet_id),
            BatchHoldBySku("authorize_hold", "image", key(), wallet_id, hold_id="h1"),
            BatchHoldByAmount("authorize_hold", "INSPIRATION", "2", key(), wallet_id),
            BatchVoidHold("void_hold", key(), wallet_id, "h1"),
            BatchDailyGrant("daily_grant", key(), wallet_id),
            BatchDebitByAmount("debit", "INSPIRATION", "100000", key(), wallet_id),
        ]
    )
    results = the(BatchAnswer, batch.sync(client=client, body=commands)).results
    assert [result.status for result in results] == [201, 201, 201, 201, 200, 201, 402]
    assert DebitAnswer.from_dict(results[0].body).amount == "0.20"
    assert HoldAnswer.from_dict(results[4].body).hold_id == "h1"
    assert Problem.from_dict(results[6].body).type_.endswith("/insufficient-funds")


def wallet_with_typed_fields(client: AuthenticatedClient) -> None:
    """Balances by currency, numbers, times, and what may be null."""
    wallet = the(WalletAnswer, read_wallet.sync(funded(client), client=client))
    assert wallet.balances["INSPIRATION"].available == "500.00"
    assert wallet.balances["KUAIBI"].held == "0.00"
    assert (wallet.claim_fen + 1, wallet.frozen) == (1, False)
    assert wallet.as_of.tzinfo is not None
    assert wallet.membership is None


def orders_of_both_kinds(client: AuthenticatedClient) -> None:
    """An order is one of two kinds, and reads as what it was opened as."""
    wallet_id = funded(client)
    recharge = RechargeBody("recharge", "KUAIBI", "10", "sandbox")
    opened = open_order.sync(wallet_id, client=client, body=recharge, idempotency_key=key())
    order_id = the(RechargeOrderAnswer, opened).order_id
    order = the(RechargeOrderAnswer, read_order.sync(order_id, client=client))
    assert (order.amount, order.price_cny, order.paid_at) == ("100.00", "10.00", None)
    assert order.payment is not None
    membership = MembershipBody("membership", "gold", "month", "sandbox")
    opened = open_order.sync(wallet_id, client=client, body=membership, idempotency_key=key())
    assert the(MembershipOrderAnswer, opened).plan == "gold"


def refusal_that_says_why(client: AuthenticatedClient) -> None:
    """A problem with its status, its words and its own fields."""
    wallet_id, body = funded(client), DebitByAmount("INSPIRATION", "500.01")
    answer = debit.sync_detailed(wallet_id, client=client, body=body, idempotency_key=key())
    assert answer.status_code is HTTPStatus.PAYMENT_REQUIRED
    problem = the(Problem, answer.parsed)
    assert problem.type_.endswith("/insufficient-funds")
    assert (problem.status, problem["available"]) == (402, "500.00")
    assert "500.01" in problem.detail


def replay_under_the_same_key(client: AuthenticatedClient) -> None:
    """The first answer again, which says so."""
    wallet_id, body, first_key = funded(client), DebitBySku("image"), key()
    first, again = (
        debit.sync_detailed(wallet_id, client=client, body=body, idempotency_key=first_key)
        for _ in range(2)
    )
    assert the(DebitAnswer, again.parsed) == first.parsed
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"


def main(what: str, url: str, api_key: str) -> None:
    """Do one of the above."""
    with AuthenticatedClient(base_url=url, token=api_key) as client:
        globals()[what](client)


if __name__ == "__main__":
    main(*sys.argv[1:])
