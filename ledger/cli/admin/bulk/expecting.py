"""How many rows a bulk run has and what they come to: said by options, or confirmed when asked."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from ledger.cli.admin.bulk.report import Plan, texts_of
from ledger.cli.admin.confirming import confirm
from ledger.cli.command_error import CommandError
from ledger.cli.screen import Screen
from ledger.core.money import AmountError, format_amount, parse_amount


class Expected(Struct, frozen=True):
    """How many rows a run is expected to have, and its totals as decimal texts by their names."""

    rows: int
    totals: Mapping[str, str]


def expected_of(rows: int | None, totals: Sequence[str]) -> Expected | None:
    """What the options say; None if they say nothing. Raises CommandError."""
    if rows is None:
        if totals:
            raise CommandError("--expect-total goes with --expect-rows")
        return None
    amounts = {}
    for text in totals:
        name, _, amount = text.partition("=")
        try:
            amounts[name] = format_amount(parse_amount(amount))
        except AmountError as error:
            raise CommandError(f"--expect-total {text!a}: {error}") from None
    return Expected(rows, amounts)


def confirm_plan(screen: Screen, plan: Plan, expected: Expected | None) -> None:
    """Return only for a plan that is as expected, or that a person confirms.

    Raises CommandError for another one, and where nobody can be asked.
    """
    planned = Expected(plan.rows, texts_of(plan))
    options = " ".join(
        [
            f"--expect-rows {planned.rows}",
            *(f"--expect-total {name}={amount}" for name, amount in planned.totals.items()),
        ]
    )
    if expected is None:
        question = f"{plan.kind.name} {plan.rows} rows now?"
        confirm(screen, question, yes=False, instead=options)
    elif expected != planned:
        raise CommandError(f"the file is not as expected: it is {options}. Nothing was done")
