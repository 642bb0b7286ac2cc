"""Wording: each reason's slug and its words; those in braces are the refusal's facts."""

from collections.abc import Mapping
from typing import Final, Literal, assert_never

from ledger.contract.problems import Slug
from ledger.core.rejections import Reason, Rejection

_CATALOGUE: Final = "GET /v1/catalogue lists what there is."
_NEW_KEY: Final = "then send the command under a new key"


def told_as(reason: Reason) -> tuple[Slug, str]:
    """The slug of a reason, which has its status, and the words of its detail."""
    match reason:
        case Reason.IDEMPOTENCY_KEY_REUSED:
            return "idempotency-key-reused", (
                "This key was first used for a command that differs in {field}. Use a new key for "
                "a new command, or send the first one again unchanged."
            )
        case Reason.UNKNOWN_CURRENCY:
            return "unknown-currency", f"There is no such currency. {_CATALOGUE}"
        case Reason.UNKNOWN_SKU:
            return "unknown-sku", f"There is no SKU {{sku}}. {_CATALOGUE}"
        case Reason.UNKNOWN_PLAN:
            return "unknown-plan", f"There is no plan {{plan}} for a {{period}}. {_CATALOGUE}"
        case Reason.UNKNOWN_CHANNEL:
            return "unknown-channel", f"There is no channel {{channel}} here. {_CATALOGUE}"
        case Reason.UNKNOWN_PROMOTION:
            return "unknown-promotion", f"There is no promotion {{promotion}}. {_CATALOGUE}"
        case Reason.AMOUNT_OUT_OF_RANGE:
            return "amount-out-of-range", "The amount asked for is out of range"
        case Reason.EXPIRY_OUT_OF_RANGE:
            return "expiry-out-of-range", "The expiry asked for is out of range"
        case (
            Reason.HOLD_NOT_FOUND
            | Reason.CHARGE_NOT_FOUND
            | Reason.TRANSFER_NOT_FOUND
            | Reason.ORDER_NOT_FOUND
            | Reason.REFUND_NOT_FOUND
            | Reason.LOT_NOT_FOUND
        ):
            return "not-found", _missing_words(reason)
        case _:
            return _told_of_wallet(reason)


_MissingReason = Literal[
    Reason.HOLD_NOT_FOUND,
    Reason.CHARGE_NOT_FOUND,
    Reason.TRANSFER_NOT_FOUND,
    Reason.ORDER_NOT_FOUND,
    Reason.REFUND_NOT_FOUND,
    Reason.LOT_NOT_FOUND,
]
_OrderReason = Literal[
    Reason.ORDER_NOT_PAYABLE,
    Reason.ORDER_NOT_REFUNDABLE,
    Reason.REFUND_NOT_OPEN,
    Reason.REFUND_EXCEEDS_ORDER,
    Reason.NO_MEMBERSHIP,
    Reason.PROMOTION_NOT_APPLICABLE,
    Reason.UPGRADE_NOT_OFFERED,
]
_SpendingReason = Literal[
    Reason.HOLD_EXISTS,
    Reason.HOLD_NOT_OPEN,
    Reason.CAPTURE_EXCEEDS_HOLD,
    Reason.REFUND_EXCEEDS_CHARGE,
    Reason.NOT_CONVERTIBLE,
    Reason.NOT_TRANSFERABLE,
    Reason.TRANSFER_TO_SELF,
    Reason.LIMIT_EXCEEDED,
    Reason.INSUFFICIENT_FUNDS,
]
_WalletReason = (
    _OrderReason
    | _SpendingReason
    | Literal[
        Reason.WALLET_CLOSED,
        Reason.WALLET_FROZEN,
        Reason.CLAIM_OPEN,
        Reason.STOPPED,
        Reason.WALLET_NOT_EMPTY,
        Reason.LOT_EXISTS,
        Reason.PAYOUT_EXCEEDS_PAYABLE,
    ]
)


def _missing_words(reason: _MissingReason) -> str:
    match reason:
        case Reason.HOLD_NOT_FOUND:
            return "This wallet never had a hold {hold_id}. Check both ids."
        case Reason.CHARGE_NOT_FOUND:
            return "This wallet has no charge {charge_id}. Check both ids."
        case Reason.TRANSFER_NOT_FOUND:
            return "This wallet sent no transfer {transfer_id}. Check both ids."
        case Reason.ORDER_NOT_FOUND:
            return "There is no order {order_id}. Check the id."
        case Reason.REFUND_NOT_FOUND:
            return "There is no refund {refund_id}. Check the id."
        case Reason.LOT_NOT_FOUND:
            return (
                "Nothing of {currency} is left in a lot {lot_id} of this wallet. Check the ids: "
                "GET /v1/wallets/{wallet_id}/lots lists what there is."
            )
        case _:
            assert_never(reason)


def _told_of_wallet(reason: _WalletReason) -> tuple[Slug, str]:
    match reason:
        case Reason.WALLET_CLOSED:
            return "wallet-closed", (
                "The wallet {wallet_id} was closed for good at {closed_at}. Use another wallet."
            )
        case Reason.WALLET_FROZEN:
            return "wallet-frozen", (
                "The wallet {wallet_id} is frozen, so nothing in it is spent, converted, given "
                f"away or claimed. Have it unfrozen, {_NEW_KEY}."
            )
        case Reason.CLAIM_OPEN:
            return "claim-open", (
                "The wallet {wallet_id} owes {claim_cny} CNY for points whose payment was taken "
                f"back. Recharge, which repays it first, {_NEW_KEY}."
            )
        case Reason.STOPPED:
            return "stopped", (
                "Operators stopped the {kind} {name} for now. Use another one, or come again "
                "later under a new key."
            )
        case Reason.WALLET_NOT_EMPTY:
            return "wallet-not-empty", "The wallet {wallet_id} cannot be closed: it has {what}."
        case Reason.LOT_EXISTS:
            return "lot-exists", (
                "The id {lot_id} names a lot of this wallet already. Import every lot once."
            )
        case Reason.PAYOUT_EXCEEDS_PAYABLE:
            return "payout-exceeds-payable", (
                "A payout of {amount_cny} CNY was asked for and {payable_cny} CNY is payable. Pay "
                "out at most that."
            )
        case (
            Reason.ORDER_NOT_PAYABLE
            | Reason.ORDER_NOT_REFUNDABLE
            | Reason.REFUND_NOT_OPEN
            | Reason.REFUND_EXCEEDS_ORDER
            | Reason.NO_MEMBERSHIP
            | Reason.PROMOTION_NOT_APPLICABLE
            | Reason.UPGRADE_NOT_OFFERED
        ):
            return _told_of_order(reason)
        case _:
            return _told_of_spending(reason)


def _told_of_order(reason: _OrderReason) -> tuple[Slug, str]:
    match reason:
        case Reason.ORDER_NOT_PAYABLE:
            return "order-not-payable", "Order {order_id} cannot be paid. Open a new one."
        case Reason.ORDER_NOT_REFUNDABLE:
            return "order-not-refundable", (
                "Order {order_id} is {order_status} and was never paid, so there is nothing to "
                "give back. Close it if it is pending."
            )
        case Reason.REFUND_NOT_OPEN:
            return "refund-not-open", (
                "Refund {refund_id} is {refund_status}. Only one under way can be settled."
            )
        case Reason.REFUND_EXCEEDS_ORDER:
            return "refund-exceeds-order", (
                "A refund of {amount_cny} CNY was asked of order {order_id}, of which "
                "{refundable_cny} CNY is unspent. Refund at most that."
            )
        case Reason.NO_MEMBERSHIP:
            return "no-membership", (
                "The wallet {wallet_id} has no membership. There is nothing to cancel."
            )
        case Reason.PROMOTION_NOT_APPLICABLE:
            return "promotion-not-applicable", (
                "Promotion {promotion} runs from {since} until {until}, for at most {most} orders "
                "a wallet; this wallet has {uses}. Order without it."
            )
        case Reason.UPGRADE_NOT_OFFERED:
            return "upgrade-not-offered", (
                "{plan} brings no more points a month than this membership has. Choose another "
                "plan."
            )
        case _:
            assert_never(reason)


def _told_of_spending(reason: _SpendingReason) -> tuple[Slug, str]:
    match reason:
        case Reason.HOLD_EXISTS:
            return "hold-exists", (
                "The id {hold_id} names a hold of this wallet already, open or closed. Choose "
                "another, or leave hold_id out."
            )
        case Reason.HOLD_NOT_OPEN:
            return "hold-not-open", "Hold {hold_id} is {hold_status}. Only an open hold changes."
        case Reason.CAPTURE_EXCEEDS_HOLD:
            return "capture-exceeds-hold", (
                "A capture of {amount} was asked of hold {hold_id}, which holds {held}. Capture at "
                "most that; debit the rest."
            )
        case Reason.REFUND_EXCEEDS_CHARGE:
            return "refund-exceeds-charge", (
                "A refund of {amount} was asked of charge {charge_id}, of which {refundable} is "
                "not yet refunded. Refund at most that."
            )
        case Reason.NOT_CONVERTIBLE:
            return "not-convertible", (
                f"{{currency}} cannot be converted to {{to_currency}}. {_CATALOGUE}"
            )
        case Reason.NOT_TRANSFERABLE:
            return "not-transferable", f"{{currency}} cannot be given away. {_CATALOGUE}"
        case Reason.TRANSFER_TO_SELF:
            return "transfer-to-self", (
                "The wallet {wallet_id} was to give to itself. Name another wallet in to_wallet_id."
            )
        case Reason.LIMIT_EXCEEDED:
            return "limit-exceeded", (
                "The wallet has as many {limit} as it may: {most}. Let some end, " + _NEW_KEY + "."
            )
        case Reason.INSUFFICIENT_FUNDS:
            return "insufficient-funds", (
                "{amount} {currency} was asked for and {available} is available. Top up, then send "
                "the command under a new key."
            )
        case _:
            assert_never(reason)


_LATER: Final = "Wait for the next day in Shanghai or have the limit raised"
_LIMITS: Final = {
    "a single charge": (
        "{amount} {currency} was asked for, and a single charge of this wallet is at most {most}. "
        "Ask for less, or have the limit raised."
    ),
    "spending a day": (
        "{amount} {currency} was asked for; of the {most} that this wallet may spend a day, "
        f"{{spent}} is spent or held. {_LATER}, {_NEW_KEY}."
    ),
    "conversion a day": (
        "{amount} {currency} was to be converted; of the {most} that a wallet may convert a day, "
        f"{{spent}} is converted. {_LATER}, {_NEW_KEY}."
    ),
    "grants a day": (
        "{asked} {currency} was to be granted; of the {cap} that this caller may grant a day, "
        "{used} is granted. Wait for the next day in Shanghai, or ask for an adjustment by two "
        "people."
    ),
}
_FATES: Final = {
    "open holds": "Capture or void them first.",
    "refunds under way": "Wait until the channel has settled them.",
    "transfers in transit": "Wait until they are done.",
    "money payable to its owner": "Pay it out first.",
    "a balance": "Have it spent or refunded first, or say forfeit_balance.",
    "a membership": "Have it refunded first, or say end_membership.",
    "an open claim": "Have it repaid first, or say write_off_claim.",
}


def words_of(rejection: Rejection) -> str:
    """The words for what exactly was refused, where a reason is told in several ways."""
    facts, words = rejection.facts, told_as(rejection.reason)[1]
    match rejection.reason:
        case Reason.LIMIT_EXCEEDED:
            return _LIMITS.get(str(facts.get("limit")), words)
        case Reason.WALLET_NOT_EMPTY:
            return f"{words} {_FATES.get(str(facts.get('what')), '')}"
        case Reason.INSUFFICIENT_FUNDS if "counted" in facts:
            return _too_little_words(facts)
        case Reason.ORDER_NOT_PAYABLE if "order_status" in facts:
            return "Order {order_id} is {order_status}. Only a pending order can be closed."
        case Reason.REFUND_EXCEEDS_ORDER if facts.get("refundable_fen") == 0:
            return (
                "Nothing is left to give back of order {order_id}: all of it is spent, refunded "
                "or on its way back."
            )
        case Reason.PROMOTION_NOT_APPLICABLE if "plan" in facts:
            return (
                "Promotion {promotion} is not for upgrades, and {plan} is an upgrade of this "
                "membership. Order without it."
            )
        case Reason.UPGRADE_NOT_OFFERED:
            return _upgrade_words(facts, words)
        case _:
            return words


def _too_little_words(facts: Mapping[str, str | int]) -> str:
    if facts["counted"] == "paid value":
        return (
            "{amount} {currency} was asked for, and of what is available {available} was paid "
            f"for: only that is converted or given away. Top up, {_NEW_KEY}."
        )
    where = "lot {lot_id}" if "lot_id" in facts else "the wallet"
    more = " Or say include_paid." if facts["counted"] == "free value" else ""
    return (
        f"{{amount}} {{currency}} was to be taken away, and {where} has {{available}} of "
        f"{{counted}} available. Take at most that.{more}"
    )


def _upgrade_words(facts: Mapping[str, str | int], words: str) -> str:
    if facts.get("pending") == "yes":
        return "Another upgrade of this membership is ordered. Have it paid or close it first."
    if facts.get("running_period") == "none":
        return (
            "The term of this membership is over and only an upgrade of it runs on. Wait until it "
            "ends, then order {plan} as a membership of its own."
        )
    if facts.get("running_period") != facts.get("period"):
        return (
            "This membership of {from_plan} was bought by the {running_period}, and an upgrade to "
            "{plan} is too: order it with that period."
        )
    return words
