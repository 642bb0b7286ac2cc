"""What openings come to, by name, and the control totals that they must agree with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from ledger.cli.importing.faults import Fault, Faults, shown
from ledger.cli.importing.lines import stream_rows
from ledger.core.chart import ACCOUNTS, CREATORS_PAYABLE, OPENING, SOURCES, VAT_PENDING
from ledger.core.entries import entry_for
from ledger.core.flows.opening import OpeningImported
from ledger.core.money import CNY, AmountError, format_amount, parse_amount
from ledger.core.terms import Terms

_COUNTS: Final = ("wallets", "lots", "claims", "payables")
_SUMS: Final = ("cost_cny", "vat_cny", "claims_open_cny", "claims_vat_cny", "payable_cny")


class Difference(Struct, frozen=True, rename={"actual": "found"}):
    """A control total, `wanted`, that is not what the files come to, `actual` (in JSON `found`)."""

    total: str
    wanted: str
    actual: str


class Totals:
    """Sums over openings by the names of control totals; none is negative.

    The accounts are those of the entries that the books get, each on the side that it grows on:
    `opening` is the debit that equals all the liabilities.
    """

    def __init__(self, terms: Terms) -> None:
        self._codes = {currency.number: code for code, currency in terms.currencies.items()}
        liabilities = {currency.liability for currency in terms.currencies.values()}
        accounts = [*sorted({*liabilities, terms.membership_liability}), VAT_PENDING]
        names = [
            *_COUNTS,
            *(f"points:{code}" for code in terms.currencies),
            *(f"points:{code}:{source}" for code in terms.currencies for source in SOURCES),
            *_SUMS,
            *(ACCOUNTS[number].path for number in (*accounts, CREATORS_PAYABLE, OPENING)),
        ]
        self.values = dict.fromkeys(names, 0)

    def add(self, event: OpeningImported) -> None:
        """Add what a wallet got."""
        values = self.values
        values["wallets"] += 1
        values["lots"] += len(event.lots)
        values["claims"] += len(event.claims)
        values["payables"] += event.payable_fen > 0
        for lot in event.lots:
            points = f"points:{self._codes[lot.currency]}"
            values[points] += lot.amount_minor
            values[f"{points}:{lot.source}"] += lot.amount_minor
            values["cost_cny"] += lot.cost_fen
            values["vat_cny"] += lot.vat_fen
        for claim in event.claims:
            values["claims_open_cny"] += claim.open_fen
            values["claims_vat_cny"] += claim.open_vat_fen
        values["payable_cny"] += event.payable_fen
        for account, currency, amount in entry_for(event):
            if currency == CNY:
                path = ACCOUNTS[account].path
                grown = amount if account == OPENING else -amount
                # A ledger's earlier catalogue may have had a liability that none has today.
                values[path] = values.get(path, 0) + grown

    def texts(self) -> dict[str, str]:
        """Every total by its name, as `texts_of` has it."""
        return texts_of(self.values)


def texts_of(values: Mapping[str, int]) -> dict[str, str]:
    """Totals as people and control files have them: counts whole, points and yuan as amounts."""
    return {
        name: str(value) if name in _COUNTS else format_amount(value)
        for name, value in values.items()
    }


def read_control(path: Path, known: Mapping[str, str], faults: Faults) -> dict[str, str]:
    """The control totals of a CSV file (name, value), each as `known` would have it."""
    control: dict[str, str] = {}
    before = len(faults.kept)
    for line, (name, text) in stream_rows(path, ("name", "value"), faults, lambda _: None):
        value = _value(name, text)
        if name not in known:
            wanted = f"one of {', '.join(known)}"
            faults.add(Fault(path.name, line, "name", shown(name), wanted))
        elif name in control:
            faults.add(Fault(path.name, line, "name", shown(name), "each total once"))
        elif value is None:
            wanted = "a whole number" if name in _COUNTS else "an amount such as 1234.50"
            faults.add(Fault(path.name, line, "value", shown(text), wanted))
        else:
            control[name] = value
    if not control and len(faults.kept) == before:
        faults.add(Fault(path.name, None, None, "no total", "at least one"))
    return control


def _value(name: str, text: str) -> str | None:
    try:
        value = format_amount(parse_amount(text))
    except AmountError:
        return None
    if name not in _COUNTS:
        return value
    return text if "." not in text else None


def differences(control: Mapping[str, str], actual: Mapping[str, str]) -> list[Difference]:
    """The control totals that differ from the `actual` ones of the files."""
    return [
        Difference(name, wanted, actual[name])
        for name, wanted in control.items()
        if actual[name] != wanted
    ]
