"""The command tree. Every command's module is imported when it runs: start-up stays quick."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ledger.cli.admin.commands import register
from ledger.cli.command_error import CommandError
from ledger.cli.streams import Streams

app = App(name="ledger", help="The payments and virtual-currency ledger.", version_flags=[])
register(app)

Json = Annotated[bool, Parameter(name="--json", negative=())]

FAILED = 1
"""Exit code of a command that ran and found something wrong."""

REFUSED = 2
"""Exit code of a command that could not run as it was called."""

STOPPED = 130
"""Exit code of a command that was interrupted (Ctrl-C)."""


@app.command
def serve(*, dev: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Serve HTTP until told to stop.

    Parameters
    ----------
    dev
        Development: an embedded Postgres unless LEDGER_DATABASE_URL is set, the sandbox
        channel, a movable clock and a development key.
    """
    from ledger.cli.serve import run

    run(development=dev)


@app.command
def init(
    *, shards: int | None = None, dev: Annotated[bool, Parameter(negative=())] = False
) -> None:
    """Make the ledger in an empty database, or bring an initialised one up to date.

    Parameters
    ----------
    shards
        How many serial logs the ledger has, for life (2 by default; 8 to 16 for a cluster).
    dev
        A development ledger, with the sandbox channel and a movable clock; for life.
    """
    from ledger.cli.database import run_init

    run_init(shards=shards, development=dev)


@app.command
def migrate() -> None:
    """Bring the schema, the reference data and the service's rights up to date."""
    from ledger.cli.database import run_migrate

    run_migrate()


@app.command
def verify(*, json: Json = False) -> None:
    """Derive wallets, documents, requests, totals and blocks again from the log, and compare.

    Exit code 0 when all agrees, 1 when anything differs.
    """
    from ledger.cli.verify import run

    sys.exit(run(as_json=json))


@app.command
def jobs(
    *,
    once: Annotated[bool, Parameter(negative=())] = False,
    metrics_port: int | None = None,
    json: Json = False,
) -> None:
    """Do the jobs, the sweeping of what fell due among them, apart from any server.

    Servers do them too unless LEDGER_JOBS=off; however many processes do, one at a time works.

    Parameters
    ----------
    once
        Sweep until nothing is due, say what was done, and end.
    metrics_port
        Serve Prometheus metrics on this port of LEDGER_HTTP_HOST.
    """
    from ledger.cli.jobs import run

    run(once=once, metrics_port=metrics_port, as_json=json)


@app.command(name="import")
def import_(
    *paths: Path,
    totals: Path | None = None,
    result: Path | None = None,
    name: str | None = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    additional: Annotated[bool, Parameter(negative=())] = False,
    json: Json = False,
) -> None:
    """Import balances of an earlier system; run again after a stop, it goes on.

    Exit code 0 when everything is in the books, 1 when wallets were refused, 2 when the files or
    their totals are wrong and nothing was imported.

    Parameters
    ----------
    paths
        A folder with lots.csv, claims.csv and payables.csv, any of them; or these files.
    totals
        A CSV file of control totals (name,value); nothing is imported if one differs.
    result
        Where to write, as CSV, which wallets were refused and why.
    name
        The import's name; by default a digest of the files.
    dry_run
        Check everything and tell what would happen; write nothing.
    additional
        Also give to wallets to which an import of another name gave something else before.
    """
    from ledger.cli.importing import ImportOptions, run

    sys.exit(run(ImportOptions(paths, totals, result, name, dry_run, additional, json)))


@app.command
def bench(
    *,
    json: Json = False,
    seconds: float | None = None,
    wallets: int = 50_000,
    only: str | None = None,
    against: Path | None = None,
    rounds: int | None = None,
) -> None:
    """Measure the ledger on this machine, as ratios in one run on one Postgres with fsync on.

    Exit code 1 when a request failed or the books do not agree, but not for being slow.

    Parameters
    ----------
    seconds
        For how long each measurement runs, 5 by default; against another checkout each turn, 2.
    wallets
        Over how many wallets debits are spread.
    only
        Comma-separated letters of the measurements to run, such as `a,b`.
    against
        Another checkout with its own .venv: the two take turns, and what is compared is the CPU
        time of a debit, of worker and Postgres together.
    rounds
        How many turns each checkout takes at each measurement: 20 by default, 7 at least.
    """
    from ledger.cli.bench import BenchOptions, run

    run(
        BenchOptions(
            as_json=json,
            seconds=seconds,
            wallets=wallets,
            only=only,
            against=against,
            rounds=rounds,
        )
    )


def main() -> None:
    """Run a command, and exit with its code; writing what it says never fails it."""
    streams = Streams()
    sys.exit(streams.exit_code(_run()))


def _run() -> int:
    """The exit code of the command; says in one sentence what kept it from running."""
    try:
        app()
    except SystemExit as end:
        return 0 if end.code is None else int(end.code)
    except KeyboardInterrupt:
        return STOPPED
    except Exception as error:
        if not isinstance(error, CommandError | OSError):
            # Imported late: commands over the API need none of the modules that the others fail in.
            from ledger.cli.failures import EXPECTED

            if not isinstance(error, EXPECTED):
                raise
        print(f"ledger: {error}", file=sys.stderr)
        return REFUSED
    return 0
