"""What the core holds, in the auditor's words: wallets, documents and books."""

from typing import Any

from ledger.core.batch import dues
from ledger.core.chart import ACCOUNTS
from ledger.core.entries import entry_for
from ledger.core.instants import Instant, shanghai_day
from ledger.core.purchases import Membership, MembershipTerm, Order
from ledger.core.wallet import Charge, ClosedHold, OrderRefund, Transfer, Wallet
from tests.kit.auditor.books import Dict, Purse, slices
from tests.kit.auditor.membership import left_of, ungranted
from tests.kit.desk import Journal
from tests.kit.house_terms import code_of
from tests.kit.stories.projections import Plain, plain_hold


def plain_wallet(wallet: Wallet) -> Plain:
    """Everything of a wallet that the auditor knows of, lots in spending order."""
    return {
        "lots": [
            (
                lot.terms.lot_id,
                code_of(lot.terms.currency),
                lot.terms.source,
                lot.terms.paid,
                lot.terms.order_id,
                lot.available_minor,
                lot.held_minor,
                lot.cost_left_fen,
                lot.vat_left_fen,
                lot.terms.expires_at,
            )
            for lot in wallet.lots
        ],
        "holds": [plain_hold(hold) for hold in wallet.holds],
        "orders": {order.order_id: order.expires_at for order in wallet.orders},
        "graces": {grace.lot_id: grace.until for grace in wallet.graces},
        "membership": None if wallet.membership is None else _plain_membership(wallet.membership),
        "refunds": {refund.refund_id: refund.amount_fen for refund in wallet.refunds},
        "transfers": {sent.transfer_id: sent.share_fen for sent in wallet.transfers},
        "claims": [
            (claim.order_id, claim.open_fen, claim.open_vat_fen, ACCOUNTS[claim.revenue].path)
            for claim in wallet.claims
        ],
        "promotions": wallet.promotions,
        "limits": {
            code_of(limit.currency): (limit.day_minor, limit.single_minor)
            for limit in wallet.limits
        },
        "used": {
            code_of(use.currency): (use.day, use.charged_minor, use.converted_minor)
            for use in wallet.used
        },
        "payable": wallet.payable_fen,
        "adjusted": wallet.adjusted_fen,
        "frozen": wallet.frozen,
        "closed_at": wallet.closed_at,
    }


def _plain_membership(membership: Membership) -> Plain:
    return {
        "anchor": membership.anchor,
        "month": membership.month,
        "terms": [_plain_term(term) for term in membership.terms],
        "upgrades": [_plain_term(term) for term in membership.upgrades],
    }


def _plain_term(term: MembershipTerm) -> tuple[object, ...]:
    return (
        term.order_id,
        term.plan,
        term.month_minor,
        term.left,
        term.ungranted_fen,
        term.ungranted_vat_fen,
    )


def purse_as_wallet(purse: Purse) -> Plain:
    """The auditor's view of the same."""
    names = "lot_id currency source paid order_id available held cost_left vat_left expires_at"
    membership = purse.membership
    return {
        "lots": [tuple(lot[name] for name in names.split()) for lot in purse.in_spending_order()],
        "holds": [
            {name: hold[name] for name in ("hold_id", "currency", "amount", "expires_at")}
            | {"takes": slices(hold["takes"])}
            for hold in purse.open_holds()
        ],
        "orders": {order["order_id"]: order["expires_at"] for order in purse.pending_orders()},
        "graces": purse.graces,
        "membership": None
        if membership is None
        else {
            "anchor": membership["anchor"],
            "month": membership["month"],
            "terms": [_term_as_plain(term) for term in membership["terms"]],
            "upgrades": [_term_as_plain(term) for term in membership["upgrades"]],
        },
        "refunds": {refund["refund_id"]: refund["amount"] for refund in purse.open_refunds()},
        "transfers": {
            transfer_id: sent["share"]
            for transfer_id, sent in purse.transfers.items()
            if sent["status"] == "in_transit"
        },
        "claims": [
            (order_id, claim["open"], claim["vat"], claim["revenue"])
            for order_id, claim in purse.claims.items()
        ],
        "promotions": purse.promotions,
        "limits": {
            currency: (limit["day"], limit["single"]) for currency, limit in purse.limits.items()
        },
        "used": _last_uses(purse),
        "payable": purse.payable,
        "adjusted": purse.adjusted,
        "frozen": purse.frozen,
        "closed_at": purse.closed_at,
    }


def _term_as_plain(term: Dict) -> tuple[object, ...]:
    names = ("order_id", "plan", "month_minor")
    rest = (left_of(term), ungranted(term, "cost"), ungranted(term, "vat"))
    return (*(term[name] for name in names), *rest)


def _last_uses(purse: Purse) -> dict[str, tuple[int, int, int]]:
    last = {currency: day for day, currency, _, _ in purse.used}
    return {
        currency: (
            day,
            purse.used_on(day, currency, "charged"),
            purse.used_on(day, currency, "converted"),
        )
        for currency, day in last.items()
    }


def plain_documents(journal: Journal, wallet_id: str, now: Instant) -> dict[tuple[str, str], Any]:
    """What is told of every closed hold, refunded charge, order, refund and transfer."""
    documents: dict[tuple[str, str], Any] = {}
    for (kind, name), document in journal.documents_at(wallet_id, now).items():
        match document:
            case ClosedHold():
                documents[kind, name] = (document.status, document.captured_minor)
            case Charge():
                documents[kind, name] = document.refunded_minor
            case Order():
                amounts = (document.refunding_fen, document.refunded_fen, document.reversed_fen)
                repaid = [
                    (part.order_id, part.amount_fen, part.vat_fen) for part in document.repaid
                ]
                documents[kind, name] = (document.status, document.paid_late, *amounts, repaid)
            case OrderRefund() | Transfer():
                documents[kind, name] = document.status
    return documents


def purse_as_documents(purse: Purse) -> dict[tuple[str, str], Any]:
    """The auditor's view of the same."""
    documents: dict[tuple[str, str], Any] = {
        ("hold", hold["hold_id"]): (hold["status"], hold["captured"])
        for hold in purse.holds.values()
        if hold["status"] != "open"
    }
    for charge_id, charge in purse.charges.items():
        if charge["refunded"]:
            documents["charge", charge_id] = charge["refunded"]
    for order in purse.orders.values():
        names = ("status", "late", "refunding", "refunded", "reversed")
        repaid = [tuple(part[:3]) for part in order["repaid"]]
        documents["order", order["order_id"]] = (*(order[name] for name in names), repaid)
    for refund_id, refund in purse.refunds.items():
        documents["refund", refund_id] = refund["status"]
    for transfer_id, sent in purse.transfers.items():
        documents["transfer", transfer_id] = sent["status"]
    return documents


def plain_books(journal: Journal, now: Instant) -> dict[tuple[int, str, str], int]:
    """The totals by day, account path and currency, with the dues of all wallets posted."""
    sums: dict[tuple[int, str, str], int] = {}

    def add(day: int, account: int, currency: int, amount: int) -> None:
        code = "CNY" if currency == 156 else code_of(currency)
        key = (day, ACCOUNTS[account].path, code)
        sums[key] = sums.get(key, 0) + amount

    for (day, account, currency), (debit, credit) in journal.totals.items():
        add(day, account, currency, debit - credit)
    for wallet_id in journal.wallets:
        for instant, event in dues(journal.wallet(wallet_id), now):
            day = max(shanghai_day(instant), journal.closed_through + 1)
            for account, currency, amount in entry_for(event):
                add(day, account, currency, amount)
    return {key: amount for key, amount in sums.items() if amount}
