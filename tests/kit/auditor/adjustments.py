"""The auditor's adjustments: value given or taken away by two people together."""

from tests.kit.auditor.books import LAST_INSTANT, VAT_PENDING, Dict, Purse, slices
from tests.kit.auditor.wallets import Wallets


class Adjustments(Wallets):
    """What operators correct."""

    def _adjust(self, purse: Purse, fields: Dict, at: int, lot_id: str) -> Dict:
        assert fields["proposed_by"] != fields["approved_by"]
        if not self._in_range(fields["amount_minor"]):
            return {"refused": "amount-out-of-range"}
        change = self._given if fields["direction"] == "credit" else self._taken_away
        outcome = change(purse, fields, at, lot_id)
        if "refused" in outcome:
            return outcome
        return outcome | {
            "proposal_id": fields["proposal_id"],
            "people": (fields["proposed_by"], fields["approved_by"]),
            "direction": fields["direction"],
            "currency": fields["currency"],
            "amount": fields["amount_minor"],
            "at": at,
            "available_after": purse.available(fields["currency"]),
        }

    def _given(self, purse: Purse, fields: Dict, at: int, lot_id: str) -> Dict:
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
        names = ("lot_id", "currency", "amount", "source", "expires_at")
        return {"lot": {name: lot[name] for name in names}, "takes": []}

    def _taken_away(self, purse: Purse, fields: Dict, at: int, _: str) -> Dict:
        currency, wanted = fields["currency"], fields["lot_id"]
        within_reach = [
            lot
            for lot in purse.in_spending_order()
            if lot["currency"] == currency and wanted in {None, lot["lot_id"]}
        ]
        if wanted is not None and not within_reach:
            return {"refused": "lot-not-found"}
        takeable = Purse(
            lots={
                lot["lot_id"]: lot
                for lot in within_reach
                if fields["include_paid"] or not lot["paid"]
            }
        )
        if takeable.available(currency) < fields["amount_minor"]:
            return {"refused": "insufficient-funds", "available": takeable.available(currency)}
        takes = self._take(takeable, currency, fields["amount_minor"])
        for take in takes:
            lot = take["lot"]
            self._points(at, take, "available", "adjusted")
            if not lot["paid"]:
                continue
            # Neither earned nor given back: finance finds all of what it had cost in suspense.
            self._post(at, lot["liability"], "suspense", "CNY", take["cost"] - take["vat"])
            self._post(at, VAT_PENDING, "suspense", "CNY", take["vat"])
            if lot["order_id"] is not None and take["cost"]:
                before = purse.adjusted.get(lot["order_id"], 0)
                purse.adjusted[lot["order_id"]] = before + take["cost"]
        return {"lot": None, "takes": slices(takes)}
