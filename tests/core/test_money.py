"""Money: exact text, VAT inside the price, and shares that lose nothing."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.core.money import (
    AMOUNT_MINOR_MAX,
    AmountError,
    format_amount,
    parse_amount,
    share_of_rest,
    share_up_to,
    vat_included,
)
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.house_terms import TERMS

amounts = st.integers(0, AMOUNT_MINOR_MAX)

HOSTILE = (
    "", " ", "1 ", " 1", "+1", "-1", "-0", "--1", "1e2", "1E2", "0x10", "1_000", "1,000", "1.",
    ".5", "1.234", "1..2", "1.2.3", "00", "01", "007", "1.2\n", "1\n", "\n1", "1\x00", "\x00",
    "NaN", "Infinity", "inf", "１", "1.２", "٣", "१", "½", "²", "一", "1.0e1", "1/2", "1;DROP",
    "9" * 33, "9" * 100_000, "10000000000000.01", "99999999999999999", "0.001", "1 000", "1.-1",
)  # fmt: skip


@given(amounts)
@example(0)
@example(AMOUNT_MINOR_MAX)
def test_what_is_formatted_parses_to_the_same_amount(minor: int) -> None:
    """Amounts survive the trip through their decimal text exactly."""
    assert parse_amount(format_amount(minor)) == minor


@given(amounts)
def test_amounts_are_formatted_with_exactly_two_places(minor: int) -> None:
    """Answers always carry two places, without exponent or grouping."""
    whole, places = format_amount(minor).split(".")
    assert len(places) == 2
    assert int(whole) * 100 + int(places) == minor


def test_a_negative_balance_keeps_its_sign_below_one_unit() -> None:
    """Trial balances are signed: -0.05 must not lose its sign with its zero."""
    assert [format_amount(minor) for minor in (-5, -100, -101)] == ["-0.05", "-1.00", "-1.01"]


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("0", 0), ("0.0", 0), ("0.00", 0), ("1", 100), ("1.0", 100), ("0.2", 20), ("0.20", 20),
        ("0.02", 2), ("10", 1_000), ("66", 6_600), ("10000000000000", AMOUNT_MINOR_MAX),
        ("10000000000000.00", AMOUNT_MINOR_MAX), ("9999999999999.99", AMOUNT_MINOR_MAX - 1),
    ],
)  # fmt: skip
def test_equal_amounts_may_be_written_with_none_one_or_two_places(text: str, minor: int) -> None:
    """`30` and `30.00` are the same amount."""
    assert parse_amount(text) == minor


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
def test_a_hostile_text_is_no_amount(text: str) -> None:
    """No sign, exponent, grouping, foreign digit, leading zero, third place or stray character."""
    with pytest.raises(AmountError):
        parse_amount(text)


@given(st.text(max_size=12))
def test_any_text_is_an_exact_amount_or_refused(text: str) -> None:
    """Whatever parses is what the decimal text says, to the minor unit."""
    try:
        minor = parse_amount(text)
    except AmountError:
        return
    assert Fraction(text) * 100 == minor


@given(amounts, st.integers(0, 10_000))
def test_vat_is_the_part_of_the_price_rounded_half_up(gross_fen: int, vat_bp: int) -> None:
    """VAT stands inside the price: price × rate ÷ (1 + rate)."""
    exact = Fraction(gross_fen * vat_bp, 10_000 + vat_bp)
    assert vat_included(gross_fen, vat_bp) == floor(exact + Fraction(1, 2))


@pytest.mark.parametrize(
    ("gross_fen", "vat_bp", "vat_fen"),
    [(100, 600, 6), (106, 600, 6), (6_600, 600, 374), (100_000_000, 1_600, 13_793_103),
     (0, 600, 0), (8, 600, 0), (9, 600, 1), (100, 0, 0)],
)  # fmt: skip
def test_vat_of_known_prices(gross_fen: int, vat_bp: int, vat_fen: int) -> None:
    """Golden amounts, those of the finance ministry's case (16 % of 1,000,000) among them."""
    assert vat_included(gross_fen, vat_bp) == vat_fen


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10**6), min_size=1, max_size=20))
def test_shares_of_all_parts_add_up_to_the_whole(total: int, parts: list[int]) -> None:
    """Allocation never creates or loses a minor unit, and no share is negative."""
    whole, gone, left = sum(parts), 0, total
    for part in parts:
        share = share_of_rest(total, left, gone, part, whole)
        assert share == share_up_to(total, gone + part, whole) - share_up_to(total, gone, whole)
        assert 0 <= share <= left
        gone, left = gone + part, left - share
    assert left == 0


@given(
    st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 50), st.integers(1, 50),
    st.integers(0, 50),
)  # fmt: skip
def test_a_share_is_never_more_than_is_left_nor_negative(
    total: int, left: int, part_from: int, part: int, more: int
) -> None:
    """Returned parts bring their own shares back, so the difference can stray; it is bounded."""
    left = min(left, total)
    share = share_of_rest(total, left, part_from, part, part_from + part + more)
    assert 0 <= share <= left


def test_the_last_part_takes_exactly_the_rest() -> None:
    """Whatever went before, the whole cost is given when the whole lot is."""
    assert share_of_rest(100, 37, 990, 10, 1_000) == 37


def test_a_currency_number_has_its_code() -> None:
    """Numbers are for the log, codes for people."""
    assert TERMS.currency_code(INSPIRATION) == "INSPIRATION"
    assert TERMS.currency_code(KUAIBI) == "KUAIBI"
