"""The auditor's books: what wallets hold, what they owe, and every posting.

Lots, takes and holds are plain dicts; amounts are minor units, prices fen, instants microseconds.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.kit.auditor.calendar import shanghai_day_of

SECOND = 1_000_000
HOUR = 3_600 * SECOND
LAST_INSTANT = 253_402_214_400 * SECOND

VAT_PENDING = "liabilities:vat:pending"
VAT_PAYABLE = "liabilities:vat:payable"
REFUNDS = "liabilities:refunds"
CREATORS = "liabilities:creators"
MEMBERSHIP_LIABILITY = "liabilities:contract:membership"

Dict = dict[str, Any]


@dataclass(frozen=True)
class Catalogue:
    """What the auditor is told of the catalogue, as plain numbers and names."""

    skus: Mapping[str, tuple[str, int]]
    """Currency and price in minor units of one item or second."""
    plans: Mapping[str, tuple[int, int, int]]
    """List price of a month in fen, its points in minor units, and the tier's rank."""
    periods: Mapping[str, int]
    channels: Mapping[str, tuple[str, int, int]]
    """Path of the funds account, minor units a yuan, seconds an order stays open."""
    promotions: Mapping[str, Dict] = field(default_factory=dict)
    """Each with factor_bp, since, until, most, stackable, and prices by (plan, period)."""
    conversions: frozenset[tuple[str, str]] = frozenset()
    conversion_day: Mapping[str, int] = field(default_factory=dict)
    transferable: frozenset[str] = frozenset()
    creator_share_bp: int = 5_000
    spend_day: Mapping[str, int] = field(default_factory=dict)
    claims_block_spending: bool = False
    stopped: frozenset[str] = frozenset()
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
    refunds_max: int = 100
    transfers_max: int = 1_000
    amount_max: int = 10**15


@dataclass
class Purse:
    """What one wallet holds, and everything that was ever opened in it."""

    lots: dict[str, Dict] = field(default_factory=dict)
    lot_ids: set[str] = field(default_factory=set)
    """Of all lots that ever were: no two are the same."""
    holds: dict[str, Dict] = field(default_factory=dict)
    charges: dict[str, Dict] = field(default_factory=dict)
    orders: dict[str, Dict] = field(default_factory=dict)
    refunds: dict[str, Dict] = field(default_factory=dict)
    transfers: dict[str, Dict] = field(default_factory=dict)
    graces: dict[str, int] = field(default_factory=dict)
    membership: Dict | None = None
    daily: dict[int, Dict] = field(default_factory=dict)
    claims: dict[str, Dict] = field(default_factory=dict)
    """Open ones by order, the oldest first."""
    promotions: dict[str, int] = field(default_factory=dict)
    limits: dict[str, Dict] = field(default_factory=dict)
    used: list[tuple[int, str, str, int]] = field(default_factory=list)
    """(day, currency, "charged" or "converted", amount) of everything ever."""
    payable: int = 0
    adjusted: dict[str, int] = field(default_factory=dict)
    """What taken-away value had cost, by order, as long as it is in suspense."""
    frozen: bool = False
    closed_at: int | None = None

    def open_holds(self) -> list[Dict]:
        return [hold for hold in self.holds.values() if hold["status"] == "open"]

    def pending_orders(self) -> list[Dict]:
        return [order for order in self.orders.values() if order["status"] == "pending"]

    def open_refunds(self) -> list[Dict]:
        return [refund for refund in self.refunds.values() if refund["status"] == "requested"]

    def open_transfers(self) -> list[Dict]:
        return [sent for sent in self.transfers.values() if sent["status"] == "in_transit"]

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

    def available(self, currency: str, *, paid_only: bool = False) -> int:
        return sum(
            lot["available"]
            for lot in self.lots.values()
            if lot["currency"] == currency and (lot["paid"] or not paid_only)
        )

    def held(self, currency: str) -> int:
        return sum(hold["amount"] for hold in self.open_holds() if hold["currency"] == currency)

    def used_on(self, day: int, currency: str, what: str) -> int:
        return sum(
            amount
            for when, of, how, amount in self.used
            if (when, of, how) == (day, currency, what)
        )

    def owe(self, order_id: str, amount: int, vat: int, revenue: str) -> None:
        """A claim comes into being, or the one there is grows."""
        claim = self.claims.setdefault(order_id, {"open": 0, "vat": 0, "revenue": revenue})
        claim["open"] += amount
        claim["vat"] += vat

    def owe_less(self, order_id: str, amount: int, vat: int) -> None:
        """A claim falls; what is nothing any more is gone, its VAT with it."""
        claim = self.claims[order_id]
        claim["open"] -= amount
        claim["vat"] -= min(claim["vat"], vat)
        if not claim["open"]:
            del self.claims[order_id]


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

    def _unearn(self, at: int, liability: str | None, cost: int, vat: int, account: str) -> None:
        """What was owed in points or months goes to one account: of refunds, or of funds."""
        if liability is not None:
            self._post(at, liability, account, "CNY", cost - vat)
            self._post(at, VAT_PENDING, account, "CNY", vat)

    def _earn_from(self, at: int, liability: str | None, cost: int, vat: int, revenue: str) -> None:
        if liability is not None:
            self._post(at, liability, revenue, "CNY", cost - vat)
            self._post(at, VAT_PENDING, VAT_PAYABLE, "CNY", vat)

    def _earn(self, at: int, take: Dict, revenue: str) -> None:
        self._earn_from(at, take["lot"]["liability"], take["cost"], take["vat"], revenue)

    def _repay_claim(self, purse: Purse, at: int, order_id: str, amount: int, source: str) -> int:
        """So much of a claim is paid, out of an account: revenue and VAT are earned again."""
        claim = purse.claims[order_id]
        vat = portion(claim["vat"], amount, claim["open"])
        self._post(at, source, claim["revenue"], "CNY", amount - vat)
        self._post(at, source, VAT_PAYABLE, "CNY", vat)
        purse.owe_less(order_id, amount, vat)
        return vat

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
        order_id: str | None = None,
        came_from: str = "issued",
    ) -> Dict:
        assert lot_id not in purse.lot_ids, f"{lot_id} was a lot before"
        purse.lot_ids.add(lot_id)
        lot = {
            "lot_id": lot_id,
            "currency": currency,
            "source": source,
            "paid": liability is not None,
            "amount": amount,
            "cost": cost,
            "vat": vat,
            "liability": liability,
            "order_id": order_id,
            "granted_at": at,
            "expires_at": expires_at,
            "available": amount,
            "held": 0,
            "cost_left": cost,
            "vat_left": vat,
        }
        purse.lots[lot_id] = lot
        self._points(at, {"lot": lot, "amount": amount}, came_from, "available")
        return lot

    def _take(
        self, purse: Purse, currency: str, amount: int, *, paid_only: bool = False
    ) -> list[Dict]:
        takes = []
        for lot in purse.in_spending_order():
            part = min(amount, lot["available"])
            if lot["currency"] != currency or not part or (paid_only and not lot["paid"]):
                continue
            cost = _next_share(lot, part, "cost")
            vat = _next_share(lot, part, "vat")
            takes.append(self._take_out(lot, part, cost, vat))
            amount -= part
        assert not amount
        return takes

    def _take_out(self, lot: Dict, amount: int, cost: int, vat: int) -> Dict:
        # Takes keep what the lot was, since it leaves the wallet once it is empty.
        take = {"lot": dict(lot), "amount": amount, "cost": cost, "vat": vat}
        lot["available"] -= amount
        lot["cost_left"] -= cost
        lot["vat_left"] -= vat
        return take

    def _expire_lot(self, lot: Dict, at: int) -> Dict:
        take = self._take_out(lot, lot["available"], lot["cost_left"], lot["vat_left"])
        self._points(at, take, "available", "expired")
        self._earn(at, take, "revenue:breakage")
        return take

    def _give_back(
        self, purse: Purse, takes: list[Dict], origin: str, at: int, *, as_due: bool = False
    ) -> Dict:
        """Takes return from where they were: held, consumed or refunding.

        Value of an order on which there is a claim reduces that first; only the rest returns.
        """
        given: Dict = {"returned": [], "absorbed": [], "until": {}}
        for take in takes:
            if origin == "held":
                purse.lots[take["lot"]["lot_id"]]["held"] -= take["amount"]
            absorbed, rest = self._absorb(purse, take, origin, at)
            given["absorbed"] += absorbed
            for part in rest:
                self._points(at, part, origin, "available")
                owed, lot = part["lot"]["liability"], part["lot"]
                if origin == "consumed":
                    self._earn_from(at, owed, -part["cost"], -part["vat"], revenue_of(part))
                if origin == "refunding":
                    self._unearn(at, owed, -part["cost"], -part["vat"], REFUNDS)
                lot = self._come_back(purse, part, at, origin, as_due=as_due)
                given["returned"].append(part)
                given["until"][lot["lot_id"]] = lot["expires_at"]
        return given

    def _absorb(
        self, purse: Purse, take: Dict, origin: str, at: int
    ) -> tuple[list[Dict], list[Dict]]:
        claim = purse.claims.get(take["lot"]["order_id"])
        if claim is None or not take["cost"]:
            return [], [take]
        gone, rest = split(take, claim["open"])
        self._points(at, gone, origin, "refunded")
        net, vat, revenue = gone["cost"] - gone["vat"], gone["vat"], claim["revenue"]
        if origin == "held":
            self._earn(at, gone, revenue)
        elif origin == "consumed":
            # The revenue of the spent points, which the claim's payer lost: it is that again.
            self._post(at, revenue_of(gone), revenue, "CNY", net)
        else:
            self._post(at, REFUNDS, revenue, "CNY", net)
            self._post(at, REFUNDS, VAT_PAYABLE, "CNY", vat)
        purse.owe_less(take["lot"]["order_id"], gone["cost"], vat)
        return [gone], rest

    def _come_back(
        self, purse: Purse, take: Dict, at: int, origin: str, *, as_due: bool = False
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
        elif origin == "consumed":
            lot["expires_at"] = at + 24 * HOUR
        else:
            self._expire_lot(lot, at)
        return lot

    def _return_hold(
        self, purse: Purse, hold: Dict, status: str, at: int, *, as_due: bool = False
    ) -> Dict:
        hold["status"] = status
        return self._give_back(purse, hold["takes"], "held", at, as_due=as_due)


def split(take: Dict, cost: int) -> tuple[Dict, list[Dict]]:
    """The part of a take (or lot) that is worth so much, points rounded up, and the rest.

    As long as there is cost left, so is at least one point to carry it.
    """
    if take["cost"] <= cost:
        return take, []
    points = min(math.ceil(Fraction(take["amount"] * cost, take["cost"])), take["amount"] - 1)
    vat = portion(take["vat"], cost, take["cost"])
    gone = take | {"amount": points, "cost": cost, "vat": vat}
    rest = {
        "amount": take["amount"] - points,
        "cost": take["cost"] - cost,
        "vat": take["vat"] - vat,
    }
    return gone, [take | rest]


def portion(total: int, part: int, whole: int) -> int:
    """The share of `total` that goes with `part` of `whole`, rounded down."""
    return math.floor(Fraction(total * part, whole)) if whole else total


def _next_share(lot: Dict, part: int, what: str) -> int:
    """The share up to here minus the shares given before, within what is left."""
    left: int = lot[f"{what}_left"]
    gone = lot["amount"] - lot["available"]
    up_to_here = math.floor(Fraction(lot[what]) * Fraction(gone + part, lot["amount"]))
    given_before: int = lot[what] - left
    return max(0, min(left, up_to_here - given_before))


def revenue_of(take: Dict) -> str:
    """Membership points earn membership revenue, all others that of generation."""
    kind = "membership" if take["lot"]["source"] == "membership" else "generation"
    return f"revenue:{kind}"


def slices(takes: list[Dict]) -> list[tuple[str, int, int, int]]:
    """Takes as (lot id, amount, cost, VAT)."""
    return [(take["lot"]["lot_id"], take["amount"], take["cost"], take["vat"]) for take in takes]


def drop_empty_lots(purse: Purse) -> None:
    """A lot leaves the wallet when it has nothing available and nothing held."""
    for lot in list(purse.lots.values()):
        if not lot["available"] and not lot["held"]:
            del purse.lots[lot["lot_id"]]
