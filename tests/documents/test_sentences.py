"""How documents are written, as far as a machine can judge it."""

import re
from typing import Final

import pytest

from tests.kit.markdown import Document, document_names, read_document

LINE_MAX: Final = 110
ROOT_LINES_MAX: Final = 150
DECISION_LINES_MAX: Final = 10
PAGE_LINES_MAX: Final = 140

DIALECT: Final = re.compile(
    r"waits? (?:its|the|their) debt off|the same twice|is the same once|sends? on what|is told of"
    r"|tells what became",
    re.IGNORECASE,
)


@pytest.fixture(params=document_names())
def document(request: pytest.FixtureRequest) -> Document:
    """Each document."""
    name: str = request.param
    return read_document(name)


def test_a_line_fits_into_a_window(document: Document) -> None:
    """A line has at most 110 characters, in tables and blocks too."""
    too_long = [
        document.at(number, f"{len(line)} characters")
        for number, line in enumerate(document.text.splitlines(), 1)
        if len(line) > LINE_MAX
    ]
    assert not too_long


def test_words_are_those_of_the_field(document: Document) -> None:
    """No phrase that only its author understands."""
    dialect = [
        document.at(number, line)
        for number, line in enumerate(document.text.splitlines(), 1)
        if DIALECT.search(line)
    ]
    assert not dialect


def test_the_first_page_is_short() -> None:
    """README.md has at most 150 lines: what it is, how to start, the main job, where to go on."""
    assert len(read_document("README.md").text.splitlines()) <= ROOT_LINES_MAX


def test_the_architecture_is_one_page() -> None:
    """ARCHITECTURE.md has at most 140 lines."""
    assert len(read_document("ARCHITECTURE.md").text.splitlines()) <= PAGE_LINES_MAX


def test_a_decision_has_ten_lines() -> None:
    """A decision says its context, what was decided and what enforces it in at most ten lines."""
    entries = re.split(r"^## ", read_document("DECISIONS.md").text, flags=re.MULTILINE)[1:]
    too_long = [
        entry.partition("\n")[0]
        for entry in entries
        if len(entry.strip().splitlines()) - 1 > DECISION_LINES_MAX
    ]
    assert not too_long
