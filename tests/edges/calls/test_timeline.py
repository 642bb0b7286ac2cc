"""The timeline over HTTP: who did what to a wallet, and what it was about."""

from ledger.contract.history.events import WHAT
from ledger.core.wire import EVENT_TYPES
from tests.kit.http_calls import new_wallet
from tests.kit.http_steps import Body, called, done, fetched, joined, recharged
from tests.kit.serving import Client


def test_every_kind_of_event_has_words_for_the_timeline() -> None:
    """A new event is told with them, or not at all."""
    assert set(WHAT) == set(EVENT_TYPES.values())


async def test_the_timeline_tells_who_did_what_and_what_it_was_about(http: Client) -> None:
    """Callers, money, the other side of a gift, a refund's id; dues are nobody's doing."""
    wallet, other = new_wallet(), new_wallet()
    order = await recharged(http, wallet, 10)
    gift = {"to_wallet_id": called(other), "currency": "KUAIBI", "amount": "20"}
    tip = await done(http, f"{wallet}/transfers", gift, 201)
    body = {"reason": "changed my mind", "amount_cny": "3"}
    refund = await done(http, f"/v1/orders/{order['order_id']}/refund", body, 202)
    limit = {"currency": "KUAIBI", "day": "50", "single": "30", "reason": "a child"}
    await done(http, f"{wallet}/limits", limit, 200)
    await done(http, f"{wallet}/freeze", {"reason": "a thief"}, 200)
    await joined(http, other, "gold", "month")
    entries: dict[str, Body] = {}
    for name in (other, wallet):
        items = (await fetched(http, f"{name}/entries"))["items"]
        entries |= {item["type"]: item for item in items if item["order_id"] or name == wallet}
        entries |= {item["type"]: item for item in items if item["type"] == "transfer_received"}
    paid = entries["recharge_paid"]
    assert (paid["caller"], paid["amount_cny"]) == ("channel:sandbox", "10.00")
    sent, received = entries["transfer_sent"], entries["transfer_received"]
    assert (sent["caller"], sent["other_wallet_id"]) == ("dev", called(other))
    assert (received["caller"], received["other_wallet_id"]) == ("ledger:transfers", called(wallet))
    assert sent["amount_cny"] == received["amount_cny"] == "1.00"
    assert sent["transfer_id"] == received["transfer_id"] == tip["transfer_id"]
    asked = entries["order_refund_requested"]
    assert (asked["refund_id"], asked["amount_cny"]) == (refund["refund_id"], "3.00")
    assert (asked["reason"], asked["caller"]) == ("changed my mind", "dev")
    limited = entries["limit_set"]
    assert limited["what"] == "Spending of KUAIBI was limited to 50.00 a day and 30.00 a charge"
    assert (entries["wallet_frozen"]["reason"], limited["reason"]) == ("a thief", "a child")
    granted = entries["membership_granted"]
    assert (granted["caller"], granted["amount_cny"], granted["amount"]) == (None, None, "660.00")
    assert entries["membership_paid"]["what"] == "A membership was paid: gold, month"
    assert all(entry["what"] for entry in entries.values())
