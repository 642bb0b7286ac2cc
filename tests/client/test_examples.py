"""README.md: every block is run in one session, everything it prints compared."""

import ast
import contextlib
import inspect
import io
import re
from pathlib import Path
from typing import Any

import pytest

import ledger.client
from tests.kit.keys import DEV_KEY
from tests.kit.serving import Served

EXAMPLES = Path(ledger.client.__file__).with_name("README.md")
_BLOCKS = re.compile(r"```python\n(.*?)```\n(?:```text\n(.*?)```)?", re.DOTALL)


async def test_the_examples_print_what_they_show(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever copies the page gets what it says."""
    monkeypatch.setenv("LEDGER", served.url)
    monkeypatch.setenv("KEY", DEV_KEY)
    blocks = _BLOCKS.findall(EXAMPLES.read_text())
    assert len(blocks) >= 15
    session: dict[str, Any] = {}
    try:
        await _play(blocks, session)
    finally:
        await session["client"].aclose()


async def _play(blocks: list[tuple[str, str]], session: dict[str, Any]) -> None:
    for source, shown in blocks:
        code = compile(source, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            waiting = eval(code, session)
            if inspect.isawaitable(waiting):
                await waiting
        pattern = ".*?".join(re.escape(part) for part in shown.split("…"))
        assert re.fullmatch(pattern, out.getvalue(), re.DOTALL), f"{source}\n{out.getvalue()}"


def test_everything_in_the_package_is_documented_or_exported() -> None:
    """What the page names is there."""
    page = EXAMPLES.read_text()
    for name in re.findall(r"`([A-Z][A-Za-z]+)`", page):
        assert name in {"Decimal", "TypeError"} or hasattr(ledger.client, name), name
