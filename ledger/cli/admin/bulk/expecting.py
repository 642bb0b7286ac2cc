"""Expecting: what whoever starts a run says of it beforehand, or answers when asked."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from ledger.cli.admin.bulk.report import Plan, texts_of
from ledger.cli.admin.confirming import confirm
from ledger.cli.admin.screen import Screen
from ledger.cli.command_error import CommandError
from ledger.core.money import AmountError, format_amount, parse_amount


class Expected(Struct, frozen=True):
    """How many rows there are, and what they come to."""

    rows: int
    totals: Mapping[str, str]


def expected_of(rows: int | None, totals: Sequence[str]) -> Expected | None:
    """What the options say; None if they say nothing. Raises CommandError."""
    if rows is None:
        if totals:
            raise CommandError("--expect-total goes with --expect-rows")
        return None
    found = {}
    for text in totals:
        name, _, amount = text.partition("=")
        try:
            found[name] = format_amount(parse_amount(amount))
        except AmountError as error:
            raise CommandError(f"--expect-total {text!a}: {error}") from None
    return Expected(rows, found)


def confirm_plan(screen: Screen, plan: Plan, expected: Expected | None) -> None:
    """Go on only with a plan that is as expected, or that somebody says yes to.

    Raises CommandError for another one, and where nobody can be asked.
    """
    found = Expected(plan.rows, texts_of(plan))
    options = " ".join(
        [
            f"--expect-rows {found.rows}",
            *(f"--expect-total {name}={amount}" for name, amount in found.totals.items()),
        ]
    )
    if expected is None:
        question = f"{plan.kind.name} {plan.rows} rows now?"
        confirm(screen, question, yes=False, instead=options)
    elif expected != found:
        raise CommandError(f"the file is not as expected: it is {options}. Nothing was done")
