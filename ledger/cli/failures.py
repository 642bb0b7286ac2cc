"""Errors that may end a command and are no bug: the message of each names the remedy."""

from typing import Final

import asyncpg

from ledger.catalog import CatalogueError
from ledger.cli.command_error import CommandError
from ledger.embedded import EmbeddedPostgresError
from ledger.engine import Unavailable
from ledger.settings import SettingsError
from ledger.store.schema import SchemaError

EXPECTED: Final = (
    CatalogueError,
    CommandError,
    EmbeddedPostgresError,
    SchemaError,
    SettingsError,
    Unavailable,
    asyncpg.CannotConnectNowError,
    asyncpg.exceptions.ClientConfigurationError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    OSError,
)
