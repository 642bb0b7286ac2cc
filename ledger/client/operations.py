"""The calls of the contract that have methods of their own, named as in the OpenAPI document."""

from typing import Final

from ledger.client.transport import Operation


def _read(name: str, path: str) -> Operation:
    return Operation(name, "GET", path, repeatable=True)


def _change(name: str, path: str) -> Operation:
    return Operation(name, "POST", path, keyed=True)


_WALLET: Final = "/v1/wallets/{wallet_id}"
_HOLD: Final = f"{_WALLET}/holds/{{hold_id}}"
_CHARGE: Final = f"{_WALLET}/charges/{{charge_id}}"
_ORDER: Final = "/v1/orders/{order_id}"

READ_WALLET: Final = _read("readWallet", _WALLET)
LIST_LOTS: Final = _read("listLots", f"{_WALLET}/lots")
LIST_ENTRIES: Final = _read("listEntries", f"{_WALLET}/entries")
CLAIM_DAILY_GRANT: Final = _change("claimDailyGrant", f"{_WALLET}/daily-grant")
GRANT: Final = _change("grant", f"{_WALLET}/grants")
CONVERT: Final = _change("convert", f"{_WALLET}/conversions")
SEND_TRANSFER: Final = _change("sendTransfer", f"{_WALLET}/transfers")
READ_TRANSFER: Final = _read("readTransfer", f"{_WALLET}/transfers/{{transfer_id}}")

QUOTE: Final = _read("quote", "/v1/quotes")
AUTHORIZE_HOLD: Final = _change("authorizeHold", f"{_WALLET}/holds")
LIST_HOLDS: Final = _read("listHolds", f"{_WALLET}/holds")
READ_HOLD: Final = _read("readHold", _HOLD)
CAPTURE_HOLD: Final = _change("captureHold", f"{_HOLD}/capture")
VOID_HOLD: Final = _change("voidHold", f"{_HOLD}/void")
EXTEND_HOLD: Final = _change("extendHold", f"{_HOLD}/extend")
DEBIT: Final = _change("debit", f"{_WALLET}/debits")
READ_CHARGE: Final = _read("readCharge", _CHARGE)
REFUND_CHARGE: Final = _change("refundCharge", f"{_CHARGE}/refund")
BATCH: Final = Operation("batch", "POST", "/v1/batch", repeatable=True)
"""Each of its commands has a key of its own."""

OPEN_ORDER: Final = _change("openOrder", f"{_WALLET}/orders")
LIST_ORDERS: Final = _read("listOrders", f"{_WALLET}/orders")
READ_ORDER: Final = _read("readOrder", _ORDER)
CLOSE_ORDER: Final = _change("closeOrder", f"{_ORDER}/close")
REFUND_ORDER: Final = _change("refundOrder", f"{_ORDER}/refund")
READ_REFUND: Final = _read("readRefund", "/v1/refunds/{refund_id}")
CANCEL_MEMBERSHIP: Final = _change("cancelMembership", f"{_WALLET}/membership/cancel")
READ_CATALOGUE: Final = _read("readCatalogue", "/v1/catalogue")

READ_TRIAL_BALANCE: Final = _read("readTrialBalance", "/v1/finance/trial-balance")
READ_EVENTS: Final = _read("readEvents", "/v1/events")

FREEZE_WALLET: Final = _change("freezeWallet", f"{_WALLET}/freeze")
UNFREEZE_WALLET: Final = _change("unfreezeWallet", f"{_WALLET}/unfreeze")
SET_LIMIT: Final = _change("setLimit", f"{_WALLET}/limits")
CLOSE_WALLET: Final = _change("closeWallet", f"{_WALLET}/close")
PAY_OUT: Final = _change("payOut", f"{_WALLET}/payouts")
ERASE_WALLET: Final = Operation("eraseWallet", "POST", f"{_WALLET}/erase", repeatable=True)
"""The same twice is the same once."""
LIST_SWITCHES: Final = _read("listSwitches", "/v1/switches")
THROW_SWITCH: Final = Operation("throwSwitch", "POST", "/v1/switches")
"""Sent once: somebody else may have thrown it back before a second attempt."""
