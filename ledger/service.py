"""The composition root: it puts together what the edges call, and does nothing by itself."""

from collections.abc import Mapping
from typing import Final

import structlog

from ledger.access.audit_log import AuditLog
from ledger.access.callers import Callers
from ledger.access.keys import Keys
from ledger.access.proposals import Proposals
from ledger.catalog import Catalogue, load_catalogue
from ledger.channels import REGISTRY, make_channels, secret_names
from ledger.channels.contract import Channel
from ledger.core.batch import Done
from ledger.engine import Engine
from ledger.engine.clock import Clock
from ledger.engine.controls import Controls
from ledger.engine.grant_caps import CappedEngine
from ledger.engine.reading import reading_from
from ledger.engine.texts import Texts
from ledger.payments.notifications import Payments
from ledger.payments.outbox import Outbox
from ledger.payments.sandbox import SandboxControl
from ledger.payments.submissions import Submissions
from ledger.queries.directory import Directory
from ledger.queries.explanation import Explanations
from ledger.queries.feed import Feed
from ledger.queries.history import History
from ledger.queries.orders import Orders
from ledger.queries.readiness import Readiness
from ledger.queries.reports import Reports
from ledger.queries.switches import Switches
from ledger.queries.wallets import Wallets
from ledger.settings import Settings
from ledger.store import keys
from ledger.store.pool import Pool, create_pool
from ledger.store.schema import LedgerFacts, SchemaError, read_durability, read_facts

_log: Final = structlog.get_logger()

READ_CONNECTIONS: Final = 4


class Ledger:
    """One process's service. Made by `open_ledger`, inside the loop that it serves in."""

    def __init__(
        self,
        settings: Settings,
        facts: LedgerFacts,
        catalogue: Catalogue,
        pools: tuple[Pool, Pool],
        pepper: bytes,
        channels: Mapping[str, Channel],
    ) -> None:
        self.settings = settings
        self.facts = facts
        self.catalogue = catalogue
        self._engine_pool, self._read_pool = pools
        self.reading = reading_from(self._read_pool)
        self.clock = Clock(self.reading, movable=facts.development)
        self.controls = Controls(self.reading)
        terms_at = self.controls.terms_at(catalogue.at)
        known = self.controls.quarantined
        self._engine = Engine(self._engine_pool, facts.shards, terms_at, known)
        self._write_path: Engine | CappedEngine = self._engine
        if settings.grant_day_cap_minor is not None:
            cap_minor = settings.grant_day_cap_minor
            self._write_path = CappedEngine(self._engine, self.reading, facts.shards, cap_minor)
        self.texts = Texts(self.reading, facts.shards)
        submissions = Submissions(self._write_path, self.texts, self._start_open)
        self.submit, self.submit_many = submissions.submit, submissions.submit_many
        self.apply_dues = self._engine.apply_dues
        self.readiness = Readiness(self.reading, self.clock, facts.shards)
        self.wallets = Wallets(self.reading, facts.shards)
        self.orders = Orders(self.reading, self.clock, facts.shards)
        self.reports = Reports(self.reading, self.clock)
        self.history = History(self.reading, facts.shards)
        self.switches = Switches(self.reading)
        self.feed = Feed(self.reading)
        self.directory = Directory(self.reading, facts.shards)
        self.explanations = Explanations(self.reading, facts.shards)
        self.audit_log = AuditLog(self.reading)
        self.callers = Callers(pepper, self.reading)
        self.keys = Keys(self.reading)
        self.payments = Payments(self.submit, self.orders, self.reading, facts.shards, channels)
        self.outbox = Outbox(self._engine.submit, self.payments.ask, self.reading)
        self.proposals = Proposals(
            self.submit, self.texts.erase, self.reading, catalogue.at, facts.shards
        )
        self.sandbox = SandboxControl(self.payments, self.orders, self.reading)

    def _start_open(self, done: Done) -> None:
        # Made last, for it asks through the payments, which submit.
        self.outbox.start(done)

    def drain(self) -> None:
        """Refuse what comes from now on, and answer at once whoever only waits for events."""
        self.readiness.draining = True
        self.feed.drain()

    async def close(self) -> None:
        """Answer what is queued, then let go of the database."""
        self.drain()
        await self.controls.close()
        await self.feed.close()
        await self.outbox.close()
        await self._engine.close()
        await self.callers.close()
        for pool in (self._engine_pool, self._read_pool):
            pool.terminate()


async def open_ledger(settings: Settings) -> Ledger:
    """Connect, check the schema and the server's settings, and start the lanes.

    Raises SchemaError where the database is not one to run on.
    """
    if settings.database_url is None:
        raise SchemaError("LEDGER_DATABASE_URL is not set, and no embedded Postgres is running")
    read_pool = await create_pool(settings.database_url, size=READ_CONNECTIONS)
    try:
        async with read_pool.acquire() as connection:
            facts = await read_facts(connection)
            if not facts.development:
                await read_durability(connection)
            pepper = await keys.read_secret(connection, "api-key-pepper")
            names = secret_names(development=facts.development)
            channels = make_channels(await keys.read_secrets(connection, names))
        engine_pool = await create_pool(settings.database_url, size=facts.shards, engine=True)
    except BaseException:
        read_pool.terminate()
        raise
    without = REGISTRY.keys() - channels.keys()
    for name in without:
        if REGISTRY[name].secret in names:
            _log.warning("channel_without_secret", channel=name, secret=REGISTRY[name].secret)
    catalogue = load_catalogue(without=without)
    ledger = Ledger(settings, facts, catalogue, (engine_pool, read_pool), pepper, channels)
    try:
        await ledger.controls.begin()
    except BaseException:
        await ledger.close()
        raise
    return ledger
