"""Our own sources, as tests of them read them."""

import ast
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LEDGER = ROOT / "ledger"
TESTS = ROOT / "tests"


def python_files(folder: Path) -> list[Path]:
    """Our own sources; code that a generator wrote follows the generator's style."""
    return [
        path
        for path in sorted(folder.rglob("*.py"))
        if "_pb2" not in path.name and not path.read_text().startswith("# Generated ")
    ]


def kept_files() -> list[Path]:
    """What is, or is about to be, under version control."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: nobody knows what is under version control")
    listing = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a source file."""
    return ast.parse(path.read_text(), path.name)


@cache
def nodes_of(path: Path) -> Mapping[type[ast.AST], Sequence[Any]]:
    """All nodes of a source file's tree by their type; asked for many times, walked once."""
    nodes: dict[type[ast.AST], list[Any]] = defaultdict(list)
    for node in ast.walk(tree_of(path)):
        nodes[type(node)].append(node)
    return nodes


def nodes_in(path: Path, *types: type[ast.AST]) -> Iterator[Any]:
    """The nodes of a source file of these types."""
    for kind in types:
        yield from nodes_of(path).get(kind, ())


def at(path: Path, line: int, what: str) -> str:
    """A finding and its place, as an editor can follow it."""
    return f"{path.relative_to(ROOT)}:{line}: {what}"


def lines_matching(pattern: str, files: list[Path]) -> list[str]:
    """The lines of files in which a pattern is found."""
    lines = []
    for path in files:
        text = path.read_bytes().decode(errors="replace")
        lines += [
            at(path, number, line.strip())
            for number, line in enumerate(text.splitlines(), 1)
            if re.search(pattern, line)
        ]
    return lines


def texts_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every string but docstrings; a formatted one with `x` for each of its values."""
    if isinstance(tree, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "x" for part in tree.values]
        yield tree.lineno, "".join(map(str, parts))
    elif isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        yield tree.lineno, tree.value
    for child in ast.iter_child_nodes(tree):
        is_docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        if not is_docstring and not (
            isinstance(tree, ast.JoinedStr) and isinstance(child, ast.Constant)
        ):
            yield from texts_of(child)


def names_in(node: ast.AST) -> Iterator[str]:
    """The identifiers that a node of a syntax tree itself brings in."""
    for field in ("id", "attr", "arg", "name", "asname"):
        name = getattr(node, field, None)
        if isinstance(name, str):
            yield name
