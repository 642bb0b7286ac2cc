# Generated from the contract by `make client-code`: change that instead.
"""The calls of the contract, named as in the OpenAPI document."""

from typing import Final

from ledger.client.transport import Operation

READ_WALLET: Final = Operation("readWallet", "GET", "/v1/wallets/{wallet_id}", repeatable=True)
LIST_LOTS: Final = Operation("listLots", "GET", "/v1/wallets/{wallet_id}/lots", repeatable=True)
CLAIM_DAILY_GRANT: Final = Operation(
    "claimDailyGrant", "POST", "/v1/wallets/{wallet_id}/daily-grant", keyed=True
)
GRANT: Final = Operation("grant", "POST", "/v1/wallets/{wallet_id}/grants", keyed=True)
FIND: Final = Operation("find", "GET", "/v1/find", repeatable=True)
EXPLAIN_WALLET: Final = Operation(
    "explainWallet", "GET", "/v1/wallets/{wallet_id}/explanation", repeatable=True
)
EXPLAIN_CHARGE: Final = Operation(
    "explainCharge",
    "GET",
    "/v1/wallets/{wallet_id}/charges/{charge_id}/explanation",
    repeatable=True,
)
LIST_ENTRIES: Final = Operation(
    "listEntries", "GET", "/v1/wallets/{wallet_id}/entries", repeatable=True
)
LIST_ORDERS: Final = Operation(
    "listOrders", "GET", "/v1/wallets/{wallet_id}/orders", repeatable=True
)
QUOTE: Final = Operation("quote", "GET", "/v1/quotes", repeatable=True)
DEBIT: Final = Operation("debit", "POST", "/v1/wallets/{wallet_id}/debits", keyed=True)
READ_CHARGE: Final = Operation(
    "readCharge", "GET", "/v1/wallets/{wallet_id}/charges/{charge_id}", repeatable=True
)
REFUND_CHARGE: Final = Operation(
    "refundCharge", "POST", "/v1/wallets/{wallet_id}/charges/{charge_id}/refund", keyed=True
)
AUTHORIZE_HOLD: Final = Operation(
    "authorizeHold", "POST", "/v1/wallets/{wallet_id}/holds", keyed=True
)
LIST_HOLDS: Final = Operation("listHolds", "GET", "/v1/wallets/{wallet_id}/holds", repeatable=True)
READ_HOLD: Final = Operation(
    "readHold", "GET", "/v1/wallets/{wallet_id}/holds/{hold_id}", repeatable=True
)
CAPTURE_HOLD: Final = Operation(
    "captureHold", "POST", "/v1/wallets/{wallet_id}/holds/{hold_id}/capture", keyed=True
)
VOID_HOLD: Final = Operation(
    "voidHold", "POST", "/v1/wallets/{wallet_id}/holds/{hold_id}/void", keyed=True
)
EXTEND_HOLD: Final = Operation(
    "extendHold", "POST", "/v1/wallets/{wallet_id}/holds/{hold_id}/extend", keyed=True
)
BATCH: Final = Operation("batch", "POST", "/v1/batch", repeatable=True)
CONVERT: Final = Operation("convert", "POST", "/v1/wallets/{wallet_id}/conversions", keyed=True)
SEND_TRANSFER: Final = Operation(
    "sendTransfer", "POST", "/v1/wallets/{wallet_id}/transfers", keyed=True
)
READ_TRANSFER: Final = Operation(
    "readTransfer", "GET", "/v1/wallets/{wallet_id}/transfers/{transfer_id}", repeatable=True
)
PAY_OUT: Final = Operation("payOut", "POST", "/v1/wallets/{wallet_id}/payouts", keyed=True)
OPEN_ORDER: Final = Operation("openOrder", "POST", "/v1/wallets/{wallet_id}/orders", keyed=True)
READ_ORDER: Final = Operation("readOrder", "GET", "/v1/orders/{order_id}", repeatable=True)
CLOSE_ORDER: Final = Operation("closeOrder", "POST", "/v1/orders/{order_id}/close", keyed=True)
REFUND_ORDER: Final = Operation("refundOrder", "POST", "/v1/orders/{order_id}/refund", keyed=True)
READ_REFUND: Final = Operation("readRefund", "GET", "/v1/refunds/{refund_id}", repeatable=True)
CANCEL_MEMBERSHIP: Final = Operation(
    "cancelMembership", "POST", "/v1/wallets/{wallet_id}/membership/cancel", keyed=True
)
READ_CATALOGUE: Final = Operation("readCatalogue", "GET", "/v1/catalogue", repeatable=True)
READ_TRIAL_BALANCE: Final = Operation(
    "readTrialBalance", "GET", "/v1/finance/trial-balance", repeatable=True
)
FREEZE_WALLET: Final = Operation(
    "freezeWallet", "POST", "/v1/wallets/{wallet_id}/freeze", keyed=True
)
UNFREEZE_WALLET: Final = Operation(
    "unfreezeWallet", "POST", "/v1/wallets/{wallet_id}/unfreeze", keyed=True
)
SET_LIMIT: Final = Operation("setLimit", "POST", "/v1/wallets/{wallet_id}/limits", keyed=True)
CLOSE_WALLET: Final = Operation("closeWallet", "POST", "/v1/wallets/{wallet_id}/close", keyed=True)
ERASE_WALLET: Final = Operation(
    "eraseWallet", "POST", "/v1/wallets/{wallet_id}/erase", repeatable=True
)
LIST_SWITCHES: Final = Operation("listSwitches", "GET", "/v1/switches", repeatable=True)
THROW_SWITCH: Final = Operation("throwSwitch", "POST", "/v1/switches")
PROPOSE_ADJUSTMENT: Final = Operation("proposeAdjustment", "POST", "/v1/adjustments", keyed=True)
APPROVE_ADJUSTMENT: Final = Operation(
    "approveAdjustment", "POST", "/v1/adjustments/{proposal_id}/approve", keyed=True
)
REJECT_ADJUSTMENT: Final = Operation(
    "rejectAdjustment", "POST", "/v1/adjustments/{proposal_id}/reject", keyed=True
)
PROPOSE: Final = Operation("propose", "POST", "/v1/proposals", keyed=True)
LIST_PROPOSALS: Final = Operation("listProposals", "GET", "/v1/proposals", repeatable=True)
READ_PROPOSAL: Final = Operation(
    "readProposal", "GET", "/v1/proposals/{proposal_id}", repeatable=True
)
APPROVE_PROPOSAL: Final = Operation(
    "approveProposal", "POST", "/v1/proposals/{proposal_id}/approve", keyed=True
)
REJECT_PROPOSAL: Final = Operation(
    "rejectProposal", "POST", "/v1/proposals/{proposal_id}/reject", keyed=True
)
WITHDRAW_PROPOSAL: Final = Operation(
    "withdrawProposal", "POST", "/v1/proposals/{proposal_id}/withdraw", keyed=True
)
READ_ME: Final = Operation("readMe", "GET", "/v1/callers/me", repeatable=True)
LIST_CALLERS: Final = Operation("listCallers", "GET", "/v1/callers", repeatable=True)
LIMIT_CALLER: Final = Operation("limitCaller", "POST", "/v1/callers/{caller_name}/rate")
LIST_KEYS: Final = Operation("listKeys", "GET", "/v1/keys", repeatable=True)
CREATE_KEY: Final = Operation("createKey", "POST", "/v1/keys")
ROTATE_KEY: Final = Operation("rotateKey", "POST", "/v1/keys/{key_id}/rotate")
REVOKE_KEY: Final = Operation("revokeKey", "POST", "/v1/keys/{key_id}/revoke")
LIST_ACTS: Final = Operation("listActs", "GET", "/v1/acts", repeatable=True)
READ_EVENTS: Final = Operation("readEvents", "GET", "/v1/events", repeatable=True)
MOVE_CLOCK: Final = Operation("moveClock", "POST", "/v1/dev/clock")
PAY_SANDBOX_ORDER: Final = Operation(
    "paySandboxOrder", "POST", "/v1/channels/{channel}/orders/{order_id}/pay", repeatable=True
)
CHARGE_BACK_SANDBOX_ORDER: Final = Operation(
    "chargeBackSandboxOrder", "POST", "/v1/channels/{channel}/orders/{order_id}/chargeback"
)
REVERSE_SANDBOX_CHARGEBACK: Final = Operation(
    "reverseSandboxChargeback",
    "POST",
    "/v1/channels/{channel}/orders/{order_id}/chargeback-reversed",
)
CONFIRM_SANDBOX_REFUND: Final = Operation(
    "confirmSandboxRefund", "POST", "/v1/channels/{channel}/refunds/{refund_id}/confirm"
)
FAIL_SANDBOX_REFUND: Final = Operation(
    "failSandboxRefund", "POST", "/v1/channels/{channel}/refunds/{refund_id}/fail"
)
SET_SANDBOX_BEHAVIOUR: Final = Operation(
    "setSandboxBehaviour", "POST", "/v1/channels/{channel}/behaviour"
)
LIVE: Final = Operation("live", "GET", "/livez", repeatable=True)
READY: Final = Operation("ready", "GET", "/readyz", repeatable=True)
