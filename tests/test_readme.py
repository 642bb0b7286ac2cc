"""The README's examples: every command is run in one shell, every answer compared."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kit.databases import Database
from tests.kit.keys import DEV_KEY
from tests.kit.serving import Served, serving

README = Path(__file__).parents[1] / "README.md"
_BLOCKS = re.compile(r"```sh\n(.*?)```\n(?:```json\n(.*?)```)?", re.DOTALL)
_MARK = "--- next ---"


@pytest.fixture
async def newcomer(database: Database, tmp_path: Path) -> AsyncIterator[Served]:
    """A service nobody has used yet."""
    async with serving(database, tmp_path) as service:
        yield service


async def test_the_examples_give_what_they_show(newcomer: Served) -> None:
    """A newcomer who types what the README says sees what the README shows."""
    blocks = _BLOCKS.findall(README.read_text())
    assert len(blocks) >= 10
    script = f"\necho '{_MARK}'\n".join(commands for commands, _ in blocks)
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-euc",
        script,
        env={
            **os.environ,
            "LEDGER": newcomer.url,
            "LEDGER_DATABASE_URL": newcomer.database_url,
            "KEY": DEV_KEY,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await shell.communicate()
    assert shell.returncode == 0, out.decode()
    answers = out.decode().split(f"{_MARK}\n")
    for (commands, shown), answer in zip(blocks, answers, strict=True):
        pattern = ".*?".join(re.escape(part) for part in shown.split("…"))
        assert re.fullmatch(pattern, answer, re.DOTALL), f"{commands}\n{answer}\nnot\n{shown}"


def test_the_two_commands_are_the_first_thing_shown() -> None:
    """Whoever runs the README's own commands runs `make serve` and `make test`."""
    first = re.search(r"```\n(.*?)```", README.read_text(), re.DOTALL)
    assert first is not None
    assert first[1] == "make serve\nmake test\n"
