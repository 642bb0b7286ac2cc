"""Commands under the names that they had before: they still work, and say what they are called now.

All of them went over the API, and still do.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from cyclopts import App

from ledger.cli.admin import keys
from ledger.cli.admin.connection_options import DEFAULT_URL, ON_HOST, HostOptions, Id, Yes

apikey: Final = App(name="apikey", help="Now `ledger key`.", show=False)


@apikey.command(name="list")
async def list_keys(*, caller: str | None = None, where: HostOptions = ON_HOST) -> None:
    """Now `ledger key list`."""
    await keys.list_(caller=caller, where=_over_api(where, "key list"))


@apikey.command
async def create(
    caller: str,
    scopes: str,
    *,
    reason: str,
    expires_in_s: int | None = None,
    out: Path | None = None,
    where: HostOptions = ON_HOST,
) -> None:
    """Now `ledger key create`."""
    await keys.create(
        caller,
        scopes,
        options=keys.NewKeyOptions(expires_in_days=_days(expires_in_s), reason=reason, out=out),
        where=_over_api(where, "key create"),
    )


@apikey.command
async def rotate(
    key_id: Id,
    *,
    reason: str,
    overlap_s: int = 86_400,
    expires_in_s: int | None = None,
    out: Path | None = None,
    where: HostOptions = ON_HOST,
) -> None:
    """Now `ledger key rotate`."""
    await keys.rotate(
        key_id,
        overlap_hours=overlap_s / 3_600,
        options=keys.SuccessorOptions(expires_in_days=_days(expires_in_s), reason=reason, out=out),
        where=_over_api(where, "key rotate"),
    )


@apikey.command
async def revoke(
    key_id: Id, *, reason: str, yes: Yes = False, where: HostOptions = ON_HOST
) -> None:
    """Now `ledger key revoke`."""
    await keys.revoke(key_id, reason=reason, yes=yes, where=_over_api(where, "key revoke"))


async def rate(
    caller: Id,
    *,
    reason: str,
    rate_per_s: int | None = None,
    burst: int | None = None,
    where: HostOptions = ON_HOST,
) -> None:
    """Now `ledger key limit`; with neither number, `ledger key limit --none`."""
    await keys.limit(
        caller,
        rate_per_s=rate_per_s,
        burst=burst,
        none=rate_per_s is None and burst is None,
        reason=reason,
        where=_over_api(where, "key limit"),
    )


def _over_api(where: HostOptions, name: str) -> HostOptions:
    print(f"ledger: this is `ledger {name}` now (with --url, over the API)", file=sys.stderr)
    return where if where.is_over_api else replace(where, url=DEFAULT_URL)


def _days(seconds: int | None) -> float | None:
    return None if seconds is None else seconds / 86_400
