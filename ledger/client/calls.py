# Generated from the contract by `make client-code`: change that instead.
"""A method for every call of the contract, but for batches and the event feed."""

from collections.abc import AsyncGenerator, Sequence
from datetime import date, datetime
from typing import cast

from ledger.client import operations as op
from ledger.client.answers import Page, Rows
from ledger.client.fields import (
    Amount,
    amount_text,
    given,
    optional_amount,
    optional_day,
    optional_moment,
)
from ledger.client.results import (
    AccountBalance,
    Act,
    Behaviour,
    Caller,
    Capture,
    Catalogue,
    Charge,
    ChargeExplanation,
    ChargeRefund,
    Clock,
    ClosedWallet,
    Conversion,
    DailyGrant,
    Debit,
    Entry,
    Erased,
    Finding,
    Frozen,
    Grant,
    Hold,
    Key,
    LimitSet,
    Lot,
    MadeKey,
    Me,
    Membership,
    MembershipOrder,
    Order,
    OrderRefund,
    Payout,
    Probe,
    Proposal,
    Quote,
    RechargeOrder,
    RequestedRefund,
    SentTransfer,
    Switch,
    Transfer,
    Wallet,
    WalletExplanation,
)
from ledger.client.sending import Sender, each, gathered


class ContractCalls(Sender):
    """Every call that takes and gives JSON, as the OpenAPI document has it."""

    async def wallet(self, wallet_id: str, *, at: datetime | None = None) -> Wallet:
        """Read a wallet.

        A wallet that was never seen reads as zeros. With `at` it is shown as it was: what was
        recorded by then, with what had fallen due by then. Needs `wallet:read`.
        """
        return await self._call(
            op.READ_WALLET, Wallet, query=given(at=optional_moment(at)), wallet_id=wallet_id
        )

    async def lots_page(
        self,
        wallet_id: str,
        *,
        at: datetime | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[Lot]:
        """A page of `lots`; `after` is the `next` of the one before.

        Needs `wallet:read`.
        """
        return await self._call(
            op.LIST_LOTS,
            Page[Lot],
            query=given(at=optional_moment(at), limit=limit, after=after),
            wallet_id=wallet_id,
        )

    async def lots(self, wallet_id: str, *, at: datetime | None = None) -> Rows[Lot]:
        """List a wallet's lots in spending order.

        Needs `wallet:read`.
        """
        return await gathered(
            lambda after: self.lots_page(wallet_id, at=at, limit=None, after=after)
        )

    async def daily_grant(
        self, wallet_id: str, *, idempotency_key: str | None = None
    ) -> DailyGrant:
        """Claim the day's free points.

        Once a day in Shanghai; a later call that day is answered 200, with the first grant. Needs
        `credit:write`. Raises LimitExceeded, WalletClosed, WalletFrozen.
        """
        return await self._call(
            op.CLAIM_DAILY_GRANT, DailyGrant, body={}, key=idempotency_key, wallet_id=wallet_id
        )

    async def grant(
        self,
        wallet_id: str,
        currency: str,
        amount: Amount,
        *,
        source: str,
        reason: str,
        expires_at: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> Grant:
        """Grant points without payment.

        Needs `credit:write`. Raises AmountOutOfRange, LimitExceeded, WalletClosed, Refused
        `expiry-out-of-range`.
        """
        return await self._call(
            op.GRANT,
            Grant,
            body=given(
                currency=currency,
                amount=amount_text(amount),
                source=source,
                reason=reason,
                expires_at=optional_moment(expires_at),
            ),
            key=idempotency_key,
            wallet_id=wallet_id,
        )

    async def find(self, q: str) -> Finding:
        """Find out whose an id or number is.

        `q` is the whole id of a wallet, order, refund, hold, charge, transfer or lot, a channel's
        own number of a payment or of its reversal (`payment`), or a caller's `reference`. One name
        may be several things: a hold's id is unique only within its wallet, a reference not even
        there. At most 100 are listed. Wallets, orders, refunds and charges are found at once. The
        others are in a directory that follows the log, usually by a second; where nothing is found,
        some thousand events that are new are looked through as well. `indexed` says how far the
        directory is. Needs `wallet:read`.
        """
        return await self._call(op.FIND, Finding, query=given(q=q))

    async def explain_wallet(self, wallet_id: str) -> WalletExplanation:
        """Explain a wallet's balance.

        Every lot in the order of spending, with the rule that puts it before the next one, where it
        came from and which holds have set how much of it aside; what falls due when; limits and
        what is left of them; claims. The parts add up to the balance. Every `why` says it in words.
        Needs `wallet:read`.
        """
        return await self._call(op.EXPLAIN_WALLET, WalletExplanation, wallet_id=wallet_id)

    async def explain_charge(self, wallet_id: str, charge_id: str) -> ChargeExplanation:
        """Explain a charge.

        What it took from which lots, what that had cost, and what was refunded of it. The `journal`
        is null unless the key has finance:read or admin:write as well. Needs `wallet:read`. Raises
        NotFound.
        """
        return await self._call(
            op.EXPLAIN_CHARGE, ChargeExplanation, wallet_id=wallet_id, charge_id=charge_id
        )

    async def entries_page(
        self, wallet_id: str, *, limit: int | None = None, after: str | None = None
    ) -> Page[Entry]:
        """A page of `entries`; `after` is the `next` of the one before.

        Needs `wallet:read`.
        """
        return await self._call(
            op.LIST_ENTRIES, Page[Entry], query=given(limit=limit, after=after), wallet_id=wallet_id
        )

    def entries(
        self, wallet_id: str, *, page_size: int | None = None
    ) -> AsyncGenerator[Entry, None]:
        """List what was recorded of a wallet, newest first.

        `available_change` is signed; `available_after` is what was available of the currency right
        after, on every page. `reason` is null once it was erased. Read page by page as it goes on.
        Needs `wallet:read`.
        """
        return each(lambda after: self.entries_page(wallet_id, limit=page_size, after=after))

    async def orders_page(
        self, wallet_id: str, *, limit: int | None = None, after: str | None = None
    ) -> Page[Order]:
        """A page of `orders`; `after` is the `next` of the one before.

        Needs `wallet:read` or `order:write`.
        """
        return await self._call(
            op.LIST_ORDERS, Page[Order], query=given(limit=limit, after=after), wallet_id=wallet_id
        )

    def orders(
        self, wallet_id: str, *, page_size: int | None = None
    ) -> AsyncGenerator[Order, None]:
        """List a wallet's orders, newest first.

        Read page by page as it goes on. Needs `wallet:read` or `order:write`.
        """
        return each(lambda after: self.orders_page(wallet_id, limit=page_size, after=after))

    async def quote(self, sku: str, *, quantity: int | None = None) -> Quote:
        """Price a SKU.

        Raises AmountOutOfRange, UnknownSku.
        """
        return await self._call(op.QUOTE, Quote, query=given(sku=sku, quantity=quantity))

    async def debit(
        self,
        wallet_id: str,
        *,
        currency: str | None = None,
        amount: Amount | None = None,
        sku: str | None = None,
        quantity: int | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> Debit:
        """Debit a wallet in one step.

        Needs `debit:write`. Raises AmountOutOfRange, ClaimOpen, InsufficientFunds, LimitExceeded,
        Stopped, UnknownSku, WalletClosed, WalletFrozen.
        """
        return await self._call(
            op.DEBIT,
            Debit,
            body=given(
                currency=currency,
                amount=optional_amount(amount),
                sku=sku,
                quantity=quantity,
                reference=reference,
            ),
            key=idempotency_key,
            wallet_id=wallet_id,
        )

    async def charge(self, wallet_id: str, charge_id: str) -> Charge:
        """Read a charge.

        Needs `wallet:read`. Raises NotFound.
        """
        return await self._call(op.READ_CHARGE, Charge, wallet_id=wallet_id, charge_id=charge_id)

    async def refund_charge(
        self,
        wallet_id: str,
        charge_id: str,
        amount: Amount | None = None,
        *,
        reason: str,
        idempotency_key: str | None = None,
    ) -> ChargeRefund:
        """Refund a charge.

        Without an amount, all that is not yet refunded. Needs `debit:write` or `admin:write`.
        Raises AmountOutOfRange, NotFound, RefundExceedsCharge, WalletClosed.
        """
        return await self._call(
            op.REFUND_CHARGE,
            ChargeRefund,
            body=given(amount=optional_amount(amount), reason=reason),
            key=idempotency_key,
            wallet_id=wallet_id,
            charge_id=charge_id,
        )

    async def authorize(
        self,
        wallet_id: str,
        *,
        currency: str | None = None,
        amount: Amount | None = None,
        sku: str | None = None,
        quantity: int | None = None,
        reference: str | None = None,
        hold_id: str | None = None,
        expires_in_s: int | None = None,
        idempotency_key: str | None = None,
    ) -> Hold:
        """Authorize a hold.

        Needs `debit:write`. Raises AmountOutOfRange, ClaimOpen, HoldExists, InsufficientFunds,
        LimitExceeded, Stopped, UnknownSku, WalletClosed, WalletFrozen, Refused
        `expiry-out-of-range`.
        """
        return await self._call(
            op.AUTHORIZE_HOLD,
            Hold,
            body=given(
                currency=currency,
                amount=optional_amount(amount),
                sku=sku,
                quantity=quantity,
                reference=reference,
                hold_id=hold_id,
                expires_in_s=expires_in_s,
            ),
            key=idempotency_key,
            wallet_id=wallet_id,
        )

    async def open_holds_page(
        self, wallet_id: str, *, limit: int | None = None, after: str | None = None
    ) -> Page[Hold]:
        """A page of `open_holds`; `after` is the `next` of the one before.

        Needs `wallet:read`.
        """
        return await self._call(
            op.LIST_HOLDS, Page[Hold], query=given(limit=limit, after=after), wallet_id=wallet_id
        )

    def open_holds(
        self, wallet_id: str, *, page_size: int | None = None
    ) -> AsyncGenerator[Hold, None]:
        """List a wallet's open holds.

        Read page by page as it goes on. Needs `wallet:read`.
        """
        return each(lambda after: self.open_holds_page(wallet_id, limit=page_size, after=after))

    async def read_hold(self, wallet_id: str, hold_id: str) -> Hold:
        """Read a hold.

        Needs `wallet:read`. Raises NotFound.
        """
        return await self._call(op.READ_HOLD, Hold, wallet_id=wallet_id, hold_id=hold_id)

    async def capture(
        self,
        wallet_id: str,
        hold_id: str,
        amount: Amount | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Capture:
        """Capture a hold.

        Also a partial capture closes the hold; the rest returns to its own lots. Needs
        `debit:write`. Raises AmountOutOfRange, CaptureExceedsHold, HoldNotOpen, NotFound.
        """
        return await self._call(
            op.CAPTURE_HOLD,
            Capture,
            body=given(amount=optional_amount(amount)),
            key=idempotency_key,
            wallet_id=wallet_id,
            hold_id=hold_id,
        )

    async def void(
        self, wallet_id: str, hold_id: str, *, idempotency_key: str | None = None
    ) -> Hold:
        """Void a hold.

        Needs `debit:write` or `admin:write`. Raises HoldNotOpen, NotFound.
        """
        return await self._call(
            op.VOID_HOLD, Hold, body={}, key=idempotency_key, wallet_id=wallet_id, hold_id=hold_id
        )

    async def extend(
        self, wallet_id: str, hold_id: str, expires_in_s: int, *, idempotency_key: str | None = None
    ) -> Hold:
        """Let a hold expire at another time.

        Needs `debit:write` or `admin:write`. Raises HoldNotOpen, NotFound, Refused
        `expiry-out-of-range`.
        """
        return await self._call(
            op.EXTEND_HOLD,
            Hold,
            body=given(expires_in_s=expires_in_s),
            key=idempotency_key,
            wallet_id=wallet_id,
            hold_id=hold_id,
        )

    async def convert(
        self,
        wallet_id: str,
        from_currency: str,
        to_currency: str,
        amount: Amount,
        *,
        idempotency_key: str | None = None,
    ) -> Conversion:
        """Convert paid value into another currency at par.

        Only in the directions that GET /v1/catalogue lists, and only value that was paid for. Every
        take becomes a lot of its own, which keeps the order, cost and expiry. Needs `debit:write`.
        Raises AmountOutOfRange, InsufficientFunds, LimitExceeded, WalletClosed, WalletFrozen,
        Refused `not-convertible`.
        """
        return await self._call(
            op.CONVERT,
            Conversion,
            body=given(
                from_currency=from_currency, to_currency=to_currency, amount=amount_text(amount)
            ),
            key=idempotency_key,
            wallet_id=wallet_id,
        )

    async def transfer(
        self,
        wallet_id: str,
        to_wallet_id: str,
        currency: str,
        amount: Amount,
        *,
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> SentTransfer:
        """Give paid value to the owner of another wallet.

        Only value that was paid for, in the currencies that GET /v1/catalogue lists. The receiver's
        share of its cost becomes payable to them in money. A replay says `in_transit`, as it was;
        read the transfer to see it done. Needs `debit:write`. Raises AmountOutOfRange,
        InsufficientFunds, LimitExceeded, WalletClosed, WalletFrozen, Refused `not-transferable`,
        `transfer-to-self`.
        """
        return await self._call(
            op.SEND_TRANSFER,
            SentTransfer,
            body=given(
                to_wallet_id=to_wallet_id,
                currency=currency,
                amount=amount_text(amount),
                reference=reference,
            ),
            key=idempotency_key,
            wallet_id=wallet_id,
        )

    async def read_transfer(self, wallet_id: str, transfer_id: str) -> Transfer:
        """Read a transfer that the wallet sent.

        Needs `wallet:read`. Raises NotFound.
        """
        return await self._call(
            op.READ_TRANSFER, Transfer, wallet_id=wallet_id, transfer_id=transfer_id
        )

    async def pay_out(
        self,
        wallet_id: str,
        amount_cny: Amount,
        *,
        tax_withheld_cny: Amount | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> Payout:
        """Book money that was paid to a wallet's owner.

        `amount_cny` is what is settled, `tax_withheld_cny` the part of it that went to the tax
        office instead of the owner. Needs `admin:write`. Raises AmountOutOfRange, ApprovalNeeded,
        Refused `payout-exceeds-payable`.
        """
        return await self._call(
            op.PAY_OUT,
            Payout,
            body=given(
                amount_cny=amount_text(amount_cny),
                tax_withheld_cny=optional_amount(tax_withheld_cny),
                reference=reference,
            ),
            key=idempotency_key,
            wallet_id=wallet_id,
        )

    async def open_recharge(
        self,
        wallet_id: str,
        currency: str,
        price_cny: Amount,
        channel: str,
        *,
        idempotency_key: str | None = None,
    ) -> RechargeOrder:
        """Whole yuan for points.

        Open a recharge or membership order. A membership of a higher plan than the one that runs is
        an upgrade of it; one that costs nothing is paid at once. A replay answers with the order as
        it was opened and with its `payment` as it is now. Needs `order:write`. Raises
        AmountOutOfRange, LimitExceeded, Stopped, WalletClosed, Refused `promotion-not-applicable`,
        `unknown-channel`, `unknown-plan`, `unknown-promotion`, `upgrade-not-offered`.
        """
        return await self._call(
            op.OPEN_ORDER,
            RechargeOrder,
            body=given(
                kind="recharge",
                currency=currency,
                price_cny=amount_text(price_cny),
                channel=channel,
            ),
            key=idempotency_key,
            wallet_id=wallet_id,
        )

    async def open_membership(
        self,
        wallet_id: str,
        plan: str,
        period: str,
        channel: str,
        *,
        promotion: str | None = None,
        idempotency_key: str | None = None,
    ) -> MembershipOrder:
        """A membership at its list price, or under a promotion.

        Open a recharge or membership order. A membership of a higher plan than the one that runs is
        an upgrade of it; one that costs nothing is paid at once. A replay answers with the order as
        it was opened and with its `payment` as it is now. Needs `order:write`. Raises
        AmountOutOfRange, LimitExceeded, Stopped, WalletClosed, Refused `promotion-not-applicable`,
        `unknown-channel`, `unknown-plan`, `unknown-promotion`, `upgrade-not-offered`.
        """
        return await self._call(
            op.OPEN_ORDER,
            MembershipOrder,
            body=given(
                kind="membership", plan=plan, period=period, channel=channel, promotion=promotion
            ),
            key=idempotency_key,
            wallet_id=wallet_id,
        )

    async def order(self, order_id: str) -> Order:
        """Read an order.

        Needs `wallet:read` or `order:write`. Raises NotFound.
        """
        return await self._call(op.READ_ORDER, cast("type[Order]", Order), order_id=order_id)

    async def close_order(self, order_id: str, *, idempotency_key: str | None = None) -> Order:
        """Give up an order that was not paid.

        A payment that is under way already is honoured when it comes. Needs `order:write`. Raises
        NotFound, OrderNotPayable.
        """
        return await self._call(
            op.CLOSE_ORDER,
            cast("type[Order]", Order),
            body={},
            key=idempotency_key,
            order_id=order_id,
        )

    async def refund_order(
        self,
        order_id: str,
        amount_cny: Amount | None = None,
        *,
        reason: str,
        idempotency_key: str | None = None,
    ) -> RequestedRefund:
        """Refund what is unspent of an order.

        Without an amount, all that is unspent: months not granted yet, then points. They are set
        aside at once and the channel is asked; read the refund to see what it said. Needs
        `order:write`. Raises AmountOutOfRange, LimitExceeded, NotFound, RefundExceedsOrder,
        WalletClosed, Refused `order-not-refundable`.
        """
        return await self._call(
            op.REFUND_ORDER,
            RequestedRefund,
            body=given(amount_cny=optional_amount(amount_cny), reason=reason),
            key=idempotency_key,
            order_id=order_id,
        )

    async def order_refund(self, refund_id: str) -> OrderRefund:
        """Read a refund of an order.

        Needs `wallet:read` or `order:write`. Raises NotFound.
        """
        return await self._call(op.READ_REFUND, OrderRefund, refund_id=refund_id)

    async def cancel_membership(
        self, wallet_id: str, *, idempotency_key: str | None = None
    ) -> Membership:
        """Let a membership end after what was paid.

        It renews no more; nothing that was paid is taken away. Needs `order:write`. Raises
        NoMembership, WalletClosed.
        """
        return await self._call(
            op.CANCEL_MEMBERSHIP, Membership, body={}, key=idempotency_key, wallet_id=wallet_id
        )

    async def catalogue(self) -> Catalogue:
        """Read currencies, prices, plans, promotions and policy."""
        return await self._call(op.READ_CATALOGUE, Catalogue)

    async def trial_balance(
        self, *, day: date | None = None, currency: str | None = None
    ) -> Rows[AccountBalance]:
        """Read the trial balance of a day.

        Never paged. Opening and closing are signed, debit positive. Needs `finance:read`.
        """
        return await self._rows(
            op.READ_TRIAL_BALANCE,
            AccountBalance,
            query=given(date=optional_day(day), currency=currency),
        )

    async def freeze(
        self, wallet_id: str, *, reason: str, idempotency_key: str | None = None
    ) -> Frozen:
        """Freeze a wallet.

        Holds, debits, conversions, transfers and daily claims are refused; payments, captures,
        voids, refunds and whatever falls due go on. Needs `admin:write`. Raises WalletClosed.
        """
        return await self._call(
            op.FREEZE_WALLET,
            Frozen,
            body=given(reason=reason),
            key=idempotency_key,
            wallet_id=wallet_id,
        )

    async def unfreeze(
        self, wallet_id: str, *, reason: str, idempotency_key: str | None = None
    ) -> Frozen:
        """Unfreeze a wallet.

        Needs `admin:write`. Raises WalletClosed.
        """
        return await self._call(
            op.UNFREEZE_WALLET,
            Frozen,
            body=given(reason=reason),
            key=idempotency_key,
            wallet_id=wallet_id,
        )

    async def set_limit(
        self,
        wallet_id: str,
        currency: str,
        *,
        reason: str,
        day: Amount | None = None,
        single: Amount | None = None,
        idempotency_key: str | None = None,
    ) -> LimitSet:
        """Limit what a wallet may spend of a currency.

        It replaces the wallet's limit on that currency; with neither `day` nor `single` the wallet
        has none of its own, and the house's holds if there is one. Needs `admin:write`. Raises
        AmountOutOfRange, WalletClosed.
        """
        return await self._call(
            op.SET_LIMIT,
            LimitSet,
            body=given(
                currency=currency,
                reason=reason,
                day=optional_amount(day),
                single=optional_amount(single),
            ),
            key=idempotency_key,
            wallet_id=wallet_id,
        )

    async def close_wallet(
        self,
        wallet_id: str,
        *,
        reason: str,
        forfeit_balance: bool = False,
        end_membership: bool = False,
        write_off_claim: bool = False,
        idempotency_key: str | None = None,
    ) -> ClosedWallet:
        """Close a wallet for good.

        Refused while holds, refunds or transfers are open or money is payable to the owner, and
        while it has a balance, a membership or a claim that is not said to be given up. Pending
        orders are closed. Then the texts about the wallet are erased. Needs `admin:write`. Raises
        ApprovalNeeded, WalletClosed, Refused `wallet-not-empty`.
        """
        return await self._call(
            op.CLOSE_WALLET,
            ClosedWallet,
            body=given(
                reason=reason,
                forfeit_balance=forfeit_balance,
                end_membership=end_membership,
                write_off_claim=write_off_claim,
            ),
            key=idempotency_key,
            wallet_id=wallet_id,
        )

    async def erase(self, wallet_id: str) -> Erased:
        """Erase the texts about a wallet.

        Reasons and whatever else people wrote: personal data. Balances and the log stay, and still
        prove themselves. Erasing again finds nothing left, and is no error. Needs `admin:write`.
        Raises ApprovalNeeded.
        """
        return await self._call(op.ERASE_WALLET, Erased, body={}, wallet_id=wallet_id)

    async def switches(self) -> Rows[Switch]:
        """List what is stopped.

        Needs `admin:write`.
        """
        return await self._rows(op.LIST_SWITCHES, Switch)

    async def throw_switch(self, kind: str, name: str, *, stopped: bool, reason: str) -> Switch:
        """Stop a channel, a SKU or a caller, or let it go on.

        A stopped channel takes no orders, a stopped SKU is not sold, and nothing is done for a
        stopped caller; payments, captures, refunds and whatever falls due go on. Once this is
        answered, a second after it was written, it is in force in every process. Needs
        `admin:write`.
        """
        return await self._call(
            op.THROW_SWITCH,
            Switch,
            body=given(kind=kind, name=name, stopped=stopped, reason=reason),
        )

    async def propose_adjustment(
        self,
        wallet_id: str,
        direction: str,
        currency: str,
        amount: Amount,
        *,
        reason: str,
        evidence: str | None = None,
        valid_for_s: int | None = None,
        source: str | None = None,
        expires_at: datetime | None = None,
        lot_id: str | None = None,
        include_paid: bool | None = None,
        idempotency_key: str | None = None,
    ) -> Proposal:
        """Propose to correct a balance.

        Nothing changes until another person approves it, before it expires. Needs `admin:write`.
        """
        return await self._call(
            op.PROPOSE_ADJUSTMENT,
            Proposal,
            body=given(
                wallet_id=wallet_id,
                direction=direction,
                currency=currency,
                amount=amount_text(amount),
                reason=reason,
                evidence=evidence,
                valid_for_s=valid_for_s,
                source=source,
                expires_at=optional_moment(expires_at),
                lot_id=lot_id,
                include_paid=include_paid,
            ),
            key=idempotency_key,
        )

    async def approve_adjustment(
        self, proposal_id: str, *, reason: str | None = None, idempotency_key: str | None = None
    ) -> Proposal:
        """Approve a correction that another person proposed.

        Whoever proposed it cannot, with whatever key. It is carried out at once, once, and
        `outcome` says what came of it: `done`, or `refused` for what has changed since. If it
        cannot be carried out now it stays `approved`, and is carried out as soon as that is
        possible. If the same person approves it again, the answer is how it stands. Needs
        `admin:approve`.
        """
        return await self._call(
            op.APPROVE_ADJUSTMENT,
            Proposal,
            body=given(reason=reason),
            key=idempotency_key,
            proposal_id=proposal_id,
        )

    async def reject_adjustment(
        self, proposal_id: str, *, reason: str | None = None, idempotency_key: str | None = None
    ) -> Proposal:
        """Reject a correction that another person proposed.

        Needs `admin:approve`.
        """
        return await self._call(
            op.REJECT_ADJUSTMENT,
            Proposal,
            body=given(reason=reason),
            key=idempotency_key,
            proposal_id=proposal_id,
        )

    async def propose_close_wallet(
        self,
        wallet_id: str,
        *,
        reason: str,
        evidence: str | None = None,
        valid_for_s: int | None = None,
        forfeit_balance: bool = False,
        end_membership: bool = False,
        write_off_claim: bool = False,
        idempotency_key: str | None = None,
    ) -> Proposal:
        """The end of a wallet.

        Propose a correction, a payout, the end of a wallet, or its erasure. The fields of that
        call, with the wallet. Nothing changes until another person approves it, before it expires;
        what the wallet allows is decided then. Needs `admin:write`.
        """
        return await self._call(
            op.PROPOSE,
            Proposal,
            body=given(
                kind="close_wallet",
                wallet_id=wallet_id,
                reason=reason,
                evidence=evidence,
                valid_for_s=valid_for_s,
                forfeit_balance=forfeit_balance,
                end_membership=end_membership,
                write_off_claim=write_off_claim,
            ),
            key=idempotency_key,
        )

    async def propose_pay_out(
        self,
        wallet_id: str,
        amount_cny: Amount,
        *,
        reason: str,
        evidence: str | None = None,
        valid_for_s: int | None = None,
        tax_withheld_cny: Amount | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> Proposal:
        """Money paid to a wallet's owner, with the tax that was withheld of it.

        Propose a correction, a payout, the end of a wallet, or its erasure. The fields of that
        call, with the wallet. Nothing changes until another person approves it, before it expires;
        what the wallet allows is decided then. Needs `admin:write`.
        """
        return await self._call(
            op.PROPOSE,
            Proposal,
            body=given(
                kind="pay_out",
                wallet_id=wallet_id,
                amount_cny=amount_text(amount_cny),
                reason=reason,
                evidence=evidence,
                valid_for_s=valid_for_s,
                tax_withheld_cny=optional_amount(tax_withheld_cny),
                reference=reference,
            ),
            key=idempotency_key,
        )

    async def propose_erase_wallet(
        self,
        wallet_id: str,
        *,
        reason: str,
        evidence: str | None = None,
        valid_for_s: int | None = None,
        idempotency_key: str | None = None,
    ) -> Proposal:
        """The texts about a wallet deleted.

        Propose a correction, a payout, the end of a wallet, or its erasure. The fields of that
        call, with the wallet. Nothing changes until another person approves it, before it expires;
        what the wallet allows is decided then. Needs `admin:write`.
        """
        return await self._call(
            op.PROPOSE,
            Proposal,
            body=given(
                kind="erase_wallet",
                wallet_id=wallet_id,
                reason=reason,
                evidence=evidence,
                valid_for_s=valid_for_s,
            ),
            key=idempotency_key,
        )

    async def proposals_page(
        self,
        *,
        status: str | None = None,
        wallet_id: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[Proposal]:
        """A page of `proposals`; `after` is the `next` of the one before.

        Needs `admin:write` or `admin:approve`.
        """
        return await self._call(
            op.LIST_PROPOSALS,
            Page[Proposal],
            query=given(status=status, wallet_id=wallet_id, limit=limit, after=after),
        )

    def proposals(
        self,
        *,
        status: str | None = None,
        wallet_id: str | None = None,
        page_size: int | None = None,
    ) -> AsyncGenerator[Proposal, None]:
        """List proposals: open ones first, then the newest.

        `status=waiting` lists what is open, other people's before one's own. Whatever is decided or
        expires between two pages is on one of them at least. Read page by page as it goes on. Needs
        `admin:write` or `admin:approve`.
        """
        return each(
            lambda after: self.proposals_page(
                status=status, wallet_id=wallet_id, limit=page_size, after=after
            )
        )

    async def proposal(self, proposal_id: str) -> Proposal:
        """Read a proposal.

        Needs `admin:write` or `admin:approve`.
        """
        return await self._call(op.READ_PROPOSAL, Proposal, proposal_id=proposal_id)

    async def approve_proposal(
        self, proposal_id: str, *, reason: str | None = None, idempotency_key: str | None = None
    ) -> Proposal:
        """Approve what another person proposed.

        Whoever proposed it cannot, with whatever key. It is carried out at once, once, and
        `outcome` says what came of it: `done`, or `refused` for what has changed since. If it
        cannot be carried out now it stays `approved`, and is carried out as soon as that is
        possible. If the same person approves it again, the answer is how it stands. Needs
        `admin:approve`.
        """
        return await self._call(
            op.APPROVE_PROPOSAL,
            Proposal,
            body=given(reason=reason),
            key=idempotency_key,
            proposal_id=proposal_id,
        )

    async def reject_proposal(
        self, proposal_id: str, *, reason: str | None = None, idempotency_key: str | None = None
    ) -> Proposal:
        """Reject what another person proposed.

        Needs `admin:approve`.
        """
        return await self._call(
            op.REJECT_PROPOSAL,
            Proposal,
            body=given(reason=reason),
            key=idempotency_key,
            proposal_id=proposal_id,
        )

    async def withdraw_proposal(
        self, proposal_id: str, *, reason: str | None = None, idempotency_key: str | None = None
    ) -> Proposal:
        """Withdraw one's own proposal.

        Needs `admin:write`.
        """
        return await self._call(
            op.WITHDRAW_PROPOSAL,
            Proposal,
            body=given(reason=reason),
            key=idempotency_key,
            proposal_id=proposal_id,
        )

    async def me(self) -> Me:
        """Show the caller and the scopes of the key."""
        return await self._call(op.READ_ME, Me)

    async def callers_page(
        self, *, limit: int | None = None, after: str | None = None
    ) -> Page[Caller]:
        """A page of `callers`; `after` is the `next` of the one before.

        Needs `admin:write` or `admin:approve`.
        """
        return await self._call(
            op.LIST_CALLERS, Page[Caller], query=given(limit=limit, after=after)
        )

    def callers(self, *, page_size: int | None = None) -> AsyncGenerator[Caller, None]:
        """List callers, by name.

        Read page by page as it goes on. Needs `admin:write` or `admin:approve`.
        """
        return each(lambda after: self.callers_page(limit=page_size, after=after))

    async def limit_caller(
        self,
        caller_name: str,
        *,
        reason: str,
        rate_per_s: int | None = None,
        burst: int | None = None,
    ) -> Caller:
        """Limit how much a caller may send, or lift its limit.

        All keys of a caller share its limit; each process of the service counts by itself. A batch
        counts as its commands and may exceed the limit: the caller is then refused until its rate
        has made up for it. Within a second every process knows. Needs `admin:write`.
        """
        return await self._call(
            op.LIMIT_CALLER,
            Caller,
            body=given(reason=reason, rate_per_s=rate_per_s, burst=burst),
            caller_name=caller_name,
        )

    async def keys_page(
        self, *, caller: str | None = None, limit: int | None = None, after: str | None = None
    ) -> Page[Key]:
        """A page of `keys`; `after` is the `next` of the one before.

        Needs `admin:write` or `admin:approve`.
        """
        return await self._call(
            op.LIST_KEYS, Page[Key], query=given(caller=caller, limit=limit, after=after)
        )

    def keys(
        self, *, caller: str | None = None, page_size: int | None = None
    ) -> AsyncGenerator[Key, None]:
        """List keys, newest first.

        Read page by page as it goes on. Needs `admin:write` or `admin:approve`.
        """
        return each(lambda after: self.keys_page(caller=caller, limit=page_size, after=after))

    async def create_key(
        self, caller: str, scopes: Sequence[str], *, reason: str, expires_in_s: int | None = None
    ) -> MadeKey:
        """Make a key for a service.

        A person makes it, and its scopes are none of administration; other keys are made on the
        server with `ledger key create`. The key is shown once: if the answer is lost, revoke the
        key and make another. Needs `admin:write`.
        """
        return await self._call(
            op.CREATE_KEY,
            MadeKey,
            body=given(caller=caller, scopes=scopes, reason=reason, expires_in_s=expires_in_s),
        )

    async def rotate_key(
        self,
        key_id: str,
        *,
        reason: str,
        overlap_s: int | None = None,
        expires_in_s: int | None = None,
    ) -> MadeKey:
        """Make a key's successor; the old key keeps working for an overlap.

        With admin:write a person rotates keys of services without administrative scopes or
        credit:write, and every person the key they call with, whose successor lives no longer than
        it.
        """
        return await self._call(
            op.ROTATE_KEY,
            MadeKey,
            body=given(reason=reason, overlap_s=overlap_s, expires_in_s=expires_in_s),
            key_id=key_id,
        )

    async def revoke_key(self, key_id: str, *, reason: str) -> Key:
        """Revoke a key.

        A person does. Once this is answered, a second after it was written, no process takes the
        key any more. Revoking it again changes nothing. Needs `admin:write`.
        """
        return await self._call(op.REVOKE_KEY, Key, body=given(reason=reason), key_id=key_id)

    async def acts_page(
        self,
        *,
        actor: str | None = None,
        operation: str | None = None,
        subject: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[Act]:
        """A page of `acts`; `after` is the `next` of the one before.

        Needs `admin:write` or `admin:approve` or `finance:read`.
        """
        return await self._call(
            op.LIST_ACTS,
            Page[Act],
            query=given(
                actor=actor, operation=operation, subject=subject, limit=limit, after=after
            ),
        )

    def acts(
        self,
        *,
        actor: str | None = None,
        operation: str | None = None,
        subject: str | None = None,
        page_size: int | None = None,
    ) -> AsyncGenerator[Act, None]:
        """List what administrators did, newest first.

        Read page by page as it goes on. Needs `admin:write` or `admin:approve` or `finance:read`.
        """
        return each(
            lambda after: self.acts_page(
                actor=actor, operation=operation, subject=subject, limit=page_size, after=after
            )
        )

    async def move_clock(
        self, *, advance_s: int | None = None, at: datetime | None = None
    ) -> Clock:
        """Move the development clock forward.

        Needs `admin:write`. Exists on a development ledger only. Over HTTP only.
        """
        return await self._call(
            op.MOVE_CLOCK, Clock, body=given(advance_s=advance_s, at=optional_moment(at))
        )

    async def pay_sandbox_order(
        self,
        channel: str,
        order_id: str,
        *,
        amount_cny: Amount | None = None,
        payment_id: str | None = None,
    ) -> Order:
        """Have the sandbox pay an order.

        Development only, channel `sandbox` only: the sandbox sends itself a signed notification. A
        second pay changes nothing, unless it has another `payment_id`; an amount other than the
        price is set aside for people to look at. Needs `order:write`. Exists on a development
        ledger only. Over HTTP only. Raises NotFound, OrderNotPayable.
        """
        return await self._call(
            op.PAY_SANDBOX_ORDER,
            cast("type[Order]", Order),
            body=given(amount_cny=optional_amount(amount_cny), payment_id=payment_id),
            channel=channel,
            order_id=order_id,
        )

    async def charge_back_sandbox_order(
        self,
        channel: str,
        order_id: str,
        *,
        amount_cny: Amount | None = None,
        reversal_id: str | None = None,
    ) -> Order:
        """Have the sandbox take an order's payment back.

        What is unspent goes with it, and what was spent becomes a claim. A second one changes
        nothing, unless it has another `reversal_id`. Needs `order:write`. Exists on a development
        ledger only. Over HTTP only. Raises NotFound, Refused `order-not-refundable`.
        """
        return await self._call(
            op.CHARGE_BACK_SANDBOX_ORDER,
            cast("type[Order]", Order),
            body=given(amount_cny=optional_amount(amount_cny), reversal_id=reversal_id),
            channel=channel,
            order_id=order_id,
        )

    async def reverse_sandbox_chargeback(
        self,
        channel: str,
        order_id: str,
        *,
        amount_cny: Amount | None = None,
        reversal_id: str | None = None,
    ) -> Order:
        """Have the sandbox give back what it took.

        Under the `reversal_id` of the chargeback; all of that chargeback without an amount. Needs
        `order:write`. Exists on a development ledger only. Over HTTP only. Raises NotFound, Refused
        `order-not-refundable`.
        """
        return await self._call(
            op.REVERSE_SANDBOX_CHARGEBACK,
            cast("type[Order]", Order),
            body=given(amount_cny=optional_amount(amount_cny), reversal_id=reversal_id),
            channel=channel,
            order_id=order_id,
        )

    async def confirm_sandbox_refund(self, channel: str, refund_id: str) -> OrderRefund:
        """Have the sandbox say that a refund was paid back.

        The first word that the sandbox says of a refund stands. Needs `order:write`. Exists on a
        development ledger only. Over HTTP only. Raises NotFound, Refused `refund-not-open`.
        """
        return await self._call(
            op.CONFIRM_SANDBOX_REFUND, OrderRefund, body={}, channel=channel, refund_id=refund_id
        )

    async def fail_sandbox_refund(self, channel: str, refund_id: str) -> OrderRefund:
        """Have the sandbox say that a refund will not be paid.

        What was set aside for it returns to the wallet. Needs `order:write`. Exists on a
        development ledger only. Over HTTP only. Raises NotFound, Refused `refund-not-open`.
        """
        return await self._call(
            op.FAIL_SANDBOX_REFUND, OrderRefund, body={}, channel=channel, refund_id=refund_id
        )

    async def set_sandbox_behaviour(self, channel: str, refunds: str) -> Behaviour:
        """Say what becomes of refunds at the sandbox.

        `succeed` and `fail` send the ledger that message at once when it asks; `silent` sends none,
        and the ledger asks again from time to time. Needs `order:write`. Exists on a development
        ledger only. Over HTTP only.
        """
        return await self._call(
            op.SET_SANDBOX_BEHAVIOUR, Behaviour, body=given(refunds=refunds), channel=channel
        )

    async def live(self) -> Probe:
        """Whether the process lives.

        Over HTTP only.
        """
        return await self._call(op.LIVE, Probe)

    async def ready(self) -> Probe:
        """Whether commands can be served.

        Over HTTP only.
        """
        return await self._call(op.READY, Probe)
