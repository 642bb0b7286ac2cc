"""Problems: every refusal has a status, and says what was asked, what is true, what to do."""

from typing import Any, get_args

import msgspec
import pytest

from ledger.contract.problems import (
    KINDS,
    TYPE_BASE,
    Slug,
    internal_error_problem,
    problem,
    problem_of,
    unavailable_problem,
)
from ledger.contract.refusals import REFUSALS, slug_of
from ledger.core.money import CNY
from ledger.core.rejections import Reason, Rejection, rejected
from ledger.engine import Unavailable
from ledger.http.reply import reply_of
from tests.core.breakers import breakers_of
from tests.core.valid_commands import scenes

CODES = {CNY: "CNY", 1001: "INSPIRATION", 1002: "KUAIBI"}

STATUSES = {
    Reason.IDEMPOTENCY_KEY_REUSED: 422,
    Reason.UNKNOWN_CURRENCY: 400,
    Reason.UNKNOWN_SKU: 400,
    Reason.UNKNOWN_PLAN: 400,
    Reason.UNKNOWN_CHANNEL: 400,
    Reason.UNKNOWN_PROMOTION: 400,
    Reason.AMOUNT_OUT_OF_RANGE: 400,
    Reason.EXPIRY_OUT_OF_RANGE: 400,
    Reason.NOT_CONVERTIBLE: 409,
    Reason.NOT_TRANSFERABLE: 409,
    Reason.TRANSFER_TO_SELF: 400,
    Reason.WALLET_CLOSED: 409,
    Reason.WALLET_FROZEN: 409,
    Reason.CLAIM_OPEN: 409,
    Reason.STOPPED: 409,
    Reason.HOLD_EXISTS: 409,
    Reason.HOLD_NOT_FOUND: 404,
    Reason.HOLD_NOT_OPEN: 409,
    Reason.CHARGE_NOT_FOUND: 404,
    Reason.ORDER_NOT_FOUND: 404,
    Reason.ORDER_NOT_PAYABLE: 409,
    Reason.ORDER_NOT_REFUNDABLE: 409,
    Reason.REFUND_NOT_FOUND: 404,
    Reason.REFUND_NOT_OPEN: 409,
    Reason.TRANSFER_NOT_FOUND: 404,
    Reason.LOT_NOT_FOUND: 404,
    Reason.NO_MEMBERSHIP: 409,
    Reason.PROMOTION_NOT_APPLICABLE: 409,
    Reason.UPGRADE_NOT_OFFERED: 409,
    Reason.WALLET_NOT_EMPTY: 409,
    Reason.LOT_EXISTS: 409,
    Reason.CAPTURE_EXCEEDS_HOLD: 409,
    Reason.REFUND_EXCEEDS_CHARGE: 409,
    Reason.REFUND_EXCEEDS_ORDER: 409,
    Reason.PAYOUT_EXCEEDS_PAYABLE: 409,
    Reason.LIMIT_EXCEEDED: 409,
    Reason.INSUFFICIENT_FUNDS: 402,
    Reason.PROPOSAL_NOT_FOUND: 404,
    Reason.PROPOSAL_IS_OWN: 403,
    Reason.PROPOSAL_IS_ANOTHERS: 403,
    Reason.PROPOSAL_EXPIRED: 409,
    Reason.PROPOSAL_NOT_OPEN: 409,
    Reason.SCOPES_UNKNOWN: 400,
    Reason.CALLER_NAME_MALFORMED: 400,
    Reason.CERTIFICATE_MALFORMED: 400,
    Reason.CALLER_OF_ANOTHER_KIND: 400,
    Reason.SCOPES_NOT_FOR_KIND: 400,
    Reason.KEYS_ARE_PEOPLES: 403,
    Reason.KEY_MADE_ON_HOST: 403,
    Reason.KEY_NOT_FOUND: 404,
    Reason.KEY_OUTLIVES_ITS_OWN: 403,
    Reason.KEY_IS_ANOTHERS: 403,
    Reason.KEY_ROTATED_ON_HOST: 403,
    Reason.KEY_NOT_ROTATABLE: 409,
    Reason.CERTIFICATE_TAKEN: 400,
    Reason.CALLER_NOT_FOUND: 404,
}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_the_status_of_the_contract(reason: Reason) -> None:
    """api.md, the table of refusals."""
    assert problem_of(rejected(reason), CODES).status == STATUSES[reason]


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_told_under_its_own_name(reason: Reason) -> None:
    """The slug is the wire name, but for what is not found, malformed or forbidden."""
    words = REFUSALS[reason]
    assert slug_of(reason) == (words.slug or reason)
    assert words.slug in {"", "not-found", "malformed", "forbidden"}
    assert (words.slug == "not-found") == reason.endswith("-not-found")


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
    ("facts", "detail"),
    [
        (
            {"counted": "paid value"},
            (
                "10.00 INSPIRATION was asked for, and of what is available 0.20 was paid for: only "
                "that is converted or given away. Top up, then send the command under a new key."
            ),
        ),
        (
            {"counted": "free value"},
            (
                "10.00 INSPIRATION was to be taken away, and the wallet has 0.20 of free value "
                "available. Take at most that. Or say include_paid."
            ),
        ),
        (
            {"counted": "paid and free value", "lot_id": "lot-1"},
            (
                "10.00 INSPIRATION was to be taken away, and lot lot-1 has 0.20 of paid and free "
                "value available. Take at most that."
            ),
        ),
    ],
)
def test_too_little_says_what_was_counted(facts: dict[str, Any], detail: str) -> None:
    """What may be taken is not always all that is available."""
    known = {"currency": 1001, "amount_minor": 1_000, "available_minor": 20}
    assert problem_of(rejected(Reason.INSUFFICIENT_FUNDS, **known, **facts), CODES).detail == detail


_OF_A_DAY = {"amount_minor": 600, "spent_minor": 450, "most_minor": 1_000}
_OF_GRANTS = {"asked_minor": 600, "used_minor": 450, "cap_minor": 1_000}
_LATER = "Wait for the next day in Shanghai or have the limit raised, then send the command under "
LIMITS: list[tuple[dict[str, Any], str]] = [
    (
        {"limit": "open lots", "most": 1_000},
        (
            "The wallet has as many open lots as it may: 1000. Let some end, then send the "
            "command under a new key."
        ),
    ),
    (
        {"limit": "a single charge", "currency": 1001, "amount_minor": 600, "most_minor": 500},
        (
            "6.00 INSPIRATION was asked for, and a single charge of this wallet is at most "
            "5.00. Ask for less, or have the limit raised."
        ),
    ),
    (
        {"limit": "spending a day", "currency": 1002, **_OF_A_DAY},
        (
            "6.00 KUAIBI was asked for; of the 10.00 that this wallet may spend a day, 4.50 "
            f"is spent or held. {_LATER}a new key."
        ),
    ),
    (
        {"limit": "conversion a day", "currency": 1002, **_OF_A_DAY},
        (
            "6.00 KUAIBI was to be converted; of the 10.00 that a wallet may convert a day, "
            f"4.50 is converted. {_LATER}a new key."
        ),
    ),
    (
        {"limit": "grants a day", "currency": 1001, **_OF_GRANTS},
        (
            "6.00 INSPIRATION was to be granted; of the 10.00 that this caller may grant a "
            "day, 4.50 is granted. Wait for the next day in Shanghai, or ask for an "
            "adjustment by two people."
        ),
    ),
]


@pytest.mark.parametrize(("facts", "detail"), LIMITS)
def test_a_limit_says_which_it_is(facts: dict[str, Any], detail: str) -> None:
    """Bounds of a wallet, of a charge, of a day: each in its own words."""
    assert problem_of(rejected(Reason.LIMIT_EXCEEDED, **facts), CODES).detail == detail


@pytest.mark.parametrize(
    ("what", "advice"),
    [
        ("open holds", "Capture or void them first."),
        ("refunds under way", "Wait until the channel has settled them."),
        ("transfers in transit", "Wait until they are done."),
        ("money payable to its owner", "Pay it out first."),
        ("a balance", "Have it spent or refunded first, or say forfeit_balance."),
        ("a membership", "Have it refunded first, or say end_membership."),
        ("an open claim", "Have it repaid first, or say write_off_claim."),
    ],
)
def test_a_wallet_that_is_not_empty_says_what_to_do_about_it(what: str, advice: str) -> None:
    """What stands in the way decides what helps."""
    refused = rejected(Reason.WALLET_NOT_EMPTY, wallet_id="w", what=what)
    rendered = problem_of(refused, CODES)
    assert rendered.detail == f"The wallet w cannot be closed: it has {what}. {advice}"
    assert rendered.document()["what"] == what


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"period": "month", "running_period": "month", "pending": "yes"}, "Have it paid or close"),
        ({"period": "month", "running_period": "none", "pending": "no"}, "order black as a"),
        ({"period": "month", "running_period": "year", "pending": "no"}, "bought by the year"),
        ({"period": "year", "running_period": "year", "pending": "no"}, "no more points a month"),
    ],
)
def test_an_upgrade_that_is_not_offered_says_why(facts: dict[str, str], words: str) -> None:
    """Another is pending, the term is over, the period is another, or there is nothing to gain."""
    refused = rejected(Reason.UPGRADE_NOT_OFFERED, plan="black", from_plan="gold", **facts)
    detail = problem_of(refused, CODES).detail
    assert words in detail
    assert "unknown" not in detail


def test_a_promotion_says_when_and_how_often_it_applies() -> None:
    """Its window as times, its uses as counts; or that it is not for upgrades."""
    window = {"since": 0, "until": 60_000_000, "uses": 2, "most": 2}
    rendered = problem_of(
        rejected(Reason.PROMOTION_NOT_APPLICABLE, promotion="launch", **window), CODES
    )
    assert rendered.detail == (
        "Promotion launch runs from 1970-01-01T00:00:00Z until 1970-01-01T00:01:00Z, for at most "
        "2 orders a wallet; this wallet has 2. Order without it."
    )
    refused = rejected(Reason.PROMOTION_NOT_APPLICABLE, promotion="launch", plan="black")
    assert "black is an upgrade" in problem_of(refused, CODES).detail


def test_a_refund_of_what_is_spent_says_so() -> None:
    """Nothing left is told otherwise than too much asked."""
    facts: dict[str, Any] = {"order_id": "o", "amount_fen": 500}
    rendered = problem_of(rejected(Reason.REFUND_EXCEEDS_ORDER, **facts, refundable_fen=300), CODES)
    assert rendered.detail == (
        "A refund of 5.00 CNY was asked of order o, of which 3.00 CNY is unspent. Refund at most "
        "that."
    )
    assert rendered.facts == {"order_id": "o", "amount_cny": "5.00", "refundable_cny": "3.00"}
    rendered = problem_of(rejected(Reason.REFUND_EXCEEDS_ORDER, **facts, refundable_fen=0), CODES)
    assert rendered.detail.startswith("Nothing is left to give back of order o")


def test_value_that_was_not_paid_for_is_told_apart() -> None:
    """Only paid value is converted or given away: it may be less than the wallet shows."""
    refused = rejected(
        Reason.INSUFFICIENT_FUNDS,
        currency=1002,
        amount_minor=1000,
        available_minor=20,
        counted="paid value",
    )
    rendered = problem_of(refused, CODES)
    assert "of what is available 0.20 was paid for" in rendered.detail
    assert rendered.facts["available"] == "0.20"


def test_a_conversion_that_is_not_offered_names_both_currencies() -> None:
    """By their codes."""
    refused = rejected(Reason.NOT_CONVERTIBLE, currency=1001, to_currency=1002)
    rendered = problem_of(refused, CODES)
    assert rendered.facts == {"currency": "INSPIRATION", "to_currency": "KUAIBI"}
    assert rendered.detail.startswith("INSPIRATION cannot be converted to KUAIBI.")


def test_a_closed_wallet_says_since_when() -> None:
    """Instants are RFC 3339 in UTC."""
    refused = rejected(Reason.WALLET_CLOSED, wallet_id="w", closed_at=1_000_000)
    assert problem_of(refused, CODES).facts["closed_at"] == "1970-01-01T00:00:01Z"


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({"price_fen": 5, "least_fen": 100}, {"price_cny": "0.05", "least_cny": "1.00"}),
        ({"quantity": 10_001, "most": 10_000}, {"quantity": 10_001, "most": 10_000}),
        ({"amount_minor": 0, "most_minor": 10**15}, {"amount": "0.00", "most": f"{10**13}.00"}),
    ],
)
def test_a_range_refusal_tells_its_bounds(facts: dict[str, Any], shown: dict[str, Any]) -> None:
    """Whatever was out of range, the answer says what it was and what it may be."""
    document = problem_of(rejected(Reason.AMOUNT_OUT_OF_RANGE, **facts), CODES).document()
    assert shown.items() <= document.items()
    assert all(f"{name} {value}" in document["detail"] for name, value in shown.items())


def test_an_expiry_refusal_tells_times() -> None:
    """Instants are RFC 3339 in UTC."""
    refused = rejected(Reason.EXPIRY_OUT_OF_RANGE, expires_at=0, now=1_000_000)
    document = problem_of(refused, CODES).document()
    assert document["expires_at"] == "1970-01-01T00:00:00Z"
    assert document["now"] == "1970-01-01T00:00:01Z"


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("amount_minor", "amount"),
        ("amount_fen", "amount_cny"),
        ("withheld_fen", "tax_withheld_cny"),
        ("day_minor", "day"),
        ("to_currency", "to_currency"),
    ],
)
def test_a_reused_key_names_the_field_as_callers_know_it(field: str, name: str) -> None:
    """`amount_minor` is `amount` in the API."""
    refused = rejected(Reason.IDEMPOTENCY_KEY_REUSED, field=field)
    assert problem_of(refused, CODES).document()["field"] == name


@pytest.mark.parametrize(
    "reason", ["busy", "database-unavailable", "outcome-unknown", "shutting-down"]
)
def test_an_outage_says_when_to_come_again(reason: Any) -> None:
    """503 with Retry-After, and that the same request is safe to send again."""
    rendered = unavailable_problem(Unavailable(reason, retry_after_s=3))
    assert (rendered.status, rendered.slug) == (503, reason)
    assert (b"retry-after", b"3") in rendered.headers
    assert "same key" in rendered.detail


def test_a_bug_names_the_request_in_the_log_and_nothing_else() -> None:
    """Nothing of the error reaches the caller."""
    document = internal_error_problem("abc-1").document()
    assert document["status"] == 500
    assert set(document) == {"type", "title", "status", "detail", "error_id"}
    assert document["error_id"] == "abc-1"


def test_every_reason_has_its_words_in_the_order_of_precedence() -> None:
    """The table is read from the top, as the rules are."""
    assert list(REFUSALS) == list(Reason)
    assert set(KINDS) == {*get_args(Slug), *map(slug_of, Reason)}


def test_a_problem_is_sent_as_problem_json() -> None:
    """RFC 9457: its own media type, and the status in the body as in the head."""
    answer = reply_of(problem("malformed", "what was wrong", field="amount").response())
    assert (answer.status, answer.media_type) == (400, b"application/problem+json")
    assert msgspec.json.decode(answer.body)["field"] == "amount"


NUMBERS = {"most", "quantity", "uses", "expires_in_s", "most_s"}
"""Facts that callers are told as bare numbers: counts and seconds."""


def test_no_amount_instant_or_currency_is_told_as_a_bare_number() -> None:
    """A fact that has a unit says so by its name, or callers would see minor units or numbers."""
    rejections = (
        breaker(scene).decide() for scene in scenes() for _, breaker in breakers_of(scene)
    )
    bare = {
        name
        for rejection in rejections
        if isinstance(rejection, Rejection)
        for name, value in problem_of(rejection, CODES).facts.items()
        if not isinstance(value, str)
    }
    assert bare <= NUMBERS
