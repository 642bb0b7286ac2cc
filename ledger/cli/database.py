"""Where a command's database is, and the commands that make and migrate it."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from ledger.catalog import load_catalogue
from ledger.channels import drawn_secret_names
from ledger.cli.command_error import CommandError
from ledger.embedded import attach
from ledger.settings import Settings, read_settings
from ledger.store.schema import initialise, migrate
from ledger.telemetry import configure_logging

EMBEDDED_OWNER: Final = "postgres"
EMBEDDED_SERVICE: Final = "ledger_login"


@contextmanager
def settings_with_database() -> Iterator[Settings]:
    """The settings with a database to talk to: the one that is set, or the embedded one.

    An embedded Postgres that does not run is started for the command and stopped after it.
    """
    # Standard output is for what the command has to say.
    configure_logging(level=logging.WARNING, to=sys.stderr)
    settings = read_settings(os.environ)
    if settings.database_url is not None:
        yield settings
        return
    if settings.owner_database_url is None and not settings.data_dir.exists():
        raise CommandError(
            f"there is no database: set LEDGER_DATABASE_URL, or run where "
            f"{settings.data_dir} holds the development server's data"
        )
    with attach(settings.data_dir) as postgres:
        yield with_embedded(settings, postgres.url)


def with_embedded(settings: Settings, url: Callable[[str], str]) -> Settings:
    """The settings, pointing at an embedded Postgres."""
    return replace(
        settings,
        database_url=url(EMBEDDED_SERVICE),
        owner_database_url=url(EMBEDDED_OWNER),
    )


def user_of(url: str) -> str:
    """The user that a database URL logs in as."""
    user = urlsplit(url).username
    if not user:
        raise CommandError(
            "LEDGER_DATABASE_URL must name its user, as in postgresql://user@host/db"
        )
    return unquote(user)


def owner_url(settings: Settings) -> str:
    """The URL for changes of the schema: the owner's, or the service's where there is but one."""
    url = settings.owner_database_url or settings.database_url
    assert url is not None
    return url


async def initialise_database(settings: Settings, *, development: bool) -> None:
    """Make the ledger, or bring it up to date, as the settings say."""
    await initialise(
        owner_url(settings),
        user_of(settings.database_url or owner_url(settings)),
        load_catalogue().currency_codes(),
        secrets=drawn_secret_names(development=development),
        shards=settings.shards,
        development=development,
    )


def run_init(*, shards: int | None, development: bool) -> None:
    """`ledger init`."""
    with settings_with_database() as settings:
        chosen = replace(settings, shards=shards or settings.shards)
        asyncio.run(initialise_database(chosen, development=development))
    print("The ledger is ready: start it with `ledger serve`.")


def run_migrate() -> None:
    """`ledger migrate`."""
    with settings_with_database() as settings:
        url = owner_url(settings)
        service_user = user_of(settings.database_url or url)
        asyncio.run(migrate(url, service_user, load_catalogue().currency_codes()))
    print("The schema is up to date.")
