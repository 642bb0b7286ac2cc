"""Problems: every refusal has a status, and says what was asked, what is true, what to do."""

from typing import Any, get_args

import msgspec
import pytest

from ledger.core.money import CNY
from ledger.core.rejections import Reason, rejected
from ledger.engine import Unavailable
from ledger.http.outages import failure, outage
from ledger.http.problems import KINDS, TYPE_BASE, Slug, problem
from ledger.http.refusals import problem_of, told_as

CODES = {CNY: "CNY", 1001: "INSPIRATION", 1002: "KUAIBI"}

STATUSES = {
    Reason.IDEMPOTENCY_KEY_REUSED: 422,
    Reason.UNKNOWN_CURRENCY: 400,
    Reason.UNKNOWN_SKU: 400,
    Reason.UNKNOWN_PLAN: 400,
    Reason.UNKNOWN_CHANNEL: 400,
    Reason.AMOUNT_OUT_OF_RANGE: 400,
    Reason.EXPIRY_OUT_OF_RANGE: 400,
    Reason.HOLD_EXISTS: 409,
    Reason.HOLD_NOT_FOUND: 404,
    Reason.HOLD_NOT_OPEN: 409,
    Reason.CHARGE_NOT_FOUND: 404,
    Reason.ORDER_NOT_FOUND: 404,
    Reason.ORDER_NOT_PAYABLE: 409,
    Reason.CAPTURE_EXCEEDS_HOLD: 409,
    Reason.REFUND_EXCEEDS_CHARGE: 409,
    Reason.LIMIT_EXCEEDED: 409,
    Reason.INSUFFICIENT_FUNDS: 402,
}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_the_status_of_the_contract(reason: Reason) -> None:
    """api.md, the table of refusals."""
    assert problem_of(rejected(reason), CODES).status == STATUSES[reason]


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_told_under_its_own_name(reason: Reason) -> None:
    """The slug is the wire name, but for things that are not found: they share one."""
    slug, words = told_as(reason)
    assert slug == ("not-found" if reason.endswith("-not-found") else reason)
    assert words


def test_a_missing_thing_is_named() -> None:
    """not-found tells `what`, and the id that was asked for."""
    document = problem_of(rejected(Reason.CHARGE_NOT_FOUND, charge_id="ch-0-1"), CODES).document()
    assert document["type"] == f"{TYPE_BASE}not-found"
    assert document["what"] == "charge"
    assert document["charge_id"] == "ch-0-1"
    assert "ch-0-1" in document["detail"]


def test_facts_are_told_in_the_words_of_callers() -> None:
    """Amounts are decimal texts without their unit's suffix; currencies are codes."""
    refused = rejected(
        Reason.INSUFFICIENT_FUNDS, currency=1001, amount_minor=1000, available_minor=20
    )
    document = problem_of(refused, CODES).document()
    assert document == {
        "type": f"{TYPE_BASE}insufficient-funds",
        "title": KINDS["insufficient-funds"][1],
        "status": 402,
        "detail": (
            "10.00 INSPIRATION was asked for and 0.20 is available. Top up, then send the command "
            "under a new key."
        ),
        "currency": "INSPIRATION",
        "amount": "10.00",
        "available": "0.20",
    }


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"price_fen": 5, "least_fen": 100}, {"price_cny": "0.05", "least_cny": "1.00"}),
        ({"quantity": 10_001, "most": 10_000}, {"quantity": 10_001, "most": 10_000}),
        ({"amount_minor": 0, "most_minor": 10**15}, {"amount": "0.00", "most": f"{10**13}.00"}),
    ],
)
def test_a_range_refusal_tells_its_bounds(facts: dict[str, Any], told: dict[str, Any]) -> None:
    """Whatever was out of range, the answer says what it was and what it may be."""
    document = problem_of(rejected(Reason.AMOUNT_OUT_OF_RANGE, **facts), CODES).document()
    assert told.items() <= document.items()
    assert all(f"{name} {value}" in document["detail"] for name, value in told.items())


def test_an_expiry_refusal_tells_times() -> None:
    """Instants are RFC 3339 in UTC."""
    refused = rejected(Reason.EXPIRY_OUT_OF_RANGE, expires_at=0, now=1_000_000)
    document = problem_of(refused, CODES).document()
    assert document["expires_at"] == "1970-01-01T00:00:00Z"
    assert document["now"] == "1970-01-01T00:00:01Z"


def test_a_reused_key_names_the_field_as_callers_know_it() -> None:
    """`amount_minor` is `amount` in the API."""
    refused = rejected(Reason.IDEMPOTENCY_KEY_REUSED, field="amount_minor")
    assert problem_of(refused, CODES).document()["field"] == "amount"


@pytest.mark.parametrize(
    "reason", ["busy", "database-unavailable", "outcome-unknown", "shutting-down"]
)
def test_an_outage_says_when_to_come_again(reason: Any) -> None:
    """503 with Retry-After, and that the same request is safe to send again."""
    told = outage(Unavailable(reason, retry_after_s=3))
    assert (told.status, told.slug) == (503, reason)
    assert (b"retry-after", b"3") in told.headers
    assert "same key" in told.detail


def test_a_bug_names_the_request_in_the_log_and_nothing_else() -> None:
    """Nothing of the error reaches the caller."""
    document = failure("abc-1").document()
    assert document["status"] == 500
    assert set(document) == {"type", "title", "status", "detail", "error_id"}
    assert document["error_id"] == "abc-1"


def test_every_slug_has_a_status_and_a_title() -> None:
    """The slugs are one closed list."""
    assert set(KINDS) == set(get_args(Slug))


def test_a_problem_is_sent_as_problem_json() -> None:
    """RFC 9457: its own media type, and the status in the body as in the head."""
    answer = problem("malformed", "what was wrong", field="amount").answer()
    assert (answer.status, answer.media_type) == (400, b"application/problem+json")
    assert msgspec.json.decode(answer.body)["field"] == "amount"
