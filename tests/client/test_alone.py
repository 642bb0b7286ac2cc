"""The SDK alone: a wheel that callers install, and a service of theirs written against it."""

import ast
import asyncio
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.kit.keys import DEV_KEY
from tests.kit.serving import Served

ROOT = Path(__file__).parents[2]
SERVICE = Path(__file__).with_name("generation_service.py")

IMPORTED = {
    "google": {"protobuf", "googleapis-common-protos"},
    "grpc": {"grpcio"},
    "httpx2": {"httpx2"},
    "msgspec": {"msgspec"},
}
"""The distributions of what it imports."""


def dependencies(path: Path) -> dict[str, str]:
    """What a project depends on, with the versions."""
    project = tomllib.loads(path.read_text())["project"]
    named = [each.replace(">", " >", 1).split(" ", 1) for each in project["dependencies"]]
    return {name: versions.strip() for name, versions in named}


def test_the_client_declares_what_it_imports_and_nothing_else() -> None:
    """In the versions that the service is tested with."""
    imported = {
        module.split(".")[0]
        for folder in ("client", "v1")
        for path in (ROOT / "ledger" / folder).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for module in modules_of(node)
    }
    ours = dependencies(ROOT / "pyproject.toml")
    theirs = dependencies(ROOT / "deploy" / "client" / "pyproject.toml")
    outside = imported - sys.stdlib_module_names - {"ledger", "opentelemetry"}
    assert outside == set(IMPORTED)
    assert set(theirs) == set().union(*IMPORTED.values())
    assert all(ours[name] == versions for name, versions in theirs.items())


def modules_of(node: ast.AST) -> list[str]:
    """The modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a command prints; it must succeed."""
    path = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), **environment}
    done = subprocess.run(command, cwd=cwd, env=path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.deploy
async def test_a_service_works_with_the_client_alone(served: Served, tmp_path: Path) -> None:
    """Installed from its wheel in an environment that has nothing of the server.

    It debits, holds and batches over HTTP and gRPC, and follows what it did.
    """
    await asyncio.to_thread(subprocess.run, ["make", "client"], cwd=ROOT, check=True)
    (wheel,) = (ROOT / "deploy" / "client" / "dist").glob("*.whl")
    python = tmp_path / "venv" / "bin" / "python"
    await asyncio.to_thread(run, sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    install = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    # Where packages come from is in the environment of whoever runs this.
    await asyncio.to_thread(run, *install, cwd=tmp_path, **os.environ)
    for url in (served.url, f"grpc://127.0.0.1:{served.grpc_port}"):
        output = await asyncio.to_thread(
            run, python, "-I", SERVICE, cwd=tmp_path, LEDGER=url, KEY=DEV_KEY
        )
        assert output.splitlines()[-1] == "done"
