"""Calls of operators and accountants: freezing, limits, closing, switches, the trial balance."""

from datetime import date

from msgspec import Struct

from ledger.client import operations as op
from ledger.client.calls import Calls
from ledger.client.fields import Amount, amount_text, given, optional_amount
from ledger.client.results_books import (
    AccountBalance,
    ClosedWallet,
    Erased,
    Frozen,
    LimitSet,
    Payout,
    Switch,
)


class _TrialBalance(Struct, frozen=True):
    items: tuple[AccountBalance, ...]


class _Switches(Struct, frozen=True):
    items: tuple[Switch, ...]


class OperatorCalls(Calls):
    """Administration and finance."""

    async def freeze(
        self, wallet_id: str, *, reason: str, idempotency_key: str | None = None
    ) -> Frozen:
        """Let nothing be spent, converted, given away or claimed until further notice."""
        return await self._change(
            Frozen, op.FREEZE_WALLET, {"reason": reason}, idempotency_key, wallet_id=wallet_id
        )

    async def unfreeze(
        self, wallet_id: str, *, reason: str, idempotency_key: str | None = None
    ) -> Frozen:
        """Let the wallet spend again."""
        return await self._change(
            Frozen, op.UNFREEZE_WALLET, {"reason": reason}, idempotency_key, wallet_id=wallet_id
        )

    async def set_limit(
        self,
        wallet_id: str,
        currency: str,
        *,
        day: Amount | None = None,
        single: Amount | None = None,
        reason: str,
        idempotency_key: str | None = None,
    ) -> LimitSet:
        """Cap what may be spent of a currency a Shanghai day and in one charge; neither: no cap."""
        body = given(
            currency=currency,
            day=optional_amount(day),
            single=optional_amount(single),
            reason=reason,
        )
        return await self._change(
            LimitSet, op.SET_LIMIT, body, idempotency_key, wallet_id=wallet_id
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
        """Close a wallet for good; what it still has must be said to be given up, one by one.

        Raises ApprovalNeeded for people, Refused `wallet-not-empty`.
        """
        body = {
            "reason": reason,
            "forfeit_balance": forfeit_balance,
            "end_membership": end_membership,
            "write_off_claim": write_off_claim,
        }
        return await self._change(
            ClosedWallet, op.CLOSE_WALLET, body, idempotency_key, wallet_id=wallet_id
        )

    async def erase(self, wallet_id: str) -> Erased:
        """Erase what people wrote about the wallet; the same twice is the same once."""
        return await self._change(Erased, op.ERASE_WALLET, {}, None, wallet_id=wallet_id)

    async def pay_out(
        self,
        wallet_id: str,
        amount_cny: Amount,
        *,
        tax_withheld_cny: Amount = 0,
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> Payout:
        """Book money that was paid to the wallet's owner, tax included.

        Raises ApprovalNeeded for people, Refused `payout-exceeds-payable`.
        """
        body = given(
            amount_cny=amount_text(amount_cny),
            tax_withheld_cny=amount_text(tax_withheld_cny),
            reference=reference,
        )
        return await self._change(Payout, op.PAY_OUT, body, idempotency_key, wallet_id=wallet_id)

    async def switches(self) -> tuple[Switch, ...]:
        """All that is stopped."""
        return (await self._read(_Switches, op.LIST_SWITCHES)).items

    async def throw_switch(self, kind: str, name: str, *, stopped: bool, reason: str) -> Switch:
        """Stop a channel, a SKU or a caller (`kind`), or let it go on.

        It takes no key and is sent once: after OutcomeUnknown look at `switches`.
        """
        body = {"kind": kind, "name": name, "stopped": stopped, "reason": reason}
        return await self._change(Switch, op.THROW_SWITCH, body, None)

    async def trial_balance(
        self, *, day: date | None = None, currency: str | None = None
    ) -> tuple[AccountBalance, ...]:
        """Every account's opening, movement and closing on a day in Shanghai; today by default."""
        query = {"date": None if day is None else day.isoformat(), "currency": currency}
        return (await self._read(_TrialBalance, op.READ_TRIAL_BALANCE, query)).items
