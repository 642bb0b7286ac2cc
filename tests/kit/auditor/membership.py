"""The auditor's memberships: what they cost, how they grow, what falls due, how they end."""

import math
from collections.abc import Iterator
from fractions import Fraction

from tests.kit.auditor.books import MEMBERSHIP_LIABILITY, Bookkeeper, Dict, Purse, drop_empty_lots
from tests.kit.auditor.calendar import anniversary


class Memberships(Bookkeeper):
    """Everything of a purse that time brings about, and the months of memberships."""

    def catch_up(self, wallet: str, at: int) -> None:
        """Let everything of a wallet that is due by `at` happen."""
        self.catch_up_purse(self.purses.setdefault(wallet, Purse()), at)

    def catch_up_purse(self, purse: Purse, at: int) -> None:
        """The same, of a purse at hand."""
        while due := [due_item for due_item in _what_falls_due(purse) if due_item[0] <= at]:
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
        for line in ("terms", "upgrades"):
            membership[line] = [term for term in membership[line] if left_of(term)]
        membership["month"] += 1
        expires_at = anniversary(membership["anchor"], membership["month"])
        for term in membership["terms"][:1] + membership["upgrades"]:
            self._grant_of(purse, term, 1, expires_at, at)

    def _grant_of(self, purse: Purse, term: Dict, months: int, expires_at: int, at: int) -> Dict:
        """So many months of one order in one lot, with their cost."""
        term["granted"] += months
        cost, vat = (
            math.floor(Fraction(term[what] * term["granted"], term["months"])) - term[given]
            for what, given in (("cost", "cost_given"), ("vat", "vat_given"))
        )
        term["cost_given"] += cost
        term["vat_given"] += vat
        number, term["number"] = term["number"], term["number"] + months
        return self._new_lot(
            purse,
            at,
            lot_id=f"lot-{term['series']}.{number}",
            currency=self.catalogue.membership_currency,
            source="membership",
            amount=term["month_minor"] * months,
            expires_at=expires_at,
            cost=cost,
            vat=vat,
            liability=MEMBERSHIP_LIABILITY,
            order_id=term["order_id"],
        )

    # ---- asking ----

    def _open_membership(self, purse: Purse, fields: Dict, at: int, order_id: str) -> Dict:
        plan = self.catalogue.plans.get(fields["plan"])
        months = self.catalogue.periods.get(fields["period"])
        if plan is None or months is None:
            return {"refused": "unknown-plan"}
        if fields["channel"] not in self.catalogue.channels:
            return {"refused": "unknown-channel"}
        refused = self._promotion_refused(purse, fields["promotion"], at)
        if refused:
            return {"refused": refused}
        month_list, month_minor, rank = plan
        goods = {
            "kind": "membership",
            "plan": fields["plan"],
            "period": fields["period"],
            "rank": rank,
            "months": months,
            "month_minor": month_minor,
            "month_list": month_list,
            "promotion": fields["promotion"],
        }
        if purse.membership is not None and rank > effective_now(purse.membership)[0]:
            return self._open_upgrade(purse, fields, goods, at, order_id)
        price = month_list * months
        if fields["promotion"] is not None:
            prices = self.catalogue.promotions[fields["promotion"]]["prices"]
            price = prices.get(
                (fields["plan"], fields["period"]), self._reduced(price, fields["promotion"])
            )
        return self._open(purse, fields["channel"], goods, price, at, order_id)

    def _promotion_refused(self, purse: Purse, name: str | None, at: int) -> str:
        if name is None:
            return ""
        promotion = self.catalogue.promotions.get(name)
        if promotion is None:
            return "unknown-promotion"
        waiting = [
            order for order in purse.pending_orders() if order["goods"].get("promotion") == name
        ]
        uses = purse.promotions.get(name, 0) + len(waiting)
        in_time = promotion["since"] <= at < promotion["until"]
        return "" if in_time and uses < promotion["most"] else "promotion-not-applicable"

    def _reduced(self, price: int, promotion: str) -> int:
        factor_bp = self.catalogue.promotions[promotion]["factor_bp"]
        return math.floor(Fraction(price * factor_bp, 10_000 * 100)) * 100

    def _open_upgrade(
        self, purse: Purse, fields: Dict, wanted: Dict, at: int, order_id: str
    ) -> Dict:
        membership = purse.membership
        assert membership is not None
        promotion = fields["promotion"]
        if promotion is not None and not self.catalogue.promotions[promotion]["stackable"]:
            return {"refused": "promotion-not-applicable"}
        _, month_list, month_minor = effective_now(membership)
        period = [term["period"] for term in membership["terms"][:1]]
        pending = [order for order in purse.pending_orders() if order["goods"]["kind"] == "upgrade"]
        more = wanted["month_minor"] - month_minor
        if [fields["period"]] != period or pending or more <= 0:
            return {"refused": "upgrade-not-offered"}
        months = 1 + len(list(_months_like_this(membership)))
        dearer = max(0, wanted["month_list"] - month_list)
        price = dearer * months
        if promotion is not None:
            price = self._reduced(price, promotion)
        goods = wanted | {
            "kind": "upgrade",
            "months": months,
            "month_minor": more,
            "month_list": dearer,
            "anchor": membership["anchor"],
            "month": membership["month"],
        }
        outcome = self._open(purse, fields["channel"], goods, price, at, order_id)
        if price or "refused" in outcome:
            return outcome
        return self._upgraded(purse, purse.orders[order_id], at)

    # ---- paying ----

    def _begin_membership(self, purse: Purse, order: Dict, at: int) -> None:
        self._put_in_line(purse, _term_of(order), at)
        # The first month of a membership is granted at the very instant that it starts.
        self.catch_up_purse(purse, at)

    def _put_in_line(self, purse: Purse, term: Dict, at: int) -> None:
        """It begins, or waits behind the one in force and all that are no lower."""
        if purse.membership is None:
            purse.membership = {"anchor": at, "month": 0, "terms": [], "upgrades": []}
        line = purse.membership["terms"]
        no_lower = [place for place, waiting in enumerate(line) if waiting["rank"] >= term["rank"]]
        place = max([0, *no_lower]) + 1 if line else 0
        line.insert(place, term)

    def _upgraded(self, purse: Purse, order: Dict, at: int) -> Dict:
        """An upgrade is paid, or costs nothing: the months since its quote at once, in one lot."""
        order["status"], order["paid"] = "paid", True
        goods, term, membership = order["goods"], _term_of(order), purse.membership
        self._count_promotion(purse, goods)
        lapsed, expires_at = goods["months"], anniversary(at, 1)
        if membership is not None and membership["anchor"] == goods["anchor"]:
            lapsed = membership["month"] - goods["month"]
            expires_at = anniversary(membership["anchor"], membership["month"])
            membership["upgrades"].append(term)
        months = min(goods["months"], 1 + lapsed)
        lot = self._grant_of(purse, term, months, expires_at, at)
        return {
            "order_id": order["order_id"],
            "set_aside": "",
            "late": order["late"],
            "lot": (lot["lot_id"], lot["amount"], lot["cost"], lot["vat"], expires_at),
            "left": left_of(term),
        }

    def _count_promotion(self, purse: Purse, goods: Dict) -> None:
        name = goods["promotion"]
        if name is not None:
            purse.promotions[name] = purse.promotions.get(name, 0) + 1

    def _cancel_membership(self, purse: Purse, _: Dict, __: int, ___: str) -> Dict:
        # Nothing here renews by itself, so nothing else changes.
        return {"refused": "no-membership"} if purse.membership is None else {"canceled": True}

    # ---- taking back ----

    def _take_back_months(self, purse: Purse, order_id: str, worth: int) -> list[Dict]:
        """Ungranted months worth so much leave, the last in line first: (months, cost, VAT)."""
        parts = []
        for line, term in reversed(own_terms(purse, order_id)):
            left, cost, vat = left_of(term), ungranted(term, "cost"), ungranted(term, "vat")
            if not left or not worth:
                continue
            months = left
            if worth < cost:
                # As long as there is cost left, so is at least one month to carry it.
                months = min(math.ceil(Fraction(worth * left, cost)), left - 1)
                cost, vat = worth, math.floor(Fraction(vat * worth, cost))
            _rebase(term, -months, -cost, -vat)
            parts.append(term | {"line": line, "months": months, "cost": cost, "vat": vat})
            worth -= cost
        return parts

    def _end_terms(self, purse: Purse, order_id: str, at: int) -> None:
        """An order that is taken back as a whole ends its term at once."""
        membership = purse.membership
        if membership is None:
            return
        head_gone = [head["order_id"] for head in membership["terms"][:1]] == [order_id]
        for line in ("terms", "upgrades"):
            membership[line] = [
                entry for entry in membership[line] if entry["order_id"] != order_id
            ]
        if not membership["terms"] and not membership["upgrades"]:
            purse.membership = None
        elif head_gone and any(map(left_of, [*membership["terms"], *membership["upgrades"]])):
            # What waited, or went along, need not wait for a month of what is gone.
            membership.update(anchor=at, month=0)

    def _put_months_back(self, purse: Purse, part: Dict, refund_id: str, at: int) -> None:
        """Beside what is left of their term, or as a term of their own, named by the refund.

        No cost comes back without a month to grant it with.
        """
        own = own_terms(purse, part["order_id"])
        term = {name: value for name, value in part.items() if name != "line"}
        term |= {"months": max(1, part["months"]), "series": refund_id, "number": 1}
        if own:
            months = part["months"] if left_of(own[0][1]) else term["months"]
            _rebase(own[0][1], months, part["cost"], part["vat"])
        elif part["line"] == "upgrades" and purse.membership is not None:
            purse.membership["upgrades"].append(term)
        else:
            self._put_in_line(purse, term, at)

    def _open(
        self, purse: Purse, channel: str, goods: Dict, price: int, at: int, order_id: str
    ) -> Dict:
        raise NotImplementedError


def effective_now(membership: Dict) -> tuple[int, int, int]:
    """Rank, list price and points of the month in force."""
    return _together(membership["terms"][:1], membership["upgrades"])


def _together(base: list[Dict], upgrades: list[Dict]) -> tuple[int, int, int]:
    both = base + upgrades
    return (
        both[-1]["rank"] if both else -1,
        sum(part["month_list"] for part in both),
        sum(part["month_minor"] for part in both),
    )


def _months_like_this(membership: Dict) -> Iterator[tuple[int, int, int]]:
    """The months to come of the same plan, one after the other, until another one comes."""
    bases = [term for term in membership["terms"] for _ in range(left_of(term))]
    number = 0
    while True:
        upgrades = [upgrade for upgrade in membership["upgrades"] if left_of(upgrade) > number]
        month = _together(bases[number : number + 1], upgrades)
        if month != effective_now(membership):
            return
        yield month
        number += 1


def own_terms(purse: Purse, order_id: str) -> list[tuple[str, Dict]]:
    """The terms and upgrades of one order, and in which line they stand."""
    membership = purse.membership or {"terms": [], "upgrades": []}
    return [
        (line, term)
        for line in ("terms", "upgrades")
        for term in membership[line]
        if term["order_id"] == order_id
    ]


def ungranted_of(purse: Purse, order_id: str) -> int:
    """What was paid for the months of an order that are not granted yet, in fen."""
    return sum(ungranted(term, "cost") for _, term in own_terms(purse, order_id))


def ungranted(term: Dict, what: str) -> int:
    """The cost, or VAT, of the months that are still to come."""
    rest: int = term[what] - term[f"{what}_given"]
    return rest


def left_of(term: Dict) -> int:
    """How many months are still to come."""
    months: int = term["months"] - term["granted"]
    return months


def _rebase(term: Dict, months: int, cost: int, vat: int) -> None:
    """Months come or go: what is not granted yet is spread afresh over those that then are."""
    term.update(
        months=left_of(term) + months,
        cost=ungranted(term, "cost") + cost,
        vat=ungranted(term, "vat") + vat,
        granted=0,
        cost_given=0,
        vat_given=0,
    )


def _term_of(order: Dict) -> Dict:
    names = ("plan", "period", "rank", "months", "month_minor", "month_list")
    return {name: order["goods"][name] for name in names} | {
        "order_id": order["order_id"],
        "cost": order["price"],
        "vat": order["vat"],
        "granted": 0,
        "cost_given": 0,
        "vat_given": 0,
        "series": order["order_id"],
        "number": 1,
    }


def _what_falls_due(purse: Purse) -> Iterator[tuple[int, int, str]]:
    for hold in purse.open_holds():
        yield hold["expires_at"], 1, hold["hold_id"]
    for lot in purse.lots.values():
        if lot["available"] and lot["expires_at"] is not None:
            yield lot["expires_at"], 2, lot["lot_id"]
    if purse.membership is not None:
        membership = purse.membership
        due_at = anniversary(membership["anchor"], membership["month"])
        left = any(left_of(term) for term in membership["terms"] + membership["upgrades"])
        yield due_at, 4 if left else 3, ""
    for order in purse.pending_orders():
        yield order["expires_at"], 5, order["order_id"]
