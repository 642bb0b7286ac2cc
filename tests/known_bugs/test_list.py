"""The list of bugs in this folder is whole, and true of the tests."""

import ast
from pathlib import Path
from typing import Final

import tests.known_bugs

REFERENCES: Final = frozenset(
    {
        "open-saas#727",
        "eliza#10857",
        "hyperswitch#13182",
        "midaz#2485",
        "lago-api#5870",
        "wallets#109",
        "stack#1633",
        "blnk#203",
        "lago-api#5121",
        "blnk#360",
        "blnk#43",
        "pollinations#4937",
        "fountain#1126",
        "NyxID#1050",
        "exe.dev#214",
        "Kiro#7005",
        "killbill#150",
        "RevenueCat",
        "polar#9410",
        "ledger#767",
        "blnk#276",
        "polar#13272",
        "lago-api#6103",
        "ledger#866",
        "ledger#1295",
        "ledger#1018",
        "ledger#1349",
        "tigerbeetle#2118",
        "sexyvoice#503",
        "Formance",
    }
)
"""Every bug that was collected; one that is added here fails until it has a test."""

ALIKE: Final = {"fountain#1126": 3, "blnk#360": 2}
"""References that are about several bugs at once: how many tests each has at least."""


def listed() -> list[tuple[str, str]]:
    """The lines of the list: a reference, and a test's name."""
    lines = [line.split() for line in (tests.known_bugs.__doc__ or "").splitlines()]
    return [(line[0], line[1]) for line in lines if len(line) == 2 and line[1].startswith("test_")]


def first_lines_of_tests() -> dict[str, str]:
    """The tests of this folder by name, each with the first line of its docstring."""
    return {
        node.name: (ast.get_docstring(node) or "").partition("\n")[0]
        for path in Path(__file__).parent.glob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }


def test_every_bug_of_the_list_has_a_test_that_names_it() -> None:
    """A line of the list is a test whose docstring begins with the reference."""
    first_lines = first_lines_of_tests()
    strays = [(ref, name) for ref, name in listed() if name not in first_lines]
    silent = [
        (ref, name)
        for ref, name in listed()
        if not first_lines.get(name, "").startswith(f"{ref}: ")
    ]
    assert not strays
    assert not silent


def test_every_bug_that_was_collected_is_on_the_list() -> None:
    """No reference is without a line, and none with fewer tests than it has bugs."""
    references = [ref for ref, _ in listed()]
    assert set(references) == REFERENCES
    for ref, least in ALIKE.items():
        assert references.count(ref) >= least, ref


def test_every_test_that_names_a_bug_is_on_the_list() -> None:
    """Whoever adds a test of a bug adds its line."""
    named = {
        (line.partition(": ")[0], name)
        for name, line in first_lines_of_tests().items()
        if line.partition(": ")[0] in REFERENCES
    }
    assert named == set(listed())
