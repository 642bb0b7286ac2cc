"""Parts of a request: keys, ids, amounts, bodies and queries, each decoded strictly."""

import json
import string
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from ledger.contract.calls.batches import BatchBody
from ledger.contract.calls.charges import DebitBody, QuoteQuery, RefundBody, debit_command
from ledger.contract.calls.finance import TrialBalanceQuery
from ledger.contract.calls.holds import (
    CaptureBody,
    HoldBody,
    HoldsQuery,
    authorize_command,
    capture_command,
)
from ledger.contract.fields import checked_id, positive_amount, whole_yuan
from ledger.contract.paging import Keyset
from ledger.contract.problems import Problem, ProblemError
from ledger.core.flows.debit import Debit
from ledger.core.flows.hold import AuthorizeHold, CaptureHold
from ledger.core.money import format_amount
from ledger.http.codec import BodyDecoder, QueryDecoder
from ledger.http.idempotency import read_key
from ledger.http.request import Headers, check_content_type
from tests.kit.currencies import INSPIRATION, KUAIBI

NUMBERS = {"INSPIRATION": INSPIRATION, "KUAIBI": KUAIBI}
DEBIT = BodyDecoder(DebitBody)
ID_CHARACTERS = string.ascii_letters + string.digits + "_.:-"


def refusal(error: pytest.ExceptionInfo[ProblemError]) -> Problem:
    """The problem that was raised."""
    return error.value.problem


def key_headers(*values: bytes) -> Headers:
    """A request's headers, with these keys."""
    return Headers([(b"idempotency-key", value) for value in values])


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        (b"a", "a"),
        (b'"a"', "a"),
        (b"  a ", "a"),
        (b'"a\\"b\\\\c"', 'a"b\\c'),
        (b'a"b', 'a"b'),
        (b"a\\b", "a\\b"),
        (b"!" + b"~" * 254, "!" + "~" * 254),
        (b'"' + b"a" * 255 + b'"', "a" * 255),
    ],
)
def test_a_key_is_read_bare_or_quoted(sent: bytes, key: str) -> None:
    """1 to 255 visible ASCII characters; RFC 8941 strings lose their quotes and escapes."""
    assert read_key(key_headers(sent)) == key


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b'""',
        b'"',
        b'"a',
        b'"a"b',
        b'"a";q=1',
        b'"a\\b"',
        b'"a\\"',
        b"a b",
        b'"a b"',
        b"a\x00",
        b"a\x7f",
        b"\xc3\xa9",
        b"a" * 256,
        b'"' + b"a" * 256 + b'"',
    ],
)
def test_a_key_that_is_none_is_refused(sent: bytes) -> None:
    """Not visible ASCII, too long, empty, or broken quotes: 400."""
    with pytest.raises(ProblemError) as error:
        read_key(key_headers(sent))
    assert refusal(error).slug == "malformed"


@pytest.mark.parametrize("sent", [(), (b"a", b"a"), (b"a", b"b")])
def test_a_key_is_sent_exactly_once(sent: tuple[bytes, ...]) -> None:
    """None at all, or two headers: 400."""
    with pytest.raises(ProblemError) as error:
        read_key(key_headers(*sent))
    assert refusal(error).facts["field"] == "idempotency-key"


@given(st.integers(min_value=1, max_value=10**15))
def test_every_canonical_amount_is_read_exactly(minor: int) -> None:
    """What an answer tells can be sent back."""
    assert positive_amount(format_amount(minor), "amount") == minor


@pytest.mark.parametrize(
    "text",
    [
        *("", " 1", "1 ", "-1", "+1", "1e3", "1E0", "01", "00", "1.", ".5", "1.234", "1,5", "1_0"),
        *("0x1", "NaN", "Infinity", "１", "1．5", "٣", "²", "1\x00", "1\n", "1.0\u200b", "−1"),
    ],
)
def test_a_text_that_is_no_amount_is_malformed(text: str) -> None:
    """No sign, exponent, space, leading zero, third place or digit other than ASCII."""
    with pytest.raises(ProblemError) as error:
        positive_amount(text, "amount")
    assert refusal(error).slug == "malformed"


@pytest.mark.parametrize("text", ["0", "0.00", "0.0", "10000000000000.01", "9" * 31, "9" * 5000])
def test_an_amount_of_nothing_or_too_much_is_out_of_range(text: str) -> None:
    """Well-formed, but not an amount that anyone may name."""
    with pytest.raises(ProblemError) as error:
        positive_amount(text, "amount")
    assert refusal(error).slug == "amount-out-of-range"
    assert len(refusal(error).detail) < 300


@pytest.mark.parametrize("text", ["10.50", "0.01", "0"])
def test_a_price_is_whole_yuan(text: str) -> None:
    """No fen are sold."""
    with pytest.raises(ProblemError) as error:
        whole_yuan(text, "price_cny")
    assert refusal(error).slug == "amount-out-of-range"


@given(st.text(ID_CHARACTERS, min_size=1, max_size=64))
def test_an_id_is_taken_as_it_is(text: str) -> None:
    """Its length and characters are those of the contract."""
    assert checked_id(text, "wallet_id") == text


HOSTILE_IDS = ["", "a" * 65, "a b", "a\n", "a/b", "a\x00", "é", "你", "a;b", "'--", "\ufffd", "a%"]


@pytest.mark.parametrize("text", HOSTILE_IDS)
def test_a_hostile_id_is_refused_in_a_path_and_in_a_body(text: str) -> None:
    """The same rule holds wherever an id stands."""
    with pytest.raises(ProblemError) as error:
        checked_id(text, "wallet_id")
    assert refusal(error).facts["field"] == "wallet_id"
    with pytest.raises(ProblemError) as error:
        DEBIT.decode(json.dumps({"sku": "image", "reference": text}).encode())
    assert refusal(error).facts["field"] == "reference"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"{",
        b"{} x",
        b"[]",
        b"null",
        b'"a"',
        b"\xef\xbb\xbf{}",
        b'{"sku":"\xff"}',
        b'{"\xff":1}',
        b'{"sku":"\x00"}',
        b'{"sku":"\\ud800"}',
        b'{"sku":null}',
        b'{"sku":1}',
        b'{"amount":1}',
        b'{"amount":1.0}',
        b'{"amount":NaN}',
        b'{"sku":"image","quantity":"1"}',
        b'{"sku":"image","quantity":1.0}',
        b'{"sku":"image","quantity":true}',
        b'{"sku":"image","quantity":1e400}',
        b'{"sku":"image","quantity":' + b"9" * 6_000 + b"}",
        b'{"sku":"image","colour":"red"}',
        b'{"sku":"image","wallet_id":"w"}',
        b'{"sku":"image","sku":"image"}',
        b'{"sku":"image","\\u0073ku":"image"}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
    ],
)
def test_a_body_that_is_not_exactly_right_is_malformed(body: bytes) -> None:
    """No coercion, no unknown field, no key twice, no null, no broken UTF-8, no depth."""
    with pytest.raises(ProblemError) as error:
        DEBIT.decode(body)
    assert refusal(error).slug == "malformed"
    assert len(refusal(error).detail) < 500


@given(st.binary(max_size=200))
def test_no_body_makes_the_decoder_fail_otherwise(body: bytes) -> None:
    """Whatever comes, it is decoded or refused."""
    try:
        DEBIT.decode(body)
    except ProblemError as refused:
        assert refused.problem.status == 400  # noqa: PT017 - either outcome is right


def test_an_escaped_body_is_decoded_like_a_plain_one() -> None:
    """JSON has many spellings; they are one command."""
    escaped = DEBIT.decode(b' { "\\u0073ku" : "im\\u0061ge" } ')
    assert escaped == DEBIT.decode(b'{"sku":"image"}')


@pytest.mark.parametrize("text", ["", "a" * 201, "a\nb", "a\x00", "\x7f", "a\x85b"])
def test_a_reason_is_short_and_without_control_characters(text: str) -> None:
    """1 to 200 characters."""
    with pytest.raises(ProblemError) as error:
        BodyDecoder(RefundBody).decode(json.dumps({"reason": text}).encode())
    assert refusal(error).facts["field"] == "reason"


def test_a_reason_may_be_in_any_script() -> None:
    """200 characters, not bytes."""
    reason = "退" * 200
    assert BodyDecoder(RefundBody).decode(json.dumps({"reason": reason}).encode()).reason == reason


def test_a_malformed_command_of_a_batch_is_named_by_its_index() -> None:
    """api.md: a batch with a malformed command is refused whole, naming its index."""
    good = {"kind": "daily_grant", "idempotency_key": "k", "wallet_id": "w"}
    for bad in ({**good, "kind": "convert"}, {**good, "amount": "1"}, {"kind": "debit"}, 1):
        with pytest.raises(ProblemError) as error:
            BodyDecoder(BatchBody).decode(json.dumps({"commands": [good, good, bad]}).encode())
        assert refusal(error).facts["index"] == 2


PRICES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"currency": "KUAIBI", "amount": "0.2"}, {"currency": 1002, "amount_minor": 20}),
    ({"sku": "image"}, {"sku": "image"}),
    ({"sku": "image", "quantity": 3}, {"sku": "image", "quantity": 3}),
]


@pytest.mark.parametrize(("body", "price"), PRICES)
def test_a_price_is_an_amount_or_a_sku(body: dict[str, Any], price: dict[str, Any]) -> None:
    """`30` and `30.00` are the same command: amounts are decoded before they are compared."""
    assert debit_command("w", DEBIT.decode(json.dumps(body).encode()), NUMBERS) == Debit(
        "w", **price
    )
    hold = BodyDecoder(HoldBody).decode(json.dumps(body).encode())
    assert authorize_command("w", hold, NUMBERS) == AuthorizeHold("w", **price)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"amount": "1"},
        {"currency": "KUAIBI"},
        {"quantity": 1},
        {"currency": "KUAIBI", "amount": "1", "quantity": 1},
        {"currency": "KUAIBI", "amount": "1", "sku": "image"},
        {"currency": "KUAIBI", "sku": "image"},
    ],
)
def test_half_a_price_or_two_are_malformed(body: dict[str, Any]) -> None:
    """Either currency and amount, or sku and perhaps quantity."""
    with pytest.raises(ProblemError) as error:
        debit_command("w", DEBIT.decode(json.dumps(body).encode()), NUMBERS)
    assert refusal(error).slug == "malformed"


@pytest.mark.parametrize("currency", ["CNY", "inspiration", "", "INSPIRATION ", "\x00", "x" * 9000])
def test_a_currency_must_be_known(currency: str) -> None:
    """CNY is no wallet currency."""
    with pytest.raises(ProblemError) as error:
        debit_command("w", DebitBody(currency=currency, amount="1"), NUMBERS)
    assert refusal(error).slug == "unknown-currency"


def test_a_capture_of_nothing_is_refused_and_one_without_amount_takes_all() -> None:
    """0 is refused: use void."""
    assert capture_command("w", "h", CaptureBody()) == CaptureHold("w", "h")
    with pytest.raises(ProblemError) as error:
        capture_command("w", "h", CaptureBody(amount="0"))
    assert "void" in refusal(error).detail


def _content_type(*values: bytes, encoding: bytes | None = None) -> Headers:
    lines: Iterable[tuple[bytes, bytes]] = [(b"content-type", value) for value in values]
    extra = [] if encoding is None else [(b"content-encoding", encoding)]
    return Headers([*lines, *extra])


@pytest.mark.parametrize(
    "value",
    [
        b"application/json",
        b"Application/JSON",
        b"application/json; charset=utf-8",
        b'application/json;charset="UTF-8"',
    ],
)
def test_json_in_utf8_is_the_content_type(value: bytes) -> None:
    """A charset may be named, if it is this one."""
    check_content_type(_content_type(value))


@pytest.mark.parametrize(
    "headers",
    [
        _content_type(),
        _content_type(b"text/plain"),
        _content_type(b"application/json; charset=latin-1"),
        _content_type(b"application/jsonx"),
        _content_type(b"application/problem+json"),
        _content_type(b"multipart/form-data; boundary=x"),
        _content_type(b"application/json", encoding=b"gzip"),
    ],
)
def test_another_content_type_is_not_supported(headers: Headers) -> None:
    """A form, a text or nothing at all would come from a page that has no business here."""
    with pytest.raises(ProblemError) as error:
        check_content_type(headers)
    assert refusal(error).status == 415


def test_a_query_is_decoded() -> None:
    """Digits are whole numbers; what is left out has its default."""
    assert QueryDecoder(QuoteQuery).decode(b"sku=image&quantity=5") == QuoteQuery("image", 5)
    assert QueryDecoder(QuoteQuery).decode(b"sku=123") == QuoteQuery("123", 1)
    assert QueryDecoder(HoldsQuery).decode(b"").limit == 100


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        (QuoteQuery, b""),
        (QuoteQuery, b"sku=image&sku=image"),
        (QuoteQuery, b"sku=image&at=now"),
        (QuoteQuery, b"sku=image&quantity=1.0"),
        (QuoteQuery, b"sku=image&quantity=%EF%BC%91"),
        (QuoteQuery, b"sku=image&quantity=01"),
        (QuoteQuery, b"sku=image&quantity="),
        (QuoteQuery, b"sku=%ff"),
        (QuoteQuery, b"sku=a%00"),
        (QuoteQuery, b"sku=image&&"),
        (QuoteQuery, b"\xff"),
        (HoldsQuery, b"limit=0"),
        (HoldsQuery, b"limit=1001"),
        (HoldsQuery, b"limit=-1"),
        (HoldsQuery, b"status=captured"),
        (TrialBalanceQuery, b"date=2026-02-30"),
        (TrialBalanceQuery, b"date=yesterday"),
    ],
)
def test_a_query_that_is_not_exactly_right_is_malformed(kind: type[Any], query: bytes) -> None:
    """Unknown, repeated and misshapen parameters are refused."""
    with pytest.raises(ProblemError) as error:
        QueryDecoder(kind).decode(query)
    assert refusal(error).slug == "malformed"


def test_pages_follow_one_another_without_gap_or_repeat() -> None:
    """A cursor goes on after an item, also when that item has gone meanwhile."""
    keyset = Keyset(tuple[int, str])
    items = [(1, "a"), (1, "b"), (2, "a"), (3, "c")]
    first, following = keyset.page(items, lambda item: item, 2, UNSET)
    assert first == items[:2]
    assert following is not None
    items.remove((1, "b"))
    assert keyset.page(items, lambda item: item, 2, following) == ([(2, "a"), (3, "c")], None)


@pytest.mark.parametrize("cursor", ["", "x", "!!", "bnVsbA", "WzEsMl0", "é"])
def test_a_cursor_of_ones_own_making_is_refused(cursor: str) -> None:
    """Cursors are opaque."""
    with pytest.raises(ProblemError) as error:
        Keyset(tuple[int, str]).key(cursor)
    assert refusal(error).facts["field"] == "after"
