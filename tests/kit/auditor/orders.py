"""The auditor's orders: asked, paid, closed, given back, taken back and restored."""

import math
from fractions import Fraction

from tests.kit.auditor.books import (
    MEMBERSHIP_LIABILITY,
    REFUNDS,
    SECOND,
    VAT_PAYABLE,
    VAT_PENDING,
    Dict,
    Purse,
    portion,
    slices,
    split,
)
from tests.kit.auditor.membership import Memberships, ungranted_of


class Orders(Memberships):
    """What is asked to be paid, and everything that may become of a payment."""

    def _is_full(self, purse: Purse) -> bool:
        return len(purse.lots) + len(purse.pending_orders()) >= self.catalogue.lots_max

    def _vat_in(self, gross: int) -> int:
        rate = self.catalogue.vat_bp
        return math.floor(Fraction(gross * rate, 10_000 + rate) + Fraction(1, 2))

    def _open_recharge(self, purse: Purse, fields: Dict, at: int, order_id: str) -> Dict:
        if fields["channel"] not in self.catalogue.channels:
            return {"refused": "unknown-channel"}
        price = fields["price_fen"]
        most = self.catalogue.recharge_max_fen
        if not self.catalogue.recharge_min_fen <= price <= most or price % 100:
            return {"refused": "amount-out-of-range"}
        _, minor_per_yuan, _ = self.catalogue.channels[fields["channel"]]
        goods = {
            "kind": "recharge",
            "currency": fields["currency"],
            "amount": price // 100 * minor_per_yuan,
        }
        return self._open(purse, fields["channel"], goods, price, at, order_id)

    def _open(
        self, purse: Purse, channel: str, goods: Dict, price: int, at: int, order_id: str
    ) -> Dict:
        pending = len(purse.pending_orders())
        if pending >= self.catalogue.orders_max or self._is_full(purse):
            return {"refused": "limit-exceeded"}
        funds, _, open_seconds = self.catalogue.channels[channel]
        purse.orders[order_id] = {
            "order_id": order_id,
            "status": "pending",
            "goods": goods,
            "price": price,
            "vat": self._vat_in(price),
            "funds": funds,
            "expires_at": at + open_seconds * SECOND,
            "late": False,
            "paid": False,
            "refunding": 0,
            "refunded": 0,
            "reversed": 0,
            "from_suspense": 0,
            "repaid": [],
        }
        order = purse.orders[order_id]
        return {name: order[name] for name in ("order_id", "price", "vat", "expires_at")}

    def _close_order(self, purse: Purse, fields: Dict, _: int, __: str) -> Dict:
        order = purse.orders.get(fields["order_id"])
        if order is None or order["status"] != "pending":
            return {"refused": "order-not-found" if order is None else "order-not-payable"}
        order["status"] = "closed"
        return {"order_id": order["order_id"], "status": "closed"}

    # ---- paid ----

    def _settle_payment(self, purse: Purse, fields: Dict, at: int, drawn_id: str) -> Dict:
        order = purse.orders.get(fields["order_id"])
        if order is None:
            return {"refused": "order-not-found"}
        amount, kind = fields["amount_fen"], order["goods"]["kind"]
        if amount != order["price"]:
            self._post(at, order["funds"], "suspense", "CNY", amount)
            return {"order_id": order["order_id"], "set_aside": "suspense", "refund_id": None}
        if order["paid"] or purse.closed_at is not None:
            self._post(at, order["funds"], REFUNDS, "CNY", amount)
            self._ask_for_refund(purse, order, drawn_id, amount, set_aside=True)
            return {"order_id": order["order_id"], "set_aside": REFUNDS, "refund_id": drawn_id}
        order.update(status="paid", paid=True, late=order["status"] == "closed")
        if kind == "recharge":
            return self._recharged(purse, order, at)
        net, vat = order["price"] - order["vat"], order["vat"]
        self._post(at, order["funds"], MEMBERSHIP_LIABILITY, "CNY", net)
        self._post(at, order["funds"], VAT_PENDING, "CNY", vat)
        if kind == "upgrade":
            return self._upgraded(purse, order, at)
        self._count_promotion(purse, order["goods"])
        self._begin_membership(purse, order, at)
        return {"order_id": order["order_id"], "set_aside": "", "late": order["late"]}

    def _recharged(self, purse: Purse, order: Dict, at: int) -> Dict:
        """Open claims are repaid first, the oldest first; the rest becomes points."""
        cost, goods = order["price"], order["goods"]
        for order_id in list(purse.claims):
            claim = purse.claims[order_id]
            amount, revenue = min(claim["open"], cost), claim["revenue"]
            if amount:
                vat = self._repay_claim(purse, at, order_id, amount, order["funds"])
                order["repaid"].append([order_id, amount, vat, revenue])
                cost -= amount
        outcome = {"order_id": order["order_id"], "set_aside": "", "late": order["late"]}
        outcome["repaid"] = [tuple(repaid[:3]) for repaid in order["repaid"]]
        if not cost:
            return outcome | {"lot": None}
        lot = self._paid_lot(
            purse,
            order,
            f"lot-{order['order_id']}",
            cost,
            math.floor(Fraction(goods["amount"] * cost, order["price"])),
            at,
        )
        return outcome | {"lot": tuple(lot[name] for name in ("lot_id", "amount", "cost", "vat"))}

    def _paid_lot(
        self, purse: Purse, order: Dict, lot_id: str, cost: int, amount: int, at: int
    ) -> Dict:
        """A lot without an end, paid for with so much of an order's price."""
        goods, vat = order["goods"], self._vat_in(cost)
        recharged = goods["kind"] == "recharge"
        currency = goods["currency"] if recharged else self.catalogue.membership_currency
        liability = liability_of(currency) if recharged else MEMBERSHIP_LIABILITY
        self._unearn(at, liability, -cost, -vat, order["funds"])
        return self._new_lot(
            purse,
            at,
            lot_id=lot_id,
            currency=currency,
            source="purchased" if recharged else "membership",
            amount=amount,
            expires_at=None,
            cost=cost,
            vat=vat,
            liability=liability,
            order_id=order["order_id"],
        )

    # ---- given back ----

    def _ask_for_refund(
        self, purse: Purse, order: Dict, refund_id: str, amount: int, *, set_aside: bool = False
    ) -> Dict:
        purse.refunds[refund_id] = {
            "refund_id": refund_id,
            "order": order,
            "amount": amount,
            "status": "requested",
            "set_aside": set_aside,
            "takes": [],
            "months": [],
            "reopened": [],
        }
        return purse.refunds[refund_id]

    def _refund_order(self, purse: Purse, fields: Dict, at: int, refund_id: str) -> Dict:
        amount, order = fields["amount_fen"], purse.orders.get(fields["order_id"])
        if amount is not None and amount < 1:
            return {"refused": "amount-out-of-range"}
        if order is None or not order["paid"]:
            return {"refused": "order-not-found" if order is None else "order-not-refundable"}
        refundable = _worth(purse, order) + sum(repaid[1] for repaid in order["repaid"])
        # Money that the channel took back already cannot be given back once more.
        refundable = min(refundable, outstanding(order))
        amount = refundable if amount is None else amount
        if not refundable or amount > refundable:
            return {"refused": "refund-exceeds-order"}
        if len(purse.open_refunds()) >= self.catalogue.refunds_max:
            return {"refused": "limit-exceeded"}
        refund = self._ask_for_refund(purse, order, refund_id, amount)
        order["refunding"] += amount
        removed = self._remove(purse, order, amount, REFUNDS, at)
        refund.update({name: removed[name] for name in ("takes", "months", "reopened")})
        for take in removed["takes"]:
            self._points(at, take, "available", "refunding")
        self.catch_up_purse(purse, at)
        return {"refund_id": refund_id, "order_id": order["order_id"], "amount": amount} | _removal(
            removed
        )

    def _remove(self, purse: Purse, order: Dict, amount: int, account: str, at: int) -> Dict:
        """So much of an order's value goes to an account: months, then lots, then what it repaid.

        What an order repaid of claims is owed again. `left` is what it has no value for.
        """
        order_id, left = order["order_id"], amount
        everything = 0 < amount >= _worth(purse, order)
        months = self._take_back_months(purse, order_id, left)
        for part in months:
            self._unearn(at, MEMBERSHIP_LIABILITY, part["cost"], part["vat"], account)
            left -= part["cost"]
        takes = []
        for lot in purse.in_spending_order():
            if lot["order_id"] != order_id or not lot["available"]:
                continue
            whole = {"lot": lot, "amount": lot["available"]}
            whole |= {"cost": lot["cost_left"], "vat": lot["vat_left"]}
            if everything or (whole["cost"] > 0 and left):
                part, _ = split(whole, left)
                take = self._take_out(lot, part["amount"], part["cost"], part["vat"])
                self._unearn(at, lot["liability"], part["cost"], part["vat"], account)
                left -= part["cost"]
                takes.append(take)
        if everything:
            self._end_terms(purse, order_id, at)
        reopened = []
        while left and order["repaid"]:
            owed_by, repaid, repaid_vat, revenue = order["repaid"].pop()
            again = min(repaid, left)
            vat = portion(repaid_vat, again, repaid)
            if again < repaid:
                order["repaid"].append([owed_by, repaid - again, repaid_vat - vat, revenue])
            purse.owe(owed_by, again, vat, revenue)
            self._post(at, revenue, account, "CNY", again - vat)
            self._post(at, VAT_PAYABLE, account, "CNY", vat)
            reopened.append((owed_by, again, vat, revenue))
            left -= again
        return {"takes": takes, "months": months, "reopened": reopened, "left": left}

    def _resolved(self, purse: Purse, fields: Dict, status: str) -> Dict:
        refund = purse.refunds.get(fields["refund_id"])
        if refund is not None and refund["order"]["order_id"] != fields["order_id"]:
            refund = None
        if refund is None:
            return {"refused": "refund-not-found"}
        # A payment that bought nothing stays owed when its refund fails, and may still go back.
        late = refund["set_aside"] and (refund["status"], status) == ("failed", "confirmed")
        if refund["status"] != "requested" and not late:
            return {"refused": "refund-not-open"}
        refund["status"] = status
        if not refund["set_aside"]:
            refund["order"]["refunding"] -= refund["amount"]
        return refund

    def _confirm_refund(self, purse: Purse, fields: Dict, at: int, _: str) -> Dict:
        refund = self._resolved(purse, fields, "confirmed")
        if "refused" in refund:
            return refund
        for take in refund["takes"]:
            self._points(at, take, "refunding", "refunded")
        order = refund["order"]
        self._post(at, REFUNDS, order["funds"], "CNY", refund["amount"])
        if not refund["set_aside"]:
            order["refunded"] += refund["amount"]
            _restate(order)
        return {"refund_id": refund["refund_id"], "status": "confirmed"}

    def _fail_refund(self, purse: Purse, fields: Dict, at: int, _: str) -> Dict:
        refund = self._resolved(purse, fields, "failed")
        if "refused" in refund:
            return refund
        given = self._give_back(purse, refund["takes"], "refunding", at)
        for part in refund["months"]:
            self._unearn(at, MEMBERSHIP_LIABILITY, -part["cost"], -part["vat"], REFUNDS)
            self._put_months_back(purse, part, refund["refund_id"], at)
        suspense = 0
        for order_id, amount, _vat, revenue in refund["reopened"]:
            still = min(amount, purse.claims.get(order_id, {"open": 0})["open"])
            if still:
                vat = self._repay_claim(purse, at, order_id, still, REFUNDS)
                refund["order"]["repaid"].append([order_id, still, vat, revenue])
            suspense += amount - still
        self._post(at, REFUNDS, "suspense", "CNY", suspense)
        self.catch_up_purse(purse, at)
        return {
            "refund_id": refund["refund_id"],
            "status": "failed",
            "returned": slices(given["returned"]),
            "absorbed": slices(given["absorbed"]),
            "suspense": suspense,
        }

    # ---- taken back by the channel, and restored ----

    def _reverse_payment(self, purse: Purse, fields: Dict, at: int, _: str) -> Dict:
        amount, order = fields["amount_fen"], purse.orders.get(fields["order_id"])
        if amount < 1:
            return {"refused": "amount-out-of-range"}
        if order is None or not order["paid"]:
            return {"refused": "order-not-found" if order is None else "order-not-refundable"}
        taken, funds = min(amount, outstanding(order)), order["funds"]
        removed = self._remove(purse, order, taken, funds, at)
        for take in removed["takes"]:
            self._points(at, take, "available", "refunded")
        parked = self._out_of_suspense(purse, order, removed["left"])
        spent = removed["left"] - parked
        vat = portion(order["vat"], spent, order["price"])
        if spent:
            revenue = purse.claims.get(order["order_id"], {"revenue": _claim_revenue(order)})
            purse.owe(order["order_id"], spent, vat, _claim_revenue(order))
            self._post(at, revenue["revenue"], funds, "CNY", spent - vat)
            self._post(at, VAT_PAYABLE, funds, "CNY", vat)
        self._post(at, "suspense", funds, "CNY", amount - taken + parked)
        order["reversed"] += taken
        _restate(order)
        self.catch_up_purse(purse, at)
        outcome = {"order_id": order["order_id"], "taken": taken, "claim": (spent, vat)}
        return outcome | {"parked": parked} | _removal(removed)

    def _out_of_suspense(self, purse: Purse, order: Dict, wanted: int) -> int:
        """Up to so much of what adjustments took of an order leaves suspense; how much did."""
        there = purse.adjusted.pop(order["order_id"], 0)
        gone = min(wanted, there)
        order["from_suspense"] += gone
        if there > gone:
            purse.adjusted[order["order_id"]] = there - gone
        return gone

    def _restore_payment(self, purse: Purse, fields: Dict, at: int, lot_id: str) -> Dict:
        amount, order = fields["amount_fen"], purse.orders.get(fields["order_id"])
        if amount < 1:
            return {"refused": "amount-out-of-range"}
        if order is None or not order["paid"]:
            return {"refused": "order-not-found" if order is None else "order-not-refundable"}
        restored, goods = min(amount, order["reversed"]), order["goods"]
        claim = purse.claims.get(order["order_id"], {"open": 0})
        cancelled, vat = min(restored, claim["open"]), 0
        if cancelled:
            vat = self._repay_claim(purse, at, order["order_id"], cancelled, order["funds"])
        parked = min(restored - cancelled, order["from_suspense"])
        if parked:
            order["from_suspense"] -= parked
            kept = purse.adjusted.get(order["order_id"], 0)
            purse.adjusted[order["order_id"]] = kept + parked
        rest, lot = restored - cancelled - parked, None
        if rest:
            points = goods["amount"] if goods["kind"] == "recharge" else _all_points(goods)
            points = max(1, math.floor(Fraction(points * rest, order["price"])))
            lot = self._paid_lot(purse, order, lot_id, rest, points, at)
        self._post(at, order["funds"], "suspense", "CNY", amount - restored + parked)
        order["reversed"] -= restored
        _restate(order)
        return {
            "order_id": order["order_id"],
            "taken": restored,
            "cancelled": (cancelled, vat),
            "parked": parked,
            "lot": lot and tuple(lot[name] for name in ("lot_id", "amount", "cost", "vat")),
        }


def liability_of(currency: str) -> str:
    """The contract liability of a currency."""
    return f"liabilities:contract:{currency.lower()}"


def outstanding(order: Dict) -> int:
    """What was paid and is neither given back, nor on its way back, nor taken back."""
    if not order["paid"]:
        return 0
    rest: int = order["price"] - order["refunding"] - order["refunded"] - order["reversed"]
    return rest


def _worth(purse: Purse, order: Dict) -> int:
    """The cost of what is unspent of an order: available lots and ungranted months."""
    lots = [lot for lot in purse.lots.values() if lot["order_id"] == order["order_id"]]
    unspent: int = sum(lot["cost_left"] for lot in lots)
    return unspent + ungranted_of(purse, order["order_id"])


def _removal(removed: Dict) -> Dict:
    return {
        "takes": slices(removed["takes"]),
        "months": [(part["months"], part["cost"], part["vat"]) for part in removed["months"]],
        "reopened": [tuple(reopened[:3]) for reopened in removed["reopened"]],
    }


def _restate(order: Dict) -> None:
    given_back = order["refunded"] + order["reversed"]
    whole = given_back == order["price"]
    order["status"] = ("refunded" if whole else "partly_refunded") if given_back else "paid"


def _claim_revenue(order: Dict) -> str:
    goods = order["goods"]
    if goods["kind"] != "recharge":
        return "revenue:membership"
    return f"revenue:{'tips' if goods['currency'] == 'KUAIBI' else 'generation'}"


def _all_points(goods: Dict) -> int:
    points: int = goods["month_minor"] * goods["months"]
    return points
