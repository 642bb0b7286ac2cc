"""Fixtures: clients made of the document of a live ledger, each in a temporary folder."""

import os
import shutil
import subprocess
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.kit.keys import DEV_KEY
from tests.kit.serving import Served

FOLDER: Final = Path(__file__).parent
DOCUMENT: Final = "/schema/openapi.json"

Client = Callable[[str], None]
"""A generated client: what has it do one thing, by the name of a function of its `calls`."""


def run(tools: Path, *command: str | Path) -> None:
    """Run a command beside its tools, which come first; fails with all that it said."""
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        command, cwd=tools.parents[1], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"


@pytest.fixture(scope="session")
def python_client(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """A client of openapi-python-client, and the calls with it, which mypy finds right."""
    folder = tmp_path_factory.mktemp("clients") / "python"
    shutil.copytree(FOLDER / "python", folder)
    venv.create(folder / "venv", with_pip=True)
    tools = folder / "venv" / "bin"
    run(tools, tools / "python", "-m", "pip", "install", "-q", "-r", "requirements.txt")
    generate = ("openapi-python-client", "generate", "--fail-on-warning", "--meta", "none")
    run(tools, *generate, "--url", served.url + DOCUMENT, "--output-path", "ledger_client")
    # The generator's own frame of a client is not strictly typed, and not ours.
    run(tools, "mypy", "--strict", "--follow-imports=silent", "calls.py")
    return lambda what: run(tools, tools / "python", "calls.py", what, served.url, DEV_KEY)


@pytest.fixture(scope="session")
def typescript_client(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """The types of openapi-typescript, and the calls with them, which tsc finds right."""
    assert shutil.which("npm"), "npm is missing: install Node.js 20 or later"
    folder = tmp_path_factory.mktemp("clients") / "typescript"
    shutil.copytree(FOLDER / "typescript", folder)
    tools = folder / "node_modules" / ".bin"
    run(tools, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    run(tools, "openapi-typescript", served.url + DOCUMENT, "--output", "ledger.d.ts")
    run(tools, "tsc")
    return lambda what: run(tools, "node", "made/calls.js", what, served.url, DEV_KEY)
