"""Refusals: the one table of what each reason is answered with, for the core, keys and proposals.

A new refusal is a line in `core/rejections.py`, which says when it goes before others, and one
here. Words in braces are the refusal's facts, as callers know them.
"""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from ledger.core.rejections import Fact, Reason

Facts = Mapping[str, Fact]
"""What a refusal knows, under the core's own names."""

_CATALOGUE: Final = "GET /v1/catalogue lists what there is."
_NEW_KEY: Final = "then send the command under a new key"
_LATER: Final = "Wait for the next day in Shanghai or have the limit raised"


_RENAMED: Final = {"withheld_fen": "tax_withheld_cny"}


def public_name(name: str) -> str:
    """The name that callers know a core field by: `amount_minor` is `amount` to them."""
    if name in _RENAMED:
        return _RENAMED[name]
    if name.endswith("_minor"):
        return name.removesuffix("_minor")
    if name.endswith("_fen"):
        return f"{name.removesuffix('_fen')}_cny"
    return name


class Words(Struct, frozen=True):
    """How a reason is answered: its HTTP status, its title, and the words of its detail.

    `detail` depends on the facts where one reason has several ways to be said. `slug` names the
    problem where several reasons share one. Facts in `unlisted` are said in the detail and are no
    fields of the problem.
    """

    status: int
    title: str
    detail: str | Callable[[Facts], str]
    slug: str = ""
    unlisted: frozenset[str] = frozenset()


def _conflict(title: str, detail: str | Callable[[Facts], str], *unlisted: str) -> Words:
    return Words(409, title, detail, unlisted=frozenset(unlisted))


def _missing(detail: str, *unlisted: str) -> Words:
    return Words(404, "There is no such thing", detail, "not-found", frozenset(unlisted))


def _malformed(detail: str, *unlisted: str) -> Words:
    return Words(400, "The request is malformed", detail, "malformed", frozenset(unlisted))


def _forbidden(detail: str, *unlisted: str) -> Words:
    return Words(403, "The caller may not do this", detail, "forbidden", frozenset(unlisted))


def _range_words(sentence: str) -> Callable[[Facts], str]:
    def words(facts: Facts) -> str:
        bounds = ", ".join(f"{name} {{{name}}}" for name in map(public_name, facts))
        return f"{sentence}: {bounds}."

    return words


def _limit_words(facts: Facts) -> str:
    match facts.get("limit"):
        case "a single charge":
            return (
                "{amount} {currency} was asked for, and a single charge of this wallet is at most "
                "{most}. Ask for less, or have the limit raised."
            )
        case "spending a day":
            return (
                "{amount} {currency} was asked for; of the {most} that this wallet may spend a "
                f"day, {{spent}} is spent or held. {_LATER}, {_NEW_KEY}."
            )
        case "conversion a day":
            return (
                "{amount} {currency} was to be converted; of the {most} that a wallet may convert "
                f"a day, {{spent}} is converted. {_LATER}, {_NEW_KEY}."
            )
        case "grants a day":
            return (
                "{asked} {currency} was to be granted; of the {cap} that this caller may grant a "
                "day, {used} is granted. Wait for the next day in Shanghai, or ask for an "
                "adjustment by two people."
            )
        case _:
            return (
                "The wallet has as many {limit} as it may: {most}. Let some end, " + _NEW_KEY + "."
            )


_WHAT_HELPS: Final = {
    "open holds": "Capture or void them first.",
    "refunds under way": "Wait until the channel has settled them.",
    "transfers in transit": "Wait until they are done.",
    "money payable to its owner": "Pay it out first.",
    "a balance": "Have it spent or refunded first, or say forfeit_balance.",
    "a membership": "Have it refunded first, or say end_membership.",
    "an open claim": "Have it repaid first, or say write_off_claim.",
}


def _not_empty_words(facts: Facts) -> str:
    helps = _WHAT_HELPS.get(str(facts.get("what")), "")
    return f"The wallet {{wallet_id}} cannot be closed: it has {{what}}. {helps}"


def _funds_words(facts: Facts) -> str:
    counted = facts.get("counted")
    if counted is None:
        return (
            "{amount} {currency} was asked for and {available} is available. Top up, then send the "
            "command under a new key."
        )
    if counted == "paid value":
        return (
            "{amount} {currency} was asked for, and of what is available {available} was paid "
            f"for: only that is converted or given away. Top up, {_NEW_KEY}."
        )
    where = "lot {lot_id}" if "lot_id" in facts else "the wallet"
    more = " Or say include_paid." if counted == "free value" else ""
    return (
        f"{{amount}} {{currency}} was to be taken away, and {where} has {{available}} of "
        f"{{counted}} available. Take at most that.{more}"
    )


def _not_payable_words(facts: Facts) -> str:
    if "order_status" in facts:
        return "Order {order_id} is {order_status}. Only a pending order can be closed."
    return "Order {order_id} cannot be paid. Open a new one."


def _over_order_words(facts: Facts) -> str:
    if facts.get("refundable_fen") == 0:
        return (
            "Nothing is left to give back of order {order_id}: all of it is spent, refunded or on "
            "its way back."
        )
    return (
        "A refund of {amount_cny} CNY was asked of order {order_id}, of which {refundable_cny} CNY "
        "is unspent. Refund at most that."
    )


def _promotion_words(facts: Facts) -> str:
    if "plan" in facts:
        return (
            "Promotion {promotion} is not for upgrades, and {plan} is an upgrade of this "
            "membership. Order without it."
        )
    return (
        "Promotion {promotion} runs from {since} until {until}, for at most {most} orders a "
        "wallet; this wallet has {uses}. Order without it."
    )


def _upgrade_words(facts: Facts) -> str:
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
    return "{plan} brings no more points a month than this membership has. Choose another plan."


REFUSALS: Final[Mapping[Reason, Words]] = {
    Reason.IDEMPOTENCY_KEY_REUSED: Words(
        422,
        "The idempotency key was used for another command",
        "This key was first used for a command that differs in {field}. Use a new key for a new "
        "command, or send the first one again unchanged.",
    ),
    Reason.UNKNOWN_CURRENCY: Words(
        400, "There is no such currency", f"There is no such currency. {_CATALOGUE}"
    ),
    Reason.UNKNOWN_SKU: Words(
        400, "There is no such SKU", f"There is no SKU {{sku}}. {_CATALOGUE}"
    ),
    Reason.UNKNOWN_PLAN: Words(
        400,
        "There is no such plan or period",
        f"There is no plan {{plan}} for a {{period}}. {_CATALOGUE}",
    ),
    Reason.UNKNOWN_CHANNEL: Words(
        400, "There is no such channel", f"There is no channel {{channel}} here. {_CATALOGUE}"
    ),
    Reason.UNKNOWN_PROMOTION: Words(
        400, "There is no such promotion", f"There is no promotion {{promotion}}. {_CATALOGUE}"
    ),
    Reason.AMOUNT_OUT_OF_RANGE: Words(
        400, "An amount is out of range", _range_words("The amount asked for is out of range")
    ),
    Reason.EXPIRY_OUT_OF_RANGE: Words(
        400, "An expiry is out of range", _range_words("The expiry asked for is out of range")
    ),
    Reason.NOT_CONVERTIBLE: _conflict(
        "The conversion is not offered",
        f"{{currency}} cannot be converted to {{to_currency}}. {_CATALOGUE}",
    ),
    Reason.NOT_TRANSFERABLE: _conflict(
        "The currency cannot be given away",
        f"{{currency}} cannot be given away. {_CATALOGUE}",
    ),
    Reason.TRANSFER_TO_SELF: Words(
        400,
        "A transfer goes to another wallet",
        "The wallet {wallet_id} was to give to itself. Name another wallet in to_wallet_id.",
    ),
    Reason.WALLET_CLOSED: _conflict(
        "The wallet is closed",
        "The wallet {wallet_id} was closed for good at {closed_at}. Use another wallet.",
    ),
    Reason.WALLET_FROZEN: _conflict(
        "The wallet is frozen",
        "The wallet {wallet_id} is frozen, so nothing in it is spent, converted, given away or "
        f"claimed. Have it unfrozen, {_NEW_KEY}.",
    ),
    Reason.CLAIM_OPEN: _conflict(
        "A claim must be paid first",
        "The wallet {wallet_id} owes {claim_cny} CNY for points whose payment was taken back. "
        f"Recharge, which repays it first, {_NEW_KEY}.",
    ),
    Reason.STOPPED: _conflict(
        "Operators stopped this",
        "Operators stopped the {kind} {name} for now. Use another one, or come again later under a "
        "new key.",
    ),
    Reason.HOLD_EXISTS: _conflict(
        "The hold id is taken",
        "The id {hold_id} names a hold of this wallet already, open or closed. Choose another, or "
        "leave hold_id out.",
    ),
    Reason.HOLD_NOT_FOUND: _missing("This wallet never had a hold {hold_id}. Check both ids."),
    Reason.HOLD_NOT_OPEN: _conflict(
        "The hold is not open",
        "Hold {hold_id} is {hold_status}. Only an open hold changes.",
    ),
    Reason.CHARGE_NOT_FOUND: _missing("This wallet has no charge {charge_id}. Check both ids."),
    Reason.ORDER_NOT_FOUND: _missing("There is no order {order_id}. Check the id."),
    Reason.ORDER_NOT_PAYABLE: _conflict("The order cannot be paid this way", _not_payable_words),
    Reason.ORDER_NOT_REFUNDABLE: _conflict(
        "The order was not paid",
        "Order {order_id} is {order_status} and was never paid, so there is nothing to give back. "
        "Close it if it is pending.",
    ),
    Reason.REFUND_NOT_FOUND: _missing("There is no refund {refund_id}. Check the id."),
    Reason.REFUND_NOT_OPEN: _conflict(
        "The refund is settled",
        "Refund {refund_id} is {refund_status}. Only one under way can be settled.",
    ),
    Reason.TRANSFER_NOT_FOUND: _missing(
        "This wallet sent no transfer {transfer_id}. Check both ids."
    ),
    Reason.LOT_NOT_FOUND: _missing(
        "Nothing of {currency} is left in a lot {lot_id} of this wallet. Check the ids: GET "
        "/v1/wallets/{wallet_id}/lots lists what there is."
    ),
    Reason.NO_MEMBERSHIP: _conflict(
        "There is no membership",
        "The wallet {wallet_id} has no membership. There is nothing to cancel.",
    ),
    Reason.PROMOTION_NOT_APPLICABLE: _conflict("The promotion does not apply", _promotion_words),
    Reason.UPGRADE_NOT_OFFERED: _conflict("The upgrade is not offered", _upgrade_words),
    Reason.WALLET_NOT_EMPTY: _conflict("The wallet is not empty", _not_empty_words),
    Reason.LOT_EXISTS: _conflict(
        "The lot id is taken",
        "The id {lot_id} names a lot of this wallet already. Import every lot once.",
    ),
    Reason.CAPTURE_EXCEEDS_HOLD: _conflict(
        "A capture is at most what is held",
        "A capture of {amount} was asked of hold {hold_id}, which holds {held}. Capture at most "
        "that; debit the rest.",
    ),
    Reason.REFUND_EXCEEDS_CHARGE: _conflict(
        "A refund is at most what is left of the charge",
        "A refund of {amount} was asked of charge {charge_id}, of which {refundable} is not yet "
        "refunded. Refund at most that.",
    ),
    Reason.REFUND_EXCEEDS_ORDER: Words(
        409, "A refund is at most what is unspent of the order", _over_order_words
    ),
    Reason.PAYOUT_EXCEEDS_PAYABLE: _conflict(
        "A payout is at most what is payable",
        "A payout of {amount_cny} CNY was asked for and {payable_cny} CNY is payable. Pay out at "
        "most that.",
    ),
    Reason.LIMIT_EXCEEDED: _conflict("A limit is reached", _limit_words),
    Reason.INSUFFICIENT_FUNDS: Words(402, "There is too little available", _funds_words),
    Reason.PROPOSAL_NOT_FOUND: _missing(
        "There is no proposal {proposal_id} of this kind. Check the id."
    ),
    Reason.PROPOSAL_IS_OWN: _forbidden(
        "The proposal {proposal_id} is your own: whatever key you use, another person decides."
    ),
    Reason.PROPOSAL_IS_ANOTHERS: _forbidden(
        "The proposal {proposal_id} is {proposed_by}'s, who alone withdraws it. Reject it instead."
    ),
    Reason.PROPOSAL_EXPIRED: _conflict(
        "The proposal has expired",
        "The proposal {proposal_id} could be decided on until {expires_at}. Propose it anew.",
    ),
    Reason.PROPOSAL_NOT_OPEN: _conflict(
        "The proposal is decided",
        "{decided_by} has decided: the proposal {proposal_id} is {proposal_status}.",
    ),
    Reason.SCOPES_UNKNOWN: _malformed("{fault}: there are {known}", "fault", "known"),
    Reason.CALLER_NAME_MALFORMED: _malformed(
        "a caller is named by 1 to 64 of the characters A-Z a-z 0-9 _ . : -, and is no channel nor "
        "the ledger itself: no name begins with {reserved}",
        "reserved",
    ),
    Reason.CERTIFICATE_MALFORMED: _malformed(
        "a certificate's identity has 1 to 512 characters and no control characters"
    ),
    Reason.CALLER_OF_ANOTHER_KIND: _malformed(
        "{name} is {kind} since its first key, and stays that: use another name.", "name", "kind"
    ),
    Reason.SCOPES_NOT_FOR_KIND: _malformed(
        "{name} is a {kind}, whose keys cannot have {beyond}: programs do not approve, and people "
        "do not generate. Use a caller of the other kind.",
        *("name", "kind", "beyond"),
    ),
    Reason.KEYS_ARE_PEOPLES: _forbidden(
        "Keys are {action} by people; this key is a service's.", "action"
    ),
    Reason.KEY_MADE_ON_HOST: _forbidden(
        "Over the network, keys are made for services only, and without administrative scopes and "
        "credit:write: nobody makes themselves another person, or a new daily cap on grants. "
        "Others are made on the server: `ledger key create`."
    ),
    Reason.KEY_NOT_FOUND: _missing(
        "There is no key {key_id}: see the list of keys.", "key_id", "what"
    ),
    Reason.KEY_OUTLIVES_ITS_OWN: _forbidden(
        "Your key was given to you for {lifetime_s} s, so its successor lives no longer; {lives_s} "
        "s were asked for.",
        "lives_s",
    ),
    Reason.KEY_IS_ANOTHERS: _forbidden(
        "Without the scope {scope} you rotate only the key that you call with."
    ),
    Reason.KEY_ROTATED_ON_HOST: _forbidden(
        "Over the network you rotate keys of services without administrative scopes or "
        "credit:write, and the key that you call with; others are rotated on the server: `ledger "
        "key rotate`."
    ),
    Reason.KEY_NOT_ROTATABLE: _conflict(
        "The key cannot be rotated", "{key_id} cannot be rotated: {why}.", "key_id", "why"
    ),
    Reason.CERTIFICATE_TAKEN: _malformed(
        "The certificate identity {identity} is registered already: revoke that key first (`ledger "
        "key list` shows it).",
        "identity",
    ),
    Reason.CALLER_NOT_FOUND: _missing(
        "There is no caller {caller}: see GET /v1/callers.", "caller"
    ),
}
"""Every reason, in their order of precedence."""


def slug_of(reason: Reason) -> str:
    """The name of the problem that a reason is answered with: its own, unless it shares one."""
    return REFUSALS[reason].slug or reason.value


def detail_of(reason: Reason, facts: Facts) -> str:
    """The words of a refusal's detail, the facts still in braces."""
    detail = REFUSALS[reason].detail
    return detail if isinstance(detail, str) else detail(facts)
