"""The catalogue: currencies, prices, plans, promotions and policy as TOML, checked at start-up.

Every file is a list of versions by effective time; the terms at an instant are made of the
newest version of each. Terms are copied into events, so editing the files rewrites no history.
"""

import tomllib
from bisect import bisect_right
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import msgspec

from ledger.catalog.assembly import CatalogueError, Versions, check_account, terms_of
from ledger.catalog.entries import (
    Currencies,
    Plans,
    Policies,
    Prices,
    Promotions,
    Recharge,
)
from ledger.core.instants import Instant, to_instant
from ledger.core.money import CNY
from ledger.core.terms import Currency, Terms

__all__ = ["Catalogue", "CatalogueError", "load_catalogue"]

_FOLDER = Path(__file__).parent


_Version = TypeVar("_Version", Prices, Plans, Recharge, Promotions, Policies)


class Catalogue:
    """All versions of the catalogue; `at` gives the terms of one instant."""

    def __init__(self, terms: list[tuple[Instant, Terms]]) -> None:
        self._since = [since for since, _ in terms]
        self._terms = [in_force for _, in_force in terms]

    def at(self, instant: Instant) -> Terms:
        """The terms in force; before the first version, the first."""
        return self._terms[max(bisect_right(self._since, instant) - 1, 0)]

    def currency_codes(self) -> dict[int, str]:
        """Every currency's code by its wire number, the renminbi included."""
        currencies = self._terms[-1].currencies.values()
        return {CNY: "CNY"} | {currency.number: currency.code for currency in currencies}


def load_catalogue(folder: Path = _FOLDER, *, without: Collection[str] = ()) -> Catalogue:
    """Read and check the TOML files, `without` the channels that do not run here.

    Raises CatalogueError.
    """
    currencies = _currencies(folder / "currencies.toml")
    prices = _versions(folder / "prices.toml", Prices)
    plans = _versions(folder / "plans.toml", Plans)
    recharges = _versions(folder / "recharge.toml", Recharge)
    promotions = _versions(folder / "promotions.toml", Promotions)
    policies = _versions(folder / "policy.toml", Policies)
    dated = (*prices, *plans, *recharges, *promotions, *policies)
    terms = []
    for since in sorted({since for since, _ in dated}):
        versions = Versions(
            _in_force(prices, since),
            _in_force(plans, since),
            _in_force(recharges, since),
            _in_force(promotions, since),
            _in_force(policies, since),
        )
        terms.append((since, terms_of(currencies, versions, without)))
    return Catalogue(terms)


def _currencies(path: Path) -> dict[str, Currency]:
    try:
        currencies = msgspec.convert(tomllib.loads(path.read_text()), Currencies).currency
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path.name}: {error}") from error
    by_code = {currency.code: currency for currency in currencies}
    if len({currency.number for currency in currencies} | {CNY}) != len(currencies) + 1:
        raise CatalogueError(f"{path.name}: two currencies share a number, or one is CNY's")
    if len(by_code) != len(currencies):
        raise CatalogueError(f"{path.name}: two currencies share a code")
    for currency in currencies:
        check_account(path.name, currency.liability)
    return by_code


def _versions(path: Path, kind: type[_Version]) -> list[tuple[Instant, _Version]]:
    try:
        tables = msgspec.convert(
            tomllib.loads(path.read_text()),
            dict[str, list[kind]],  # type: ignore[valid-type]
        )
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path.name}: {error}") from error
    versions: list[_Version] = tables.pop("version", [])
    if tables:
        raise CatalogueError(f"{path.name}: nothing but [[version]] may stand here, not {tables}")
    if not versions:
        raise CatalogueError(f"{path.name}: there is no version")
    dated = [(to_instant(version.effective_from), version) for version in versions]
    if any(later <= earlier for (earlier, _), (later, _) in pairwise(dated)):
        raise CatalogueError(f"{path.name}: versions must follow one another in time")
    return dated


def _in_force(versions: list[tuple[Instant, _Version]], at: Instant) -> _Version:
    return [version for since, version in versions if since <= at or version is versions[0][1]][-1]
