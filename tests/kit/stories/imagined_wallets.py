"""Imagined tips, conversions, limits and freezes, wallets carried over, and wallets closed."""

from typing import TYPE_CHECKING

from ledger.core.chart import SOURCES
from ledger.core.decider import Command
from ledger.core.flows.closure import CloseWallet
from ledger.core.flows.control import FreezeWallet, SetLimit, UnfreezeWallet
from ledger.core.flows.conversion import Convert
from ledger.core.flows.opening import ImportOpening, OpeningClaim, OpeningLot
from ledger.core.flows.transfer import CompleteTransfer, PayOut, ReceiveTransfer, SendTransfer
from ledger.core.instants import DAY_US, HOUR_US, INSTANT_MAX, Instant
from ledger.core.wallet import Wallet
from tests.kit.currencies import INSPIRATION, KUAIBI
from tests.kit.stories.imagined_orders import ImaginedOrders

if TYPE_CHECKING:
    from tests.kit.stories.stories import Step


class ImaginedWallets(ImaginedOrders):
    """Commands about a whole wallet, and between two."""

    def _paid_amount(self, wallet: Wallet, step: "Step", currency: int) -> int:
        paid = wallet.paid_minor(currency)
        amounts = (
            *(1, 3, 7, 10, 99, 333, 1_000, paid, paid, paid // 2, paid // 3 + 1, paid - 1),
            *(paid // 7 + 1, paid + 1, 0, 10**15 + 1),
        )
        return amounts[step.x % len(amounts)]

    def _convert(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        pairs = {9: (INSPIRATION, KUAIBI), 10: (INSPIRATION, KUAIBI), 11: (KUAIBI, KUAIBI)}
        source, target = pairs.get(step.y, (KUAIBI, INSPIRATION))
        graced = [lot.terms.currency for lot in wallet.lots if lot.terms.graced]
        if graced and graced[0] == INSPIRATION:
            source, target = INSPIRATION, KUAIBI
        if not wallet.paid_minor(source) and step.z > 3:
            return self._open_recharge(wallet, step, now)
        amount = self._paid_amount(wallet, step, source)
        return Convert(wallet.wallet_id, source, target, amount)

    def _send(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        currency = {10: INSPIRATION, 11: 999}.get(step.y, KUAIBI)
        if not wallet.paid_minor(KUAIBI) and step.z > 3:
            return self._open_recharge(wallet, step, now)
        to = (*self.wallets, *self.wallets, "zoe")[step.z % 7]
        amount = self._paid_amount(wallet, step, currency)
        return SendTransfer(wallet.wallet_id, to, currency, amount, ("bravo", None)[step.x % 2])

    def _receive(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        name = wallet.wallet_id
        mine = [transfer for transfer in self.transfers if transfer.to_wallet_id == name]
        if not mine:
            return self._send(wallet, step, now)
        return ReceiveTransfer(name, mine[-1 - step.z % len(mine)])

    def _complete(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        sent = [transfer.transfer_id for transfer in wallet.transfers]
        names = [name for name in sent if name in self.received]
        if not names and step.y < 8:
            return self._send(wallet, step, now)
        if step.y > 9 or not names:
            # Nobody who is honest completes what never arrived.
            names = self.received or ["no-such-transfer"]
        return CompleteTransfer(wallet.wallet_id, names[-1 - step.z % len(names)])

    def _pay_out(self, wallet: Wallet, step: "Step", _: Instant) -> Command:
        payable = wallet.payable_fen
        amount = (payable, payable, payable // 2, 1, payable + 1, 0)[step.x % 6]
        withheld = (0, amount // 5, amount, 1, amount + 1, -1)[step.z % 6]
        return PayOut(wallet.wallet_id, amount, withheld)

    def _freeze(self, wallet: Wallet, step: "Step", _: Instant) -> Command:
        if wallet.frozen or step.y > 8:
            return UnfreezeWallet(wallet.wallet_id, "sorted out")
        return FreezeWallet(wallet.wallet_id, "suspicious")

    def _set_limit(self, wallet: Wallet, step: "Step", _: Instant) -> Command:
        caps = (
            (5_000, None),
            (None, 500),
            (2_000, 1_000),
            (100_000, 10_000),
            (None, None),
            (None, None),
            (0, None),
            (None, 10**15 + 1),
        )
        day, single = caps[step.x % len(caps)]
        currency = KUAIBI if step.y > 5 else INSPIRATION
        return SetLimit(wallet.wallet_id, currency, "asked for", day, single)

    def _close(self, wallet: Wallet, step: "Step", _: Instant) -> Command:
        bits = step.x if step.y < 6 else 7
        return CloseWallet(
            wallet.wallet_id,
            "asked to",
            forfeit_balance=bool(bits & 1),
            end_membership=bool(bits & 2),
            write_off_claim=bool(bits & 4),
        )

    def _import(self, wallet: Wallet, step: "Step", now: Instant) -> Command:
        self.imports += 1
        if self.mood == "owing":
            return self._import_of_an_order_that_is_owed(wallet, step, now)
        lot = self._opening_lot(wallet, step, now)
        # What one minor unit cost here is out of all proportion: splits by cost are hard then.
        heavy = OpeningLot(
            f"old-{self.imports}-b",
            INSPIRATION,
            "purchased",
            1 + step.x % 4,
            now,
            now + HOUR_US if step.y % 3 else None,
            paid=True,
            cost_fen=100 + step.x,
            vat_fen=step.x,
            order_id=f"old-order-{step.z % 3}",
        )
        claim = OpeningClaim(f"old-order-{step.z % 3}", 60 + 5 * step.y, step.y, INSPIRATION)
        empty = ImportOpening(wallet.wallet_id)
        if step.x == 11:
            return empty
        lots = ((lot,), (heavy,), (lot, heavy), (lot, lot), ())[step.y % 5]
        claims = ((), (claim,), (claim,), (self._other_claim(step), claim))[step.x % 4]
        return ImportOpening(wallet.wallet_id, lots, claims, (0, 0, 25, -1)[step.z % 4])

    def _import_of_an_order_that_is_owed(
        self, wallet: Wallet, step: "Step", now: Instant
    ) -> Command:
        name = f"old-order-{self.imports}"
        lots = tuple(
            OpeningLot(
                f"old-{self.imports}-{index}",
                INSPIRATION,
                "purchased",
                amount,
                now - step.z,
                paid=True,
                cost_fen=40 + step.x,
                vat_fen=step.x % 5,
                order_id=name,
            )
            for index, amount in enumerate((1 + step.x % 3, 500 - step.y))
        )
        claim = OpeningClaim(name, 20 + 12 * step.y, step.z, INSPIRATION)
        return ImportOpening(wallet.wallet_id, lots, (claim,))

    def _opening_lot(self, wallet: Wallet, step: "Step", now: Instant) -> OpeningLot:
        expiries = (None, None, now + DAY_US, now + 40 * DAY_US, now, INSTANT_MAX + 1)
        paid = step.y % 6 != 3
        cost = (0, 57, 100, 1_000, 7)[step.x % 5]
        vat = (0, cost // 17, cost, cost + 1, -1)[step.x % 5 if step.z % 2 else 1]
        taken = [lot.terms.lot_id for lot in wallet.lots][:1] if step.z == 5 else []
        return OpeningLot(
            taken[0] if taken else f"old-{self.imports}-a",
            KUAIBI if step.z % 3 == 0 else INSPIRATION,
            SOURCES[step.y % 6],
            (100, 1_000, 333, 7_000, 0)[(step.x + step.y) % 5],
            now - step.z * HOUR_US,
            expiries[step.z % 6],
            paid,
            cost if paid or step.x == 3 else 0,
            vat if paid else 0,
            f"old-order-{step.z % 3}" if step.x % 2 or step.y % 5 == 2 else None,
        )

    def _other_claim(self, step: "Step") -> OpeningClaim:
        fen, vat = ((30, 2), (0, 0), (10, 11), (10, -1), (999, 0))[step.x % 5]
        return OpeningClaim("old-order-9", fen, vat, KUAIBI)
