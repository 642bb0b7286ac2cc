"""The auditor's whole wallets: conversion, tips, limits, freezing, import and closing."""

import math
from fractions import Fraction

from tests.kit.auditor.books import (
    CREATORS,
    LAST_INSTANT,
    MEMBERSHIP_LIABILITY,
    VAT_PENDING,
    Dict,
    Purse,
    slices,
)
from tests.kit.auditor.calendar import shanghai_day_of
from tests.kit.auditor.orders import liability_of
from tests.kit.auditor.spending import Spending

TIPS = "revenue:tips"
IN_TRANSIT = "in-transit"


class Wallets(Spending):
    """What is done with a wallet beyond paying and spending."""

    def _in_range(self, *amounts: int) -> bool:
        return all(1 <= amount <= self.catalogue.amount_max for amount in amounts)

    def _too_little(self, purse: Purse, currency: str) -> Dict:
        available = purse.available(currency, paid_only=True)
        return {"refused": "insufficient-funds", "available": available}

    def _convert(self, purse: Purse, fields: Dict, at: int, drawn_id: str) -> Dict:
        amount, day = fields["amount_minor"], shanghai_day_of(at)
        source, target = fields["from_currency"], fields["to_currency"]
        if not self._in_range(amount):
            return {"refused": "amount-out-of-range"}
        if (source, target) not in self.catalogue.conversions:
            return {"refused": "not-convertible"}
        most = self.catalogue.conversion_day.get(source, math.inf)
        if purse.used_on(day, source, "converted") + amount > most or self._is_full(purse):
            return {"refused": "limit-exceeded"}
        if purse.available(source, paid_only=True) < amount:
            return self._too_little(purse, source)
        lots_before = len(purse.lots) + len(purse.pending_orders())
        purse.used.append((day, source, "converted", amount))
        trial = {lot_id: dict(lot) for lot_id, lot in purse.lots.items()}
        takes = self._take(purse, source, amount, paid_only=True)
        if lots_before + len(takes) > self.catalogue.lots_max:
            purse.lots = trial
            purse.used.pop()
            return {"refused": "limit-exceeded"}
        lots = [
            self._converted(purse, take, target, f"{drawn_id}.{number}", at)
            for number, take in enumerate(takes, 1)
        ]
        names = ("lot_id", "amount", "cost", "vat", "expires_at", "order_id")
        return {
            "takes": slices(takes),
            "lots": [tuple(lot[name] for name in names) for lot in lots],
            "available_after": (purse.available(source), purse.available(target)),
        }

    def _converted(self, purse: Purse, take: Dict, currency: str, lot_id: str, at: int) -> Dict:
        lot, liability = take["lot"], liability_of(currency)
        self._points(at, take, "available", "converted")
        self._post(at, lot["liability"], liability, "CNY", take["cost"] - take["vat"])
        if lot["lot_id"] in purse.graces:
            # Its one extension is used up, whatever currency it is in.
            purse.graces[lot_id] = purse.graces[lot["lot_id"]]
        return self._new_lot(
            purse,
            at,
            lot_id=lot_id,
            currency=currency,
            source="conversion",
            amount=take["amount"],
            expires_at=lot["expires_at"],
            cost=take["cost"],
            vat=take["vat"],
            liability=liability,
            order_id=lot["order_id"],
        )

    # ---- tips ----

    def _transfer(self, purse: Purse, fields: Dict, at: int, transfer_id: str) -> Dict:
        amount, currency = fields["amount_minor"], fields["currency"]
        if not self._in_range(amount):
            return {"refused": "amount-out-of-range"}
        if currency not in self.catalogue.transferable:
            return {"refused": "not-transferable"}
        if self.purses.get(fields["to_wallet_id"]) is purse:
            return {"refused": "transfer-to-self"}
        if len(purse.open_transfers()) >= self.catalogue.transfers_max:
            return {"refused": "limit-exceeded"}
        if self._above_limit(purse, currency, amount, at):
            return {"refused": "limit-exceeded"}
        if purse.available(currency, paid_only=True) < amount:
            return self._too_little(purse, currency)
        takes = self._take(purse, currency, amount, paid_only=True)
        for take in takes:
            self._points(at, take, "available", "consumed")
            self._earn(at, take, TIPS)
        cost = sum(take["cost"] for take in takes)
        share = math.floor(Fraction(cost * self.catalogue.creator_share_bp, 10_000))
        self._post(at, TIPS, IN_TRANSIT, "CNY", share)
        purse.used.append((shanghai_day_of(at), currency, "charged", amount))
        purse.transfers[transfer_id] = {"share": share, "status": "in_transit"}
        return {
            "transfer_id": transfer_id,
            "to": fields["to_wallet_id"],
            "amount": amount,
            "share": share,
            "takes": slices(takes),
            "available_after": purse.available(currency),
        }

    def _receive_transfer(self, purse: Purse, fields: Dict, at: int, _: str) -> Dict:
        transfer = fields["transfer"]
        self._post(at, IN_TRANSIT, CREATORS, "CNY", transfer["share_fen"])
        purse.payable += transfer["share_fen"]
        return {
            "transfer_id": transfer["transfer_id"],
            "share": transfer["share_fen"],
            "payable": purse.payable,
        }

    def _complete_transfer(self, purse: Purse, fields: Dict, _: int, __: str) -> Dict:
        sent = purse.transfers.get(fields["transfer_id"])
        if sent is None or sent["status"] != "in_transit":
            return {"refused": "transfer-not-found"}
        sent["status"] = "done"
        return {"transfer_id": fields["transfer_id"], "status": "done"}

    def _pay_out(self, purse: Purse, fields: Dict, at: int, _: str) -> Dict:
        amount, withheld = fields["amount_fen"], fields["withheld_fen"]
        if amount < 1 or not 0 <= withheld <= amount:
            return {"refused": "amount-out-of-range"}
        if amount > purse.payable:
            return {"refused": "payout-exceeds-payable"}
        purse.payable -= amount
        self._post(at, CREATORS, "assets:bank", "CNY", amount - withheld)
        self._post(at, CREATORS, "liabilities:tax:withheld", "CNY", withheld)
        return {"amount": amount, "withheld": withheld, "payable": purse.payable}

    # ---- control ----

    def _freeze(self, purse: Purse, _: Dict, __: int, ___: str) -> Dict:
        purse.frozen = True
        return {"frozen": True}

    def _unfreeze(self, purse: Purse, _: Dict, __: int, ___: str) -> Dict:
        purse.frozen = False
        return {"frozen": False}

    def _set_limit(self, purse: Purse, fields: Dict, _: int, __: str) -> Dict:
        day, single = fields["day_minor"], fields["single_minor"]
        if not self._in_range(*(amount for amount in (day, single) if amount is not None)):
            return {"refused": "amount-out-of-range"}
        purse.limits.pop(fields["currency"], None)
        limit = {"day": day, "single": single}
        if limit != {"day": None, "single": None}:
            purse.limits[fields["currency"]] = limit
        return {"currency": fields["currency"]} | limit

    def _close_wallet(self, purse: Purse, fields: Dict, at: int, _: str) -> Dict:
        value = sum(lot["available"] for lot in purse.lots.values())
        obstacles = {
            "open holds": purse.open_holds(),
            "refunds under way": purse.open_refunds(),
            "transfers in transit": purse.open_transfers(),
            "money payable to its owner": purse.payable,
            "a balance": value and not fields["forfeit_balance"],
            "a membership": purse.membership and not fields["end_membership"],
            "an open claim": purse.claims and not fields["write_off_claim"],
        }
        for what, there in obstacles.items():
            if there:
                return {"refused": "wallet-not-empty", "what": what}
        closed = purse.pending_orders()
        for order in closed:
            order["status"] = "closed"
        forfeited = [self._expire_lot(lot, at) for lot in purse.in_spending_order()]
        membership = purse.membership or {"terms": [], "upgrades": []}
        parts = [
            tuple(term[what] - term[f"{what}_given"] for what in ("cost", "vat"))
            for term in membership["terms"] + membership["upgrades"]
        ]
        for cost, vat in parts:
            self._earn_from(at, MEMBERSHIP_LIABILITY, cost, vat, "revenue:breakage")
        purse.membership = None
        claims = [(order_id, claim["open"]) for order_id, claim in purse.claims.items()]
        purse.claims = {}
        purse.frozen = False
        purse.closed_at = at
        return {
            "orders": [order["order_id"] for order in closed],
            "forfeited": slices(forfeited),
            "ungranted": (sum(cost for cost, _ in parts), sum(vat for _, vat in parts)),
            "claims": claims,
        }

    def _import_opening(self, purse: Purse, fields: Dict, at: int, _: str) -> Dict:
        refused = self._import_refused(purse, fields, at)
        if refused:
            return {"refused": refused}
        for row in fields["lots"]:
            liability = liability_of(row["currency"])
            if row["source"] == "membership":
                liability = MEMBERSHIP_LIABILITY
            lot = self._new_lot(
                purse,
                at,
                lot_id=row["lot_id"],
                currency=row["currency"],
                source=row["source"],
                amount=row["amount_minor"],
                expires_at=row["expires_at"],
                cost=row["cost_fen"],
                vat=row["vat_fen"],
                liability=liability if row["paid"] else None,
                order_id=row["order_id"],
            )
            lot["granted_at"] = row["granted_at"]
            self._post(at, "opening", liability, "CNY", row["cost_fen"] - row["vat_fen"])
            self._post(at, "opening", VAT_PENDING, "CNY", row["vat_fen"])
        for claim in fields["claims"]:
            revenue = TIPS if claim["currency"] == "KUAIBI" else "revenue:generation"
            purse.owe(claim["order_id"], claim["open_fen"], claim["open_vat_fen"], revenue)
        self._post(at, "opening", CREATORS, "CNY", fields["payable_fen"])
        purse.payable += fields["payable_fen"]
        return {
            "lots": [field["lot_id"] for field in fields["lots"]],
            "claims": [(field["order_id"], field["open_fen"]) for field in fields["claims"]],
            "payable": fields["payable_fen"],
        }

    def _import_refused(self, purse: Purse, fields: Dict, at: int) -> str:
        lots, claims, payable = fields["lots"], fields["claims"], fields["payable_fen"]
        for lot in lots:
            cost, vat = lot["cost_fen"], lot["vat_fen"]
            costly = bool(cost or vat) and not lot["paid"]
            if not self._in_range(lot["amount_minor"]) or costly or not 0 <= vat <= cost:
                return "amount-out-of-range"
        for claim in claims:
            if claim["open_fen"] < 1 or not 0 <= claim["open_vat_fen"] <= claim["open_fen"]:
                return "amount-out-of-range"
        if payable < 0:
            return "amount-out-of-range"
        if not lots and not claims and not payable:
            return "amount-out-of-range"
        expiries = [lot["expires_at"] for lot in lots if lot["expires_at"] is not None]
        if not all(at < expires_at <= LAST_INSTANT for expires_at in expiries):
            return "expiry-out-of-range"
        names = [lot["lot_id"] for lot in lots]
        if len(set(names)) < len(names) or set(names) & set(purse.lots):
            return "lot-exists"
        waiting = len(purse.lots) + len(purse.pending_orders())
        return "limit-exceeded" if waiting + len(lots) > self.catalogue.lots_max else ""
