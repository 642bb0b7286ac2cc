"""A reader that goes away, an output that was never opened: no failure of any command."""

import asyncio
import os
import re
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from ledger.cli.streams import UNWRITTEN
from tests.admin.conftest import Story
from tests.admin.desk import LEDGER, Desk
from tests.admin.every_command import Ended, Forks, Leaf, Streams, every_command
from tests.kit.databases import Database
from tests.kit.serving import free_port

TROUBLE = re.compile("Traceback|Exception ignored|BrokenPipe|Bad file|Errno")
PLAIN: tuple[Streams, ...] = ("out-gone", "out-full", "err-closed")
AS_JSON: tuple[Streams, ...] = ("out-closed", "err-gone")
NO_RING = "keyring.backends.fail.Keyring"


@pytest.fixture
def commands(story: Story, tmp_path: Path) -> list[Leaf]:
    """Every command, about things that there are."""
    sheet = tmp_path / "grants.csv"
    sheet.write_text(f"wallet_id,currency,amount,source,reason\n{story.wallet},KUAIBI,1,x,y\n")
    values = {
        "wallet-id": story.wallet,
        "hold-id": story.hold,
        "charge-id": story.charge,
        "order-id": story.order,
        "what": story.charge,
        "file": str(sheet),
        "currency": "KUAIBI",
        "amount": "1",
        "amount-cny": "1",
        "price-cny": "10",
        "expires-in-s": "3600",
        "channel": "sandbox",
        "plan": "gold",
        "period": "month",
        "scopes": "wallet:read",
        "source": "promotional",
    }
    return every_command(values)


@pytest.fixture
def host(desk: Desk, database: Database, tmp_path: Path) -> dict[str, str]:
    """The environment of an operator beside the database, who has no key."""
    nobody = {"LEDGER_URL": "", "LEDGER_API_KEY": "", "PYTHON_KEYRING_BACKEND": NO_RING}
    return desk.environment({**database.environment, "LEDGER_DATA_DIR": str(tmp_path), **nobody})


@pytest.mark.faults
async def test_no_command_minds_a_closed_stream(
    desk: Desk, host: dict[str, str], commands: list[Leaf]
) -> None:
    """Each ends as where all is read, with that exit code; on a full disk it says so, with 74."""
    over_api = [command for command in commands if "--url" in command.options]
    assert len(over_api) > 40
    complaints = await asyncio.gather(
        asyncio.to_thread(complaints_of, desk.environment({}), over_api),
        asyncio.to_thread(complaints_of, host, commands),
    )
    assert not [*complaints[0], *complaints[1]]


def complaints_of(environment: dict[str, str], commands: list[Leaf]) -> list[str]:
    """What is wrong with how the commands take closed streams."""
    complaints = []
    with Forks(environment) as forks:
        for command in commands:
            key = ["--idempotency-key", "k"] if "--idempotency-key" in command.options else []
            arguments = [*command.words, *command.arguments, *key]
            wanted = forks.run(arguments, "open")
            if "there is no API key" in wanted.err:
                continue
            for streams in PLAIN:
                complaints += complaint_of(
                    arguments, streams, forks.run(arguments, streams), wanted
                )
            if "--json" in command.options:
                arguments.append("--json")
                wanted = forks.run(arguments, "open")
            for streams in AS_JSON:
                complaints += complaint_of(
                    arguments, streams, forks.run(arguments, streams), wanted
                )
    return complaints


def complaint_of(arguments: list[str], streams: Streams, ended: Ended, wanted: Ended) -> list[str]:
    """What is wrong with how a command ended, beside how it ends where all is read."""
    code, out, err = wanted.code, bool(wanted.out), bool(wanted.err)
    if streams == "out-full" and out:
        code, err = code or UNWRITTEN, True
    if streams.startswith("out"):
        out = False
    else:
        err = False
    is_quiet = not TROUBLE.search(ended.out + ended.err)
    if is_quiet and (ended.code, bool(ended.out), bool(ended.err)) == (code, out, err):
        return []
    return [f"{' '.join(arguments)} ({streams}): {ended}, not as {wanted}"]


MORE_STREAMS = ("| head -1", ">&-", "2>&-", "> /dev/full")


@pytest.mark.parametrize(
    "streams",
    ["| true", *(pytest.param(more, marks=pytest.mark.faults) for more in MORE_STREAMS)],
)
async def test_what_verify_found_is_neither_lost_nor_invented(
    host: dict[str, str], owner: Any, streams: str
) -> None:
    """0 (on a full disk 74) where the books agree, 1 where they differ, read or unread."""
    verify = f"{LEDGER} verify {streams}; exit ${{PIPESTATUS[0]}}"
    agree = await shell(verify, host)
    assert agree == (UNWRITTEN if "full" in streams else 0)
    await owner.execute("UPDATE shards SET seq = 7 WHERE shard = 1")
    assert await shell(verify, host) == 1


async def shell(script: str, environment: dict[str, str]) -> int:
    """The exit code of a script, whose errors must not be those of Python."""
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        script,
        env=environment,
        stdout=PIPE,
        stderr=PIPE,
    )
    _, err = await process.communicate()
    assert not TROUBLE.search(err.decode())
    assert process.returncode is not None
    return process.returncode


@pytest.mark.faults
async def test_a_service_goes_on_when_nobody_reads_its_log(
    desk: Desk, database: Database, tmp_path: Path
) -> None:
    """`ledger serve | head -1`: every request is answered, and nothing is said of broken pipes."""
    port = free_port()
    own = {
        **database.environment,
        "LEDGER_HTTP_PORT": str(port),
        "LEDGER_GRPC_PORT": "off",
        "LEDGER_DATA_DIR": str(tmp_path),
        "LEDGER_DEV_API_KEY": desk.key,
    }
    reader, writer = os.pipe()
    process = await asyncio.create_subprocess_exec(
        LEDGER, "serve", "--dev", env=desk.environment(own), stdout=writer, stderr=PIPE
    )
    os.close(writer)
    ready = f"ready at http://127.0.0.1:{port}"
    with os.fdopen(reader) as log:
        # It may log that it was asked whether it is ready before it says so itself.
        assert await asyncio.to_thread(lambda: any(ready in line for line in log))
    try:
        for _ in range(3):
            answered = await desk.run("caller", "me", "--url", f"http://127.0.0.1:{port}")
            assert answered.code == 0, answered.err
    finally:
        process.terminate()
        _, err = await process.communicate()
    assert err == b""
