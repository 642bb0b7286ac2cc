"""The auditor's books: what wallets hold, what time alone brings about, and what it posts.

Lots, takes and holds are plain dicts; amounts are minor units, prices fen, instants microseconds.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.auditor_calendar import anniversary, shanghai_day_of

SECOND = 1_000_000
HOUR = 3_600 * SECOND

Dict = dict[str, Any]


@dataclass(frozen=True)
class Catalogue:
    """What the auditor is told of the catalogue, as plain numbers and names."""

    skus: Mapping[str, tuple[str, int]]
    """Currency and price in minor units of one item or second."""
    plans: Mapping[str, tuple[int, int]]
    """List price of a month in fen and its points in minor units."""
    periods: Mapping[str, int]
    channels: Mapping[str, tuple[str, int, int]]
    """Path of the funds account, minor units a yuan, seconds an order stays open."""
    membership_currency: str = "INSPIRATION"
    daily_currency: str = "INSPIRATION"
    daily_minor: int = 6_600
    recharge_min_fen: int = 100
    recharge_max_fen: int = 5_000_000
    vat_bp: int = 600
    quantity_max: int = 10_000
    lots_max: int = 1_000
    holds_max: int = 1_000
    orders_max: int = 100
    amount_max: int = 10**15


@dataclass
class Purse:
    """What one wallet holds, and everything that was ever opened in it."""

    lots: dict[str, Dict] = field(default_factory=dict)
    holds: dict[str, Dict] = field(default_factory=dict)
    charges: dict[str, Dict] = field(default_factory=dict)
    orders: dict[str, Dict] = field(default_factory=dict)
    graces: dict[str, int] = field(default_factory=dict)
    membership: Dict | None = None
    claims: dict[int, Dict] = field(default_factory=dict)

    def open_holds(self) -> list[Dict]:
        return [hold for hold in self.holds.values() if hold["status"] == "open"]

    def pending_orders(self) -> list[Dict]:
        return [order for order in self.orders.values() if order["status"] == "pending"]

    def in_spending_order(self) -> list[Dict]:
        return sorted(
            self.lots.values(),
            key=lambda lot: (
                math.inf if lot["expires_at"] is None else lot["expires_at"],
                lot["paid"],
                lot["granted_at"],
                lot["lot_id"],
            ),
        )

    def available(self, currency: str) -> int:
        return sum(lot["available"] for lot in self.lots.values() if lot["currency"] == currency)


class Bookkeeper:
    """The purses of all wallets and the books, and every movement within them."""

    def __init__(self, catalogue: Catalogue, *, closed_through: int = 0) -> None:
        self.catalogue = catalogue
        self.closed_through = closed_through
        self.purses: dict[str, Purse] = {}
        self.books: dict[tuple[int, str, str], int] = {}

    def trial_balance(self) -> dict[tuple[str, str], int]:
        """The balance of every account by path and currency, debit positive, without zeros."""
        sums: dict[tuple[str, str], int] = {}
        for (_, path, currency), amount in self.books.items():
            sums[path, currency] = sums.get((path, currency), 0) + amount
        return {key: amount for key, amount in sums.items() if amount}

    def catch_up(self, wallet: str, at: int) -> None:
        """Let everything of a wallet that is due by `at` happen."""
        self.catch_up_purse(self.purses.setdefault(wallet, Purse()), at)

    def catch_up_purse(self, purse: Purse, at: int) -> None:
        """The same, of a purse at hand."""
        while due := [one for one in _what_falls_due(purse) if one[0] <= at]:
            instant, rank, name = min(due)
            if rank == 1:
                self._return_hold(purse, purse.holds[name], "expired", instant, as_due=True)
            elif rank == 2:
                self._expire_lot(purse.lots[name], instant)
            elif rank == 3:
                purse.membership = None
            elif rank == 4:
                self._grant_month(purse, instant)
            else:
                purse.orders[name]["status"] = "closed"
            drop_empty_lots(purse)

    def _grant_month(self, purse: Purse, at: int) -> None:
        membership = purse.membership
        assert membership is not None
        term = next(term for term in membership["terms"] if term["granted"] < term["months"])
        term["granted"] += 1
        membership["month"] += 1
        cost, vat = (
            math.floor(Fraction(term[what] * term["granted"], term["months"])) - term[given]
            for what, given in (("cost", "cost_given"), ("vat", "vat_given"))
        )
        term["cost_given"] += cost
        term["vat_given"] += vat
        self._new_lot(
            purse,
            at,
            lot_id=f"lot-{term['order_id']}.{term['granted']}",
            currency=self.catalogue.membership_currency,
            source="membership",
            amount=term["month_minor"],
            expires_at=anniversary(membership["anchor"], membership["month"]),
            cost=cost,
            vat=vat,
            liability="liabilities:contract:membership",
        )

    def _expire_lot(self, lot: Dict, at: int) -> None:
        take = {
            "lot": lot,
            "amount": lot["available"],
            "cost": lot["cost_left"],
            "vat": lot["vat_left"],
        }
        self._points(at, take, "available", "expired")
        self._earn(at, take, "revenue:breakage")
        lot["available"] = lot["cost_left"] = lot["vat_left"] = 0

    # ---- the books ----

    def _post(self, at: int, debit: str, credit: str, currency: str, amount: int) -> None:
        day = max(shanghai_day_of(at), self.closed_through + 1)
        for path, signed in ((debit, amount), (credit, -amount)):
            key = (day, path, currency)
            self.books[key] = self.books.get(key, 0) + signed

    def _points(self, at: int, take: Dict, debit: str, credit: str) -> None:
        source, currency = take["lot"]["source"], take["lot"]["currency"]
        debit, credit = f"points:{debit}:{source}", f"points:{credit}:{source}"
        self._post(at, debit, credit, currency, take["amount"])

    def _earn(self, at: int, take: Dict, revenue: str, sign: int = 1) -> None:
        liability = take["lot"]["liability"]
        if liability is None:
            return
        net, vat = take["cost"] - take["vat"], take["vat"]
        self._post(at, liability, revenue, "CNY", sign * net)
        self._post(at, "liabilities:vat:pending", "liabilities:vat:payable", "CNY", sign * vat)

    # ---- lots ----

    def _new_lot(
        self,
        purse: Purse,
        at: int,
        *,
        lot_id: str,
        currency: str,
        source: str,
        amount: int,
        expires_at: int | None,
        cost: int = 0,
        vat: int = 0,
        liability: str | None = None,
    ) -> Dict:
        lot = {
            "lot_id": lot_id,
            "currency": currency,
            "source": source,
            "paid": liability is not None,
            "amount": amount,
            "cost": cost,
            "vat": vat,
            "liability": liability,
            "granted_at": at,
            "expires_at": expires_at,
            "available": amount,
            "held": 0,
            "cost_left": cost,
            "vat_left": vat,
        }
        purse.lots[lot_id] = lot
        self._points(at, {"lot": lot, "amount": amount}, "issued", "available")
        return lot

    def _take(self, purse: Purse, currency: str, amount: int) -> list[Dict]:
        takes = []
        for lot in purse.in_spending_order():
            part = min(amount, lot["available"])
            if lot["currency"] != currency or not part:
                continue
            cost = _next_share(lot, part, "cost")
            vat = _next_share(lot, part, "vat")
            # Takes keep what the lot was, since it leaves the wallet once it is empty.
            takes.append({"lot": dict(lot), "amount": part, "cost": cost, "vat": vat})
            lot["available"] -= part
            lot["cost_left"] -= cost
            lot["vat_left"] -= vat
            amount -= part
        assert not amount
        return takes

    def _come_back(
        self, purse: Purse, take: Dict, at: int, *, refund: bool = False, as_due: bool = False
    ) -> Dict:
        """A take returns to its own lot, whatever has become of that in the meantime."""
        lot_id = take["lot"]["lot_id"]
        lot = purse.lots.get(lot_id)
        if lot is None:
            lot = take["lot"] | {"available": 0, "held": 0, "cost_left": 0, "vat_left": 0}
            if purse.graces.get(lot_id, 0) > (lot["expires_at"] or math.inf):
                lot["expires_at"] = purse.graces[lot_id]
            purse.lots[lot_id] = lot
        lot["available"] += take["amount"]
        lot["cost_left"] += take["cost"]
        lot["vat_left"] += take["vat"]
        expires_at = lot["expires_at"]
        # A hold that expires does so before a lot that expires at the same instant.
        if expires_at is None or expires_at > at or (expires_at == at and as_due):
            return lot
        if lot["paid"] and lot_id not in purse.graces:
            purse.graces[lot_id] = lot["expires_at"] = at + 72 * HOUR
        elif refund:
            lot["expires_at"] = at + 24 * HOUR
        else:
            self._expire_lot(lot, at)
        return lot

    def _return_hold(
        self, purse: Purse, hold: Dict, status: str, at: int, *, as_due: bool = False
    ) -> None:
        hold["status"] = status
        self._release(purse, hold["takes"], at, as_due=as_due)

    def _release(self, purse: Purse, takes: list[Dict], at: int, *, as_due: bool = False) -> None:
        for take in takes:
            purse.lots[take["lot"]["lot_id"]]["held"] -= take["amount"]
            self._points(at, take, "held", "available")
            self._come_back(purse, take, at, as_due=as_due)


def _what_falls_due(purse: Purse) -> Iterator[tuple[int, int, str]]:
    for hold in purse.open_holds():
        yield hold["expires_at"], 1, hold["hold_id"]
    for lot in purse.lots.values():
        if lot["available"] and lot["expires_at"] is not None:
            yield lot["expires_at"], 2, lot["lot_id"]
    if purse.membership is not None:
        due_at = anniversary(purse.membership["anchor"], purse.membership["month"])
        left = any(term["granted"] < term["months"] for term in purse.membership["terms"])
        yield due_at, 4 if left else 3, ""
    for order in purse.pending_orders():
        yield order["expires_at"], 5, order["order_id"]


def _next_share(lot: Dict, part: int, what: str) -> int:
    """The share up to here minus the shares given before, within what is left."""
    left: int = lot[f"{what}_left"]
    gone = lot["amount"] - lot["available"]
    up_to_here = math.floor(Fraction(lot[what]) * Fraction(gone + part, lot["amount"]))
    given_before: int = lot[what] - left
    return max(0, min(left, up_to_here - given_before))


def drop_empty_lots(purse: Purse) -> None:
    """A lot leaves the wallet when it has nothing available and nothing held."""
    for lot in list(purse.lots.values()):
        if not lot["available"] and not lot["held"]:
            del purse.lots[lot["lot_id"]]
