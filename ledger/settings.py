"""Settings: environment variables, typed and checked, with a sentence for each mistake."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from ledger.core.money import AmountError, parse_amount

_DEV_KEY: Final = re.compile(r"[\x21-\x7e]{32,128}")
_SECONDS: Final = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?", re.ASCII)


class SettingsError(ValueError):
    """An environment variable has a value that cannot be; the message names it."""


class Tls(Struct, frozen=True):
    """Files in PEM: the server's certificate and key; with `client_ca` callers need one of its."""

    cert: Path
    key: Path
    client_ca: Path | None = None


class Settings(Struct, frozen=True):
    """Everything that a deployment may set.

    `grpc_port` is None where gRPC is off, `grpc_tls` where it is plain. `jobs` says whether a
    server does the jobs too; `grant_day_cap_minor` is what a caller may grant of a currency a
    Shanghai day, None for no cap.
    """

    http_host: str = "127.0.0.1"
    http_port: int = 8000
    grpc_host: str = "127.0.0.1"
    grpc_port: int | None = 50051
    grpc_tls: Tls | None = None
    data_dir: Path = Path(".ledger")
    database_url: str | None = None
    owner_database_url: str | None = None
    workers: int = 1
    dev_api_key: str | None = None
    development: bool = False
    access_log: bool = True
    shards: int | None = None
    postgres_port: int | None = None
    jobs: bool = True
    sweep_interval_s: float = 1.0
    grant_day_cap_minor: int | None = None


def read_settings(environ: Mapping[str, str], *, development: bool = False) -> Settings:
    """The settings of an environment. Raises SettingsError."""
    key = environ.get("LEDGER_DEV_API_KEY") or None
    if key is not None and not _DEV_KEY.fullmatch(key):
        raise SettingsError("LEDGER_DEV_API_KEY must be 32 to 128 visible ASCII characters")
    return Settings(
        http_host=environ.get("LEDGER_HTTP_HOST") or "127.0.0.1",
        http_port=_whole(environ, "LEDGER_HTTP_PORT", 8000, 0, 65_535),
        grpc_host=environ.get("LEDGER_GRPC_HOST") or "127.0.0.1",
        grpc_port=_grpc_port(environ),
        grpc_tls=_grpc_tls(environ),
        data_dir=Path(environ.get("LEDGER_DATA_DIR") or ".ledger"),
        database_url=environ.get("LEDGER_DATABASE_URL") or None,
        owner_database_url=environ.get("LEDGER_OWNER_DATABASE_URL") or None,
        workers=_whole(environ, "LEDGER_WORKERS", 1, 1, 64),
        dev_api_key=key,
        development=development,
        access_log=_whole(environ, "LEDGER_ACCESS_LOG", 1, 0, 1) == 1,
        shards=_whole(environ, "LEDGER_SHARDS", 0, 0, 256) or None,
        postgres_port=_whole(environ, "LEDGER_POSTGRES_PORT", 0, 0, 65_535) or None,
        jobs=_on(environ, "LEDGER_JOBS"),
        sweep_interval_s=_seconds(environ, "LEDGER_SWEEP_INTERVAL_S", 1.0),
        grant_day_cap_minor=_amount(environ, "LEDGER_GRANT_DAY_CAP"),
    )


def _whole(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environ.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
        raise SettingsError(
            f"{name} must be a whole number from {least} to {most}, not {text[:40]!r}"
        )
    return int(text)


def _grpc_port(environ: Mapping[str, str]) -> int | None:
    if environ.get("LEDGER_GRPC_PORT") == "off":
        return None
    try:
        return _whole(environ, "LEDGER_GRPC_PORT", 50_051, 0, 65_535)
    except SettingsError as error:
        raise SettingsError(f"{error}; or off") from None


def _grpc_tls(environ: Mapping[str, str]) -> Tls | None:
    cert, key, client_ca = (
        environ.get(f"LEDGER_GRPC_TLS_{what}") for what in ("CERT", "KEY", "CLIENT_CA")
    )
    if not cert and not key and not client_ca:
        return None
    if not cert or not key:
        raise SettingsError("gRPC over TLS needs LEDGER_GRPC_TLS_CERT and LEDGER_GRPC_TLS_KEY")
    return Tls(Path(cert), Path(key), Path(client_ca) if client_ca else None)


def _on(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name) or "on"
    if text not in {"on", "off"}:
        raise SettingsError(f"{name} must be on or off, not {text[:40]!r}")
    return text == "on"


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name)
    if not text:
        return default
    if not (_SECONDS.fullmatch(text) and 0.05 <= float(text) <= 3_600):
        raise SettingsError(f"{name} must be seconds from 0.05 to 3600, not {text[:40]!r}")
    return float(text)


def _amount(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name)
    if not text:
        return None
    try:
        return parse_amount(text)
    except AmountError as error:
        raise SettingsError(f"{name} was {text[:40]!r}; {error}") from error
