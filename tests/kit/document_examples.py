"""Examples: blocks of a document that are run in one session, and what each of them prints."""

import ast
import asyncio
import contextlib
import inspect
import io
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from tests.kit.command_line import clean_environment
from tests.kit.markdown import Block

_MARK: Final = "--- next ---"
_STAND_INS: Final = Path(__file__).parents[1] / "documents" / "stand_ins"


class Example(Struct, frozen=True):
    """A block that is run, and what the document shows below it, which is all that it prints."""

    source: str
    shown: str


def examples_of(blocks: Sequence[Block], language: str, shown_as: Sequence[str]) -> list[Example]:
    """The blocks of a language; what one prints is the block that follows on the next line.

    It is of one of the languages `shown_as`; where there is none, nothing may be printed.
    """
    examples = []
    for place, block in enumerate(blocks):
        if block.language == language:
            after = blocks[place + 1] if place + 1 < len(blocks) else None
            is_shown = after and after.language in shown_as and block.is_followed_by(after)
            examples.append(Example(block.text, after.text if after and is_shown else ""))
    return examples


def check_printed(example: Example, printed: str) -> None:
    """Fails unless what was printed is what is shown; `…` stands for any text, also of many lines.

    White space after `…` is free, so that a long line can go on in the next one.
    """
    pattern = ".*?".join(re.escape(part) for part in re.split(r"…\s*", example.shown))
    is_as_shown = re.fullmatch(pattern, printed, re.DOTALL)
    assert is_as_shown, f"{example.source}\nprinted\n{printed}\nand not\n{example.shown}"


async def play_shell(
    setup: str, examples: Sequence[Example], environment: Mapping[str, str], folder: Path
) -> None:
    """Run shell examples in one shell, in `folder`; fails where one fails or prints otherwise."""
    programs = [str(_STAND_INS), str(Path(sys.executable).parent), os.environ["PATH"]]
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-euc",
        f"\necho '{_MARK}'\n".join([setup, *(example.source for example in examples)]),
        cwd=folder,
        env={**clean_environment(), **environment, "PATH": os.pathsep.join(programs)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    raw, _ = await shell.communicate()
    outputs = raw.decode().split(f"{_MARK}\n")
    assert shell.returncode == 0, f"it ended after\n{outputs[-1]}"
    assert not outputs[0], f"the first block of README.md printed {outputs[0]}"
    for example, output in zip(examples, outputs[1:], strict=True):
        check_printed(example, output)


async def play_python(
    examples: Sequence[Example], session: dict[str, Any], document: str = "example"
) -> None:
    """Run Python examples in one session, with `await` at the top level; fails likewise."""
    for example in examples:
        code = compile(example.source, document, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            waiting = eval(code, session)
            if inspect.isawaitable(waiting):
                await waiting
        check_printed(example, out.getvalue())
