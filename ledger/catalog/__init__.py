"""The catalogue: currencies, prices, plans and recharges as reviewed TOML, checked at start-up.

Every file is a list of versions by effective time; the terms at an instant are made of the
newest version of each. Terms are copied into events, so editing the files rewrites no history.
"""

import tomllib
from bisect import bisect_right
from collections.abc import Collection
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from ledger.core.chart import ACCOUNTS
from ledger.core.instants import Instant, to_instant
from ledger.core.money import CNY, parse_amount
from ledger.core.terms import Channel, Currency, Plan, Sku, Terms

_FOLDER = Path(__file__).parent


class CatalogueError(ValueError):
    """The catalogue contradicts itself; the message names the file and the entry."""


class _Strict(Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a TOML file: unknown keys are mistakes."""


class _Currencies(_Strict, frozen=True):
    currency: list[Currency]


class _SkuEntry(_Strict, frozen=True):
    sku: str
    currency: str
    price: str
    attributes: dict[str, str | int | bool] = {}


class _Prices(_Strict, frozen=True):
    version: str
    effective_from: datetime
    sku: list[_SkuEntry]


class _PlanEntry(_Strict, frozen=True):
    plan: str
    name: str
    month_price_cny: str
    month_points: str
    entitlements: tuple[str, ...]


class _Plans(_Strict, frozen=True):
    version: str
    effective_from: datetime
    currency: str
    liability: int
    periods: dict[str, int]
    plan: list[_PlanEntry]


class _ChannelEntry(_Strict, frozen=True):
    channel: str
    funds: int
    points_per_yuan: str
    order_ttl_s: int


class _Recharge(_Strict, frozen=True):
    version: str
    effective_from: datetime
    recharge_min_cny: str
    recharge_max_cny: str
    daily_currency: str
    daily_points: str
    vat_bp: int
    channel: list[_ChannelEntry]


_Version = TypeVar("_Version", _Prices, _Plans, _Recharge)


class Catalogue:
    """All versions of the catalogue; `at` gives the terms of one instant."""

    def __init__(self, terms: list[tuple[Instant, Terms]]) -> None:
        self._since = [since for since, _ in terms]
        self._terms = [one for _, one in terms]

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
    prices = _versions(folder / "prices.toml", _Prices)
    plans = _versions(folder / "plans.toml", _Plans)
    recharges = _versions(folder / "recharge.toml", _Recharge)
    changes = sorted({since for since, _ in (*prices, *plans, *recharges)})
    return Catalogue(
        [
            (
                since,
                _terms(
                    currencies,
                    _in_force(prices, since),
                    _in_force(plans, since),
                    _in_force(recharges, since),
                    without,
                ),
            )
            for since in changes
        ]
    )


def _currencies(path: Path) -> dict[str, Currency]:
    try:
        found = msgspec.convert(tomllib.loads(path.read_text()), _Currencies).currency
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path.name}: {error}") from error
    by_code = {one.code: one for one in found}
    if len({one.number for one in found} | {CNY}) != len(found) + 1:
        raise CatalogueError(f"{path.name}: two currencies share a number, or one is CNY's")
    if len(by_code) != len(found):
        raise CatalogueError(f"{path.name}: two currencies share a code")
    for one in found:
        _check_account(path, one.liability)
    return by_code


def _versions(path: Path, kind: type[_Version]) -> list[tuple[Instant, _Version]]:
    try:
        found = msgspec.convert(
            tomllib.loads(path.read_text()),
            dict[str, list[kind]],  # type: ignore[valid-type]
        )
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path.name}: {error}") from error
    versions: list[_Version] = found.pop("version", [])
    if found:
        raise CatalogueError(f"{path.name}: nothing but [[version]] may stand here, not {found}")
    if not versions:
        raise CatalogueError(f"{path.name}: there is no version")
    dated = [(to_instant(one.effective_from), one) for one in versions]
    if any(later <= earlier for (earlier, _), (later, _) in pairwise(dated)):
        raise CatalogueError(f"{path.name}: versions must follow one another in time")
    return dated


def _in_force(versions: list[tuple[Instant, _Version]], at: Instant) -> _Version:
    return [one for since, one in versions if since <= at or one is versions[0][1]][-1]


def _terms(
    currencies: dict[str, Currency],
    prices: _Prices,
    plans: _Plans,
    recharge: _Recharge,
    without: Collection[str],
) -> Terms:
    for account in (plans.liability, *(one.funds for one in recharge.channel)):
        _check_account(Path("plans.toml / recharge.toml"), account)
    return Terms(
        version=prices.version,
        currencies=currencies,
        skus={
            one.sku: Sku(
                one.sku, _number(currencies, one.currency), _amount(one.price), one.attributes
            )
            for one in prices.sku
        },
        plans={
            one.plan: Plan(
                one.plan,
                one.name,
                _amount(one.month_price_cny),
                _amount(one.month_points),
                one.entitlements,
            )
            for one in plans.plan
        },
        periods=plans.periods,
        channels={
            one.channel: Channel(
                one.channel, one.funds, _amount(one.points_per_yuan), one.order_ttl_s
            )
            for one in recharge.channel
            if one.channel not in without
        },
        membership_currency=_number(currencies, plans.currency),
        membership_liability=plans.liability,
        daily_currency=_number(currencies, recharge.daily_currency),
        daily_minor=_amount(recharge.daily_points),
        recharge_min_fen=_amount(recharge.recharge_min_cny),
        recharge_max_fen=_amount(recharge.recharge_max_cny),
        vat_bp=recharge.vat_bp,
    )


def _number(currencies: dict[str, Currency], code: str) -> int:
    if code not in currencies:
        raise CatalogueError(f"currency {code} is not in currencies.toml")
    return currencies[code].number


def _amount(text: str) -> int:
    minor = parse_amount(text)
    if minor < 1:
        raise CatalogueError(f"an amount in the catalogue must be positive, not {text}")
    return minor


def _check_account(path: Path, number: int) -> None:
    if number not in ACCOUNTS:
        raise CatalogueError(f"{path.name}: there is no account {number} in the chart")
