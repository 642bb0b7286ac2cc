"""The auditor's spending: debits, holds and what becomes of them, and points for nothing."""

import math
from fractions import Fraction

from tests.kit.auditor.books import LAST_INSTANT, SECOND, Dict, Purse, revenue_of, slices
from tests.kit.auditor.calendar import midnight_after, shanghai_day_of
from tests.kit.auditor.orders import Orders

WEEK_SECONDS = 7 * 24 * 3_600


class Spending(Orders):
    """What is used of a purse, and what comes back."""

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

    def _above_limit(self, purse: Purse, currency: str, amount: int, at: int) -> bool:
        day = self.catalogue.spend_day.get(currency)
        limit = purse.limits.get(currency, {"day": day, "single": None})
        if limit["single"] is not None and amount > limit["single"]:
            return True
        spent = purse.used_on(shanghai_day_of(at), currency, "charged") + purse.held(currency)
        return limit["day"] is not None and spent + amount > limit["day"]

    def _debit(self, purse: Purse, fields: Dict, at: int, charge_id: str) -> Dict:
        price = self._price(fields)
        if isinstance(price, str):
            return {"refused": price}
        currency, amount = price
        if self._above_limit(purse, currency, amount, at):
            return {"refused": "limit-exceeded"}
        if purse.available(currency) < amount:
            return {"refused": "insufficient-funds", "available": purse.available(currency)}
        takes = self._take(purse, currency, amount)
        for take in takes:
            self._points(at, take, "available", "consumed")
            self._earn(at, take, revenue_of(take))
        self._charge(purse, charge_id, amount, currency, takes, at)
        return {
            "charge_id": charge_id,
            "currency": currency,
            "amount": amount,
            "takes": slices(takes),
            "available_after": purse.available(currency),
        }

    def _charge(
        self,
        purse: Purse,
        charge_id: str,
        amount: int,
        currency: str,
        takes: list[Dict],
        at: int,
    ) -> None:
        purse.used.append((shanghai_day_of(at), currency, "charged", amount))
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
        if self._above_limit(purse, currency, amount, at):
            return {"refused": "limit-exceeded"}
        if purse.available(currency) < amount:
            return {"refused": "insufficient-funds", "available": purse.available(currency)}
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
        given = self._give_back(purse, rest, "held", at)
        self._charge(purse, charge_id, amount, hold["currency"], used, at)
        return {
            "charge_id": charge_id,
            "hold_id": hold["hold_id"],
            "captured": amount,
            "takes": slices(used),
            "returned": slices(given["returned"]),
            "absorbed": slices(given["absorbed"]),
        }

    def _void_hold(self, purse: Purse, fields: Dict, at: int, _: str) -> Dict:
        hold = purse.holds.get(fields["hold_id"])
        if hold is None or hold["status"] != "open":
            return {"refused": "hold-not-found" if hold is None else "hold-not-open"}
        given = self._return_hold(purse, hold, "voided", at)
        return hold_answer(hold) | {
            "takes": slices(given["returned"]),
            "absorbed": slices(given["absorbed"]),
        }

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
        given = self._give_back(purse, returned, "consumed", at)
        return {
            "charge_id": fields["charge_id"],
            "amount": amount,
            "refunded": charge["refunded"],
            "returned": slices(given["returned"]),
            "absorbed": slices(given["absorbed"]),
            "until": given["until"],
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

    def _daily_grant(self, purse: Purse, _: Dict, at: int, lot_id: str) -> Dict:
        day = shanghai_day_of(at)
        if day in purse.daily:
            return purse.daily[day] | {"claimed_now": False}
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
        purse.daily[day] = {
            name: lot[name] for name in ("lot_id", "currency", "amount", "expires_at")
        }
        return purse.daily[day] | {"claimed_now": True}


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


def hold_answer(hold: Dict) -> Dict:
    """What is told of a hold."""
    names = ("hold_id", "currency", "amount", "expires_at")
    return {name: hold[name] for name in names} | {"takes": slices(hold["takes"])}
