"""The independent auditor: the rules of the domain once more, naively, in plain dicts and lists.

It shares no code with the ledger and imports nothing of it. It is told every operation and, since
the ledger draws ids and reads the clock, the id drawn and the instant recorded (microseconds since
1970); it says what the answer, every wallet and the books must then be. Amounts are minor units,
prices fen; currencies go by their code, accounts by their path.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from tests.auditor_books import SECOND, Bookkeeper, Catalogue, Dict, Purse, drop_empty_lots
from tests.auditor_calendar import midnight_after, shanghai_day_of

LAST_INSTANT = 253_402_214_400 * SECOND
WEEK_SECONDS = 7 * 24 * 3_600

DEFAULTS: dict[str, Dict] = {
    "debit": {
        "currency": None,
        "amount_minor": None,
        "sku": None,
        "quantity": 1,
        "reference": None,
    },
    "authorize_hold": {
        "currency": None,
        "amount_minor": None,
        "sku": None,
        "quantity": 1,
        "hold_id": None,
        "expires_in_s": 3_600,
        "reference": None,
    },
    "capture_hold": {"amount_minor": None},
    "refund_charge": {"amount_minor": None},
    "grant": {"expires_at": None},
}


@dataclass(frozen=True)
class Operation:
    """One request: who asks what of which wallet, under which idempotency key."""

    wallet: str
    caller: str
    key: str
    kind: str
    fields: Dict


class Auditor(Bookkeeper):
    """Told of operations one by one; `purses` and `books` are what must be true after each."""

    def __init__(self, catalogue: Catalogue, *, closed_through: int = 0) -> None:
        super().__init__(catalogue, closed_through=closed_through)
        self.answers: dict[tuple[str, str, str], tuple[str, Dict, Dict]] = {}

    def answer(self, operation: Operation, at: int, drawn_id: str = "") -> Dict:
        """What the ledger must answer; `drawn_id` is the id that it drew, if it drew one."""
        self.catch_up(operation.wallet, at)
        fields = DEFAULTS.get(operation.kind, {}) | operation.fields
        request = (operation.wallet, operation.caller, operation.key)
        if request in self.answers:
            kind, first, first_answer = self.answers[request]
            if kind != operation.kind:
                return {"refused": "idempotency-key-reused", "fields": {"kind"}}
            differing = {name for name in fields if fields[name] != first[name]}
            if not differing:
                return first_answer
            named = differing - {"reason"} or differing
            return {"refused": "idempotency-key-reused", "fields": named}
        purse = self.purses.setdefault(operation.wallet, Purse())
        said: Dict = getattr(self, f"_{operation.kind}")(purse, fields, at, drawn_id)
        drop_empty_lots(purse)
        self.answers[request] = (operation.kind, fields, said)
        return said

    def _price(self, fields: Dict) -> tuple[str, int] | str:
        currency, amount = fields["currency"], fields["amount_minor"]
        if fields["sku"] is not None:
            if fields["sku"] not in self.catalogue.skus:
                return "unknown-sku"
            currency, each = self.catalogue.skus[fields["sku"]]
            if not 1 <= fields["quantity"] <= self.catalogue.quantity_max:
                return "amount-out-of-range"
            amount = each * fields["quantity"]
        if currency is None or amount is None or not 1 <= amount <= self.catalogue.amount_max:
            return "amount-out-of-range"
        return currency, amount

    def _debit(self, purse: Purse, fields: Dict, at: int, charge_id: str) -> Dict:
        price = self._price(fields)
        if isinstance(price, str):
            return {"refused": price}
        currency, amount = price
        if purse.available(currency) < amount:
            return {"refused": "insufficient-funds"}
        takes = self._take(purse, currency, amount)
        for take in takes:
            self._points(at, take, "available", "consumed")
            self._earn(at, take, revenue_of(take))
        self._charge(purse, charge_id, amount, currency, takes)
        return {
            "charge_id": charge_id,
            "currency": currency,
            "amount": amount,
            "takes": slices(takes),
            "available_after": purse.available(currency),
        }

    def _charge(
        self, purse: Purse, charge_id: str, amount: int, currency: str, takes: list[Dict]
    ) -> None:
        purse.charges[charge_id] = {
            "amount": amount,
            "currency": currency,
            "refunded": 0,
            "takes": takes,
        }

    def _authorize_hold(self, purse: Purse, fields: Dict, at: int, drawn_id: str) -> Dict:
        price = self._price(fields)
        if isinstance(price, str):
            return {"refused": price}
        if not 1 <= fields["expires_in_s"] <= WEEK_SECONDS:
            return {"refused": "expiry-out-of-range"}
        hold_id = fields["hold_id"] or drawn_id
        if hold_id in purse.holds:
            return {"refused": "hold-exists"}
        if len(purse.open_holds()) >= self.catalogue.holds_max:
            return {"refused": "limit-exceeded"}
        currency, amount = price
        if purse.available(currency) < amount:
            return {"refused": "insufficient-funds"}
        takes = self._take(purse, currency, amount)
        for take in takes:
            purse.lots[take["lot"]["lot_id"]]["held"] += take["amount"]
            self._points(at, take, "available", "held")
        purse.holds[hold_id] = {
            "hold_id": hold_id,
            "status": "open",
            "currency": currency,
            "amount": amount,
            "takes": takes,
            "expires_at": at + fields["expires_in_s"] * SECOND,
            "captured": 0,
        }
        return hold_answer(purse.holds[hold_id])

    def _capture_hold(self, purse: Purse, fields: Dict, at: int, charge_id: str) -> Dict:
        amount = fields["amount_minor"]
        if amount is not None and amount < 1:
            return {"refused": "amount-out-of-range"}
        hold = purse.holds.get(fields["hold_id"])
        if hold is None or hold["status"] != "open":
            return {"refused": "hold-not-found" if hold is None else "hold-not-open"}
        amount = hold["amount"] if amount is None else amount
        if amount > hold["amount"]:
            return {"refused": "capture-exceeds-hold"}
        used = cut(hold["takes"], 0, amount)
        rest = cut(hold["takes"], amount, hold["amount"])
        for take in used:
            purse.lots[take["lot"]["lot_id"]]["held"] -= take["amount"]
            self._points(at, take, "held", "consumed")
            self._earn(at, take, revenue_of(take))
        hold.update(status="captured", captured=amount)
        self._release(purse, rest, at)
        self._charge(purse, charge_id, amount, hold["currency"], used)
        return {
            "charge_id": charge_id,
            "hold_id": hold["hold_id"],
            "captured": amount,
            "takes": slices(used),
            "returned": slices(rest),
        }

    def _void_hold(self, purse: Purse, fields: Dict, at: int, _: str) -> Dict:
        hold = purse.holds.get(fields["hold_id"])
        if hold is None or hold["status"] != "open":
            return {"refused": "hold-not-found" if hold is None else "hold-not-open"}
        self._return_hold(purse, hold, "voided", at)
        return hold_answer(hold)

    def _extend_hold(self, purse: Purse, fields: Dict, at: int, _: str) -> Dict:
        if not 1 <= fields["expires_in_s"] <= WEEK_SECONDS:
            return {"refused": "expiry-out-of-range"}
        hold = purse.holds.get(fields["hold_id"])
        if hold is None or hold["status"] != "open":
            return {"refused": "hold-not-found" if hold is None else "hold-not-open"}
        hold["expires_at"] = at + fields["expires_in_s"] * SECOND
        return hold_answer(hold)

    def _refund_charge(self, purse: Purse, fields: Dict, at: int, _: str) -> Dict:
        amount = fields["amount_minor"]
        if amount is not None and amount < 1:
            return {"refused": "amount-out-of-range"}
        charge = purse.charges.get(fields["charge_id"])
        if charge is None:
            return {"refused": "charge-not-found"}
        left = charge["amount"] - charge["refunded"]
        amount = left if amount is None else amount
        if not left or amount > left:
            return {"refused": "refund-exceeds-charge"}
        stop = charge["refunded"] + amount
        returned = cut(charge["takes"][::-1], charge["refunded"], stop)
        charge["refunded"] = stop
        until = {}
        for take in returned:
            self._points(at, take, "consumed", "available")
            self._earn(at, take, revenue_of(take), sign=-1)
            lot = self._come_back(purse, take, at, refund=True)
            until[lot["lot_id"]] = lot["expires_at"]
        return {
            "charge_id": fields["charge_id"],
            "amount": amount,
            "refunded": charge["refunded"],
            "returned": slices(returned),
            "until": until,
            "available_after": purse.available(charge["currency"]),
        }

    def _grant(self, purse: Purse, fields: Dict, at: int, lot_id: str) -> Dict:
        if not 1 <= fields["amount_minor"] <= self.catalogue.amount_max:
            return {"refused": "amount-out-of-range"}
        expires_at = fields["expires_at"]
        if expires_at is not None and not at < expires_at <= LAST_INSTANT:
            return {"refused": "expiry-out-of-range"}
        if self._is_full(purse):
            return {"refused": "limit-exceeded"}
        lot = self._new_lot(
            purse,
            at,
            lot_id=lot_id,
            currency=fields["currency"],
            source=fields["source"],
            amount=fields["amount_minor"],
            expires_at=expires_at,
        )
        return {
            name: lot[name] for name in ("lot_id", "currency", "amount", "source", "expires_at")
        }

    def _is_full(self, purse: Purse) -> bool:
        return len(purse.lots) + len(purse.pending_orders()) >= self.catalogue.lots_max

    def _daily_grant(self, purse: Purse, _: Dict, at: int, lot_id: str) -> Dict:
        day = shanghai_day_of(at)
        if day in purse.claims:
            return purse.claims[day] | {"claimed_now": False}
        if self._is_full(purse):
            return {"refused": "limit-exceeded"}
        lot = self._new_lot(
            purse,
            at,
            lot_id=lot_id,
            currency=self.catalogue.daily_currency,
            source="daily",
            amount=self.catalogue.daily_minor,
            expires_at=midnight_after(at),
        )
        purse.claims[day] = {
            name: lot[name] for name in ("lot_id", "currency", "amount", "expires_at")
        }
        return purse.claims[day] | {"claimed_now": True}

    def _open_recharge(self, purse: Purse, fields: Dict, at: int, order_id: str) -> Dict:
        if fields["channel"] not in self.catalogue.channels:
            return {"refused": "unknown-channel"}
        price = fields["price_fen"]
        most = self.catalogue.recharge_max_fen
        if not self.catalogue.recharge_min_fen <= price <= most or price % 100:
            return {"refused": "amount-out-of-range"}
        _, minor_per_yuan, _ = self.catalogue.channels[fields["channel"]]
        goods = {"currency": fields["currency"], "amount": price // 100 * minor_per_yuan}
        return self._open(purse, fields["channel"], goods, price, at, order_id)

    def _open_membership(self, purse: Purse, fields: Dict, at: int, order_id: str) -> Dict:
        plan = self.catalogue.plans.get(fields["plan"])
        months = self.catalogue.periods.get(fields["period"])
        if plan is None or months is None:
            return {"refused": "unknown-plan"}
        if fields["channel"] not in self.catalogue.channels:
            return {"refused": "unknown-channel"}
        month_price, month_minor = plan
        goods = {"plan": fields["plan"], "months": months, "month_minor": month_minor}
        return self._open(purse, fields["channel"], goods, month_price * months, at, order_id)

    def _open(
        self, purse: Purse, channel: str, goods: Dict, price: int, at: int, order_id: str
    ) -> Dict:
        pending = len(purse.pending_orders())
        if pending >= self.catalogue.orders_max or self._is_full(purse):
            return {"refused": "limit-exceeded"}
        funds, _, open_seconds = self.catalogue.channels[channel]
        vat_bp = self.catalogue.vat_bp
        vat = math.floor(Fraction(price * vat_bp, 10_000 + vat_bp) + Fraction(1, 2))
        purse.orders[order_id] = {
            "order_id": order_id,
            "status": "pending",
            "goods": goods,
            "price": price,
            "vat": vat,
            "funds": funds,
            "expires_at": at + open_seconds * SECOND,
            "late": False,
        }
        order = purse.orders[order_id]
        return {name: order[name] for name in ("order_id", "price", "vat", "expires_at")}

    def _settle_payment(self, purse: Purse, fields: Dict, at: int, _: str) -> Dict:
        order = purse.orders.get(fields["order_id"])
        if order is None:
            return {"refused": "order-not-found"}
        amount, set_aside = fields["amount_fen"], ""
        if amount != order["price"]:
            set_aside = "suspense"
        elif order["status"] == "paid":
            set_aside = "liabilities:refunds"
        if set_aside:
            self._post(at, order["funds"], set_aside, "CNY", amount)
            return {"order_id": order["order_id"], "set_aside": set_aside}
        order.update(status="paid", late=order["status"] == "closed")
        goods = order["goods"]
        if "plan" in goods:
            self._begin_membership(purse, order, at)
            liability = "liabilities:contract:membership"
        else:
            liability = f"liabilities:contract:{goods['currency'].lower()}"
            self._new_lot(
                purse,
                at,
                lot_id=f"lot-{order['order_id']}",
                currency=goods["currency"],
                source="purchased",
                amount=goods["amount"],
                expires_at=None,
                cost=order["price"],
                vat=order["vat"],
                liability=liability,
            )
        self._post(at, order["funds"], liability, "CNY", order["price"] - order["vat"])
        self._post(at, order["funds"], "liabilities:vat:pending", "CNY", order["vat"])
        # The first month of a membership is granted at the very instant that it starts.
        self.catch_up_purse(purse, at)
        return {"order_id": order["order_id"], "set_aside": "", "late": order["late"]}

    def _begin_membership(self, purse: Purse, order: Dict, at: int) -> None:
        if purse.membership is None:
            purse.membership = {"anchor": at, "month": 0, "terms": []}
        purse.membership["terms"].append(
            order["goods"]
            | {
                "order_id": order["order_id"],
                "granted": 0,
                "cost": order["price"],
                "vat": order["vat"],
                "cost_given": 0,
                "vat_given": 0,
            }
        )


def cut(takes: list[Dict], start: int, stop: int) -> list[Dict]:
    """The units of the takes from `start` up to `stop`, each unit with its share of the cost."""
    parts, position = [], 0
    for take in takes:
        first = min(max(start - position, 0), take["amount"])
        last = min(max(stop - position, 0), take["amount"])
        position += take["amount"]
        if first == last:
            continue
        cost, vat = (
            math.floor(Fraction(take[what] * last, take["amount"]))
            - math.floor(Fraction(take[what] * first, take["amount"]))
            for what in ("cost", "vat")
        )
        parts.append({"lot": take["lot"], "amount": last - first, "cost": cost, "vat": vat})
    return parts


def slices(takes: list[Dict]) -> list[tuple[str, int, int, int]]:
    """Takes as (lot id, amount, cost, VAT)."""
    return [(take["lot"]["lot_id"], take["amount"], take["cost"], take["vat"]) for take in takes]


def revenue_of(take: Dict) -> str:
    """Membership points earn membership revenue, all others that of generation."""
    kind = "membership" if take["lot"]["source"] == "membership" else "generation"
    return f"revenue:{kind}"


def hold_answer(hold: Dict) -> Dict:
    """What is told of a hold."""
    names = ("hold_id", "currency", "amount", "expires_at")
    return {name: hold[name] for name in names} | {"takes": slices(hold["takes"])}
