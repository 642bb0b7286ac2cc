"""Every block of every document is run, or checked where it cannot be run."""

import re
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from ledger.embedded import EmbeddedPostgres
from tests.documents.command_lines import check_line
from tests.kit.databases import Database, connected, fresh_database
from tests.kit.document_examples import examples_of, play_shell
from tests.kit.keys import DEV_KEY
from tests.kit.markdown import (
    ROOT,
    document_names,
    is_printed,
    names_with,
    read_document,
)
from tests.kit.serving import Served, serving

LANGUAGES: Final = {"sh", "python", "console", "sql", "toml", "json", "text"}
PRINTED: Final = ("json", "text")

FIRST: Final = "ledger/finance/README.md"
"""The document that shows sums over all wallets, which those of others would change."""


@pytest.fixture(scope="module")
async def newcomer(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Served, Database]]:
    """A service that nobody has used, but for other documents, each with wallets of its own."""
    async with (
        fresh_database(postgres, template) as database,
        serving(database, tmp_path_factory.mktemp("documents")) as service,
    ):
        yield service, database


@pytest.mark.parametrize("name", document_names())
def test_every_block_is_of_a_language_that_is_run_or_checked(name: str) -> None:
    """A block says what it is. The first one of README.md is bare: CI reads it."""
    document = read_document(name)
    wrong = [
        document.at(block.line, block.language or "a block without a language")
        for block in document.blocks
        if block.language not in LANGUAGES
        and not (name == "README.md" and block == document.blocks[0])
    ]
    assert not wrong


@pytest.mark.parametrize("name", document_names())
def test_what_is_printed_stands_below_what_prints_it(name: str) -> None:
    """A block of JSON or text is what the block above it prints; a text by itself is a diagram."""
    document = read_document(name)
    strays = [
        document.at(block.line, "this follows no block that is run")
        for block in document.blocks
        if block.language == "json" and not is_printed(block, document)
    ]
    assert not strays


@pytest.mark.parametrize("name", sorted(names_with("sh"), key=lambda name: name != FIRST))
async def test_shell_examples_print_what_they_show(
    name: str, newcomer: tuple[Served, Database], tmp_path: Path
) -> None:
    """Whoever types what a document says sees what it shows, after the first block of README.md."""
    examples = examples_of(read_document(name).blocks, "sh", PRINTED)
    setup, *rest = examples_of(read_document("README.md").blocks, "sh", PRINTED)
    examples = rest if name == "README.md" else examples
    service, database = newcomer
    environment = {
        "LEDGER": service.url,
        "GRPC": f"127.0.0.1:{service.grpc_port}",
        "KEY": DEV_KEY,
        **database.environment,
    }
    await play_shell(setup.source, examples, environment, tmp_path)


@pytest.mark.parametrize("name", names_with("python"))
def test_python_examples_are_run_by_the_test_of_the_sdk(name: str) -> None:
    """Python is shown beside the SDK only, whose test runs that document, or the one it names."""
    assert name.startswith("ledger/client/")
    assert Path(name).name in (ROOT / "tests/client/test_examples.py").read_text()


@pytest.mark.parametrize("name", names_with("sql"))
async def test_sql_runs_on_a_ledger(name: str, database: Database) -> None:
    """What an owner of the database is told to run is run."""
    for block in read_document(name).blocks:
        if block.language == "sql":
            async with connected(database.owner_url) as owner:
                await owner.execute(block.text)


@pytest.mark.parametrize("name", names_with("console"))
def test_lines_for_a_console_are_known_to_their_programs(name: str) -> None:
    """Commands that take minutes or change the machine (`console`) are parsed, not run.

    Those of `ledger` by its own command line; of `make`, `git` and `pip` it is seen that there is
    such a target, command or extra.
    """
    for block in read_document(name).blocks:
        if block.language == "console":
            for line in block.text.replace("\\\n", " ").splitlines():
                check_line(line)


@pytest.mark.parametrize("name", document_names())
def test_toml_is_toml(name: str) -> None:
    """What is shown of a file in TOML can be read as such."""
    for block in read_document(name).blocks:
        if block.language == "toml":
            tomllib.loads(block.text)


def test_the_two_commands_are_the_first_thing_shown() -> None:
    """Whoever runs the README's own commands runs `make serve` and `make test`."""
    first = re.search(r"```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert first is not None
    assert first[1] == "make serve\nmake test\n"
    assert read_document("README.md").blocks[0].text == first[1]
