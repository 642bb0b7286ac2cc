"""Terms made by hand, a store in memory that keeps bytes as Postgres does, and shorthand."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from hypothesis import HealthCheck, settings
from msgspec import Struct
from msgspec.structs import replace

from ledger.core import wire
from ledger.core.batch import (
    Batch,
    Decided,
    Done,
    Envelope,
    Head,
    Outcome,
    Remembered,
    RequestKey,
    Snapshot,
    decide_batch,
    dues,
)
from ledger.core.chain import Block, Record, Tree
from ledger.core.chart import (
    FUNDS_SANDBOX,
    LIABILITY_INSPIRATION,
    LIABILITY_KUAIBI,
    LIABILITY_MEMBERSHIP,
    RECEIVABLE_APPLE,
)
from ledger.core.decider import Command, Event, charge_of, evolve, refs_of
from ledger.core.entries import documents_after
from ledger.core.instants import INSTANT_MAX, Instant, to_instant
from ledger.core.terms import Channel, Currency, Plan, Policy, Promotion, Sku, Terms
from ledger.core.wallet import Document, Wallet
from tests.auditor import Auditor
from tests.auditor_books import Catalogue

INSPIRATION = 1001
KUAIBI = 1002
SHARD = 1

TERMS = Terms(
    version="2026-01-01",
    currencies={
        "INSPIRATION": Currency(INSPIRATION, "INSPIRATION", "灵感值", LIABILITY_INSPIRATION),
        "KUAIBI": Currency(KUAIBI, "KUAIBI", "快币", LIABILITY_KUAIBI),
    },
    skus={
        "image": Sku("image", INSPIRATION, 20),
        "video-5s-standard": Sku("video-5s-standard", INSPIRATION, 1_000),
        "video-5s-professional": Sku("video-5s-professional", INSPIRATION, 3_500),
        "video-10s-standard": Sku("video-10s-standard", INSPIRATION, 2_000),
        "video-10s-professional": Sku("video-10s-professional", INSPIRATION, 7_000),
    },
    plans={
        "gold": Plan("gold", "黄金", 6_600, 66_000, ("watermark_removal",), 4),
        "platinum": Plan("platinum", "铂金", 26_600, 300_000, (), 5),
        "diamond": Plan("diamond", "钻石", 66_600, 800_000, (), 6),
        "black": Plan("black", "黑金", 131_400, 2_600_000, (), 7),
        # So few points that stories spend them all, and lots leave and come back.
        "mini": Plan("mini", "迷你", 100, 700, (), 1),
        "midi": Plan("midi", "中", 250, 2_000, (), 2),
        # Higher than the one before at the same price: to upgrade costs nothing.
        "maxi": Plan("maxi", "大", 250, 2_300, (), 3),
    },
    periods={"month": 1, "quarter": 3, "half_year": 6, "year": 12},
    channels={
        "sandbox": Channel("sandbox", FUNDS_SANDBOX, 1_000, 7_200),
        "apple": Channel("apple", RECEIVABLE_APPLE, 700, 600),
    },
    membership_currency=INSPIRATION,
    membership_liability=LIABILITY_MEMBERSHIP,
    daily_currency=INSPIRATION,
    daily_minor=6_600,
    recharge_min_fen=100,
    recharge_max_fen=5_000_000,
    vat_bp=600,
    promotions={
        "launch": Promotion(
            "launch",
            "开业七折",
            7_000,
            since=0,
            until=INSTANT_MAX,
            per_wallet_max=3,
            prices_fen={("mini", "month"): 50, ("midi", "quarter"): 499},
        ),
        "twice": Promotion(
            "twice",
            "对折再升级",
            5_000,
            since=0,
            until=INSTANT_MAX,
            per_wallet_max=2,
            stackable=True,
            prices_fen={("mini", "month"): 33},
        ),
        # From one Shanghai midnight that stories go to until another one.
        "brief": Promotion(
            "brief",
            "限时",
            9_000,
            since=1_769_875_200_000_000,
            until=1_773_158_400_000_000,
            per_wallet_max=100,
            prices_fen={("mini", "month"): 90},
        ),
    },
    policy=Policy(
        conversions=frozenset({(KUAIBI, INSPIRATION)}),
        conversion_day_minor={KUAIBI: 12_000},
        transfer_currencies=frozenset({KUAIBI}),
        creator_share_bp=5_000,
    ),
)

TIGHT = replace(TERMS, lots_max=3, holds_max=2, orders_max=2, refunds_max=1, transfers_max=1)
"""The same terms with bounds that a few commands reach."""

STRICT = replace(
    TERMS,
    policy=Policy(
        conversions=frozenset({(KUAIBI, INSPIRATION), (INSPIRATION, KUAIBI)}),
        transfer_currencies=frozenset({KUAIBI, INSPIRATION}),
        creator_share_bp=3_333,
        spend_day_minor={INSPIRATION: 20_000, KUAIBI: 9_000},
        claims_block_spending=True,
    ),
    stopped=frozenset({"sku:image", "channel:apple"}),
)
"""The same terms in a strict house: caps a day, claims that block, a SKU and a channel stopped."""

VARIANTS = (TERMS, TIGHT, STRICT)

CODES = {INSPIRATION: "INSPIRATION", KUAIBI: "KUAIBI"}
FUNDS_PATHS = {"sandbox": "assets:funds:sandbox", "apple": "assets:receivable:apple"}

thorough = settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""The same examples in every run, and no limit of time: slow machines are no failures."""


def code_of(currency: int) -> str:
    """A currency's code; of one that the catalogue does not know, its number."""
    return CODES.get(currency, str(currency))


def catalogue_of(terms: Terms) -> Catalogue:
    """The terms as the plain numbers that the auditor is told."""
    return Catalogue(
        skus={sku.sku: (code_of(sku.currency), sku.price_minor) for sku in terms.skus.values()},
        plans={
            plan.plan: (plan.month_price_fen, plan.month_minor, plan.rank)
            for plan in terms.plans.values()
        },
        periods=terms.periods,
        channels={
            channel.channel: (
                FUNDS_PATHS[channel.channel],
                channel.minor_per_yuan,
                channel.order_ttl_s,
            )
            for channel in terms.channels.values()
        },
        promotions={
            promotion.promotion: {
                "factor_bp": promotion.factor_bp,
                "since": promotion.since,
                "until": promotion.until,
                "most": promotion.per_wallet_max,
                "stackable": promotion.stackable,
                "prices": promotion.prices_fen,
            }
            for promotion in terms.promotions.values()
        },
        conversions=frozenset((code_of(a), code_of(b)) for a, b in terms.policy.conversions),
        conversion_day=_by_code(terms.policy.conversion_day_minor),
        transferable=frozenset(code_of(currency) for currency in terms.policy.transfer_currencies),
        creator_share_bp=terms.policy.creator_share_bp,
        spend_day=_by_code(terms.policy.spend_day_minor),
        claims_block_spending=terms.policy.claims_block_spending,
        stopped=terms.stopped,
        daily_minor=terms.daily_minor,
        recharge_min_fen=terms.recharge_min_fen,
        recharge_max_fen=terms.recharge_max_fen,
        vat_bp=terms.vat_bp,
        quantity_max=terms.quantity_max,
        lots_max=terms.lots_max,
        holds_max=terms.holds_max,
        orders_max=terms.orders_max,
        refunds_max=terms.refunds_max,
        transfers_max=terms.transfers_max,
        amount_max=terms.amount_minor_max,
    )


def _by_code(amounts: Mapping[int, int]) -> dict[str, int]:
    return {code_of(currency): amount for currency, amount in amounts.items()}


def auditor_for(terms: Terms, *, closed_through: int = 0) -> Auditor:
    """An auditor that was told these terms."""
    return Auditor(catalogue_of(terms), closed_through=closed_through)


def at(text: str) -> Instant:
    """The instant of a wall clock in Shanghai, `2026-01-31T12:00` say, or with an offset."""
    moment = datetime.fromisoformat(text)
    return to_instant(moment if moment.tzinfo else datetime.fromisoformat(f"{text}+08:00"))


class Journal:
    """A shard's store in memory: everything is kept as bytes and decoded for every batch."""

    def __init__(self, terms: Terms = TERMS, *, closed_through: int = 0) -> None:
        self.terms = terms
        self.closed_through = closed_through
        self.records: list[Record] = []
        self.blocks: list[Block] = []
        self.tree = Tree()
        self.wallets: dict[str, bytes] = {}
        self.seqs: dict[str, int] = {}
        self.documents: dict[tuple[str, str, str], bytes] = {}
        self.charges: dict[tuple[str, str], int] = {}
        self.requests: dict[RequestKey, tuple[bytes, bytes, int | None]] = {}
        self.salts: dict[RequestKey, bytes | None] = {}
        self.totals: dict[tuple[int, int, int], tuple[int, int]] = {}

    def run(self, envelopes: Sequence[Envelope], now: Instant) -> Batch:
        """Load what the batch names, decide it, and keep what it decided."""
        snapshot = self._load(envelopes, now)
        batch = decide_batch(snapshot, envelopes, lambda _: self.terms)
        self._append(batch)
        return batch

    def _load(self, envelopes: Sequence[Envelope], now: Instant) -> Snapshot:
        head = Head(SHARD, len(self.records), self.tree, self.closed_through, now)
        snapshot = Snapshot(head, {}, {}, {})
        for envelope in envelopes:
            wallet_id = envelope.command.wallet_id
            if wallet_id in self.wallets:
                snapshot.wallets[wallet_id] = self.wallet(wallet_id)
            for kind, name in refs_of(envelope.command):
                document = self.document(wallet_id, kind, name)
                if document is not None:
                    snapshot.documents[wallet_id, kind, name] = document
            key = (wallet_id, envelope.caller, envelope.key_hash)
            if key in self.requests:
                snapshot.remembered[key] = self.remembered(key)
        return snapshot

    def wallet(self, wallet_id: str) -> Wallet:
        """The wallet as it was last stored; one never seen is empty."""
        state = self.wallets.get(wallet_id)
        return Wallet(wallet_id) if state is None else wire.decode_wallet(state)

    def wallet_at(self, wallet_id: str, now: Instant) -> Wallet:
        """The wallet with its dues applied in memory, as a read shows it."""
        wallet = self.wallet(wallet_id)
        for _, event in dues(wallet, now):
            wallet = evolve(wallet, event)
        return wallet

    def documents_at(self, wallet_id: str, now: Instant) -> dict[tuple[str, str], Document]:
        """The wallet's documents with its dues applied in memory."""
        documents = {
            (kind, name): wire.decode_document(state)
            for (owner, kind, name), state in self.documents.items()
            if owner == wallet_id
        }
        wallet = self.wallet(wallet_id)
        for instant, event in dues(wallet, now):
            documents.update(documents_after(wallet, event, instant))
            wallet = evolve(wallet, event)
        return documents

    def document(self, wallet_id: str, kind: str, name: str) -> Document | None:
        """The document of this name; a charge that was never refunded is in its event alone."""
        state = self.documents.get((wallet_id, kind, name))
        if state is not None:
            return wire.decode_document(state)
        seq = self.charges.get((wallet_id, name)) if kind == "charge" else None
        return None if seq is None else charge_of(self.event(seq))

    def remembered(self, key: RequestKey) -> Remembered:
        """What a key was first used for and answered with."""
        command, verdict, seq = self.requests[key]
        answer: Outcome = wire.decode_verdict(verdict) if seq is None else self.event(seq)
        return Remembered(command, self.salts.get(key, b""), answer)

    def event(self, seq: int) -> Event:
        """The event of a seq, from its payload."""
        return wire.decode_event(self.records[seq - 1].payload)

    def _append(self, batch: Batch) -> None:
        self.records.extend(batch.records)
        for record in batch.records:
            self.seqs[record.wallet_id] = record.seq
            charge = charge_of(wire.decode_event(record.payload))
            if charge is not None:
                self.charges[record.wallet_id, charge.charge_id] = record.seq
        for name, wallet in batch.wallets.items():
            self.wallets[name] = wire.encode(wallet)
        for ref, document in batch.documents.items():
            self.documents[ref] = wire.encode(document)
        for request in batch.requests:
            sent = request.command if request.seq is None else self.records[request.seq - 1].command
            key = (request.wallet_id, request.caller, request.key_hash)
            self.requests[key] = (sent, request.verdict, request.seq)
        for text in batch.texts:
            self.salts[text.wallet_id, text.caller, text.key_hash] = text.salt
        for place, (debit, credit) in batch.totals.items():
            debits, credits_ = self.totals.get(place, (0, 0))
            self.totals[place] = (debits + debit, credits_ + credit)
        if batch.block is not None and batch.tree is not None:
            self.blocks.append(batch.block)
            self.tree = batch.tree


class Desk(Struct):
    """Sends commands one by one, each under a key of its own unless one is named."""

    journal: Journal
    now: Instant
    sent: int = 0

    def send(self, command: Command, *, key: str | None = None, caller: str = "app") -> Outcome:
        """The answer to one command at the desk's present instant."""
        outcome = self.journal.run([self.envelope(command, key=key, caller=caller)], self.now)
        return answer_of(outcome.decided[0])

    def envelope(
        self, command: Command, *, key: str | None = None, caller: str = "app"
    ) -> Envelope:
        """The command on its way, with a fresh id and salt made of a running number."""
        self.sent += 1
        return envelope_of(command, self.sent, key or f"key-{self.sent}", caller)


def envelope_of(command: Command, number: int, key: str, caller: str) -> Envelope:
    """A command on its way; the number makes its fresh id and its salt."""
    return Envelope(caller, key.encode(), command, f"{number:030x}", b"salt-%d" % number)


def answer_of(outcome: Decided) -> Outcome:
    """The answer of a command that did not fail; one that did raises its bug here."""
    if not isinstance(outcome, Done):
        raise outcome.error
    return outcome.outcome


def desk_at(text: str, terms: Terms = TERMS) -> Desk:
    """A new ledger with its clock at a Shanghai time."""
    return Desk(Journal(terms), at(text))


def balances(wallet: Wallet) -> Mapping[str, tuple[int, int]]:
    """Available and held by lot id."""
    return {lot.terms.lot_id: (lot.available_minor, lot.held_minor) for lot in wallet.lots}
