"""What documents name exists: files, links, commands, options, calls, variables, metrics."""

import re
from typing import Final

import pytest

from ledger.contract.problems import KINDS
from tests.documents.command_lines import (
    UnknownCommandError,
    check_synopsis,
    commands,
    known_options,
    make_targets,
)
from tests.documents.references import (
    VARIABLE,
    file_exists,
    is_file,
    path_of_link,
    reasons_by_status,
    unknown_call,
    unknown_metric,
    unknown_rpc,
    variables_read,
)
from tests.kit.markdown import ROOT, Document, document_names, is_printed, read_document

OLDER_NAMES: Final = {"apikey"}
"""Commands that name the newer one."""

HISTORY: Final = {"CHANGELOG.md"}
"""What was, and need not be there any more."""

NAMES: Final = [name for name in document_names() if name not in HISTORY]


@pytest.fixture(params=NAMES)
def document(request: pytest.FixtureRequest) -> Document:
    """Each document but those of the past."""
    name: str = request.param
    return read_document(name)


def test_links_lead_somewhere(document: Document) -> None:
    """A link leads to a file of the repository, and to a heading in it where it names one."""
    broken = []
    for line, place in document.prose.links:
        if place.startswith(("http://", "https://")):
            continue
        path, anchor = path_of_link(document, place)
        name = str(path.resolve().relative_to(ROOT))
        if not path.exists() or (anchor and anchor not in read_document(name).prose.anchors):
            broken.append(document.at(line, place))
    assert not broken


def test_files_that_are_named_exist(document: Document) -> None:
    """A file or folder in a code span is there."""
    missing = [
        document.at(line, span)
        for line, span in document.prose.spans
        if is_file(span) and not file_exists(document, span)
    ]
    assert not missing


def test_what_a_diagram_names_exists(document: Document) -> None:
    """A text that nothing prints is a diagram: its files, folders and functions are there."""
    diagrams = [
        block
        for block in document.blocks
        if block.language == "text" and not is_printed(block, document)
    ]
    for diagram in diagrams:
        names = re.findall(r"(?<![\w/])[a-z_]+/(?:[\w.]+/?)*|\b\w+\.(?:py|sql)", diagram.text)
        missing = [name for name in names if not file_exists(document, name)]
        assert names, document.at(diagram.line, "a text that is neither printed nor names a file")
        assert not [*missing, *_missing_functions(document, diagram.text)]


def test_make_targets_that_are_named_exist(document: Document) -> None:
    """`make …` in a code span names a target of the Makefile."""
    unknown = [
        document.at(line, span)
        for line, span in document.prose.spans
        if (match := re.match(r"make ([a-z-]+)", span)) and match[1] not in make_targets()
    ]
    assert not unknown


def test_commands_that_are_named_exist(document: Document) -> None:
    """`ledger …` in a code span names a command that there is, with options that it has."""
    # Traces have names of the same form.
    spans = [] if document.name.startswith("ledger/client/") else document.prose.spans
    wrong = []
    for line, span in spans:
        try:
            if re.match(r"ledger [a-z-]", span):
                check_synopsis(span)
        except UnknownCommandError as error:
            wrong.append(document.at(line, str(error)))
    assert not wrong


def test_options_that_are_named_exist(document: Document) -> None:
    """`--option` in a code span is an option of some command."""
    unknown = [
        document.at(line, span)
        for line, span in document.prose.spans
        if span.startswith("--") and span.split()[0] not in known_options()
    ]
    assert not unknown


def test_every_command_is_documented() -> None:
    """Whatever `ledger` can do is named for those who run it, or for those who help users."""
    pages = [read_document(name) for name in ("deploy/README.md", "ledger/cli/README.md")]
    spans = [span for page in pages for _, span in page.prose.spans]
    shown = [block.text for page in pages for block in page.blocks]
    named = _named_commands("\n".join([*spans, *shown]))
    undocumented = [
        " ".join(words)
        for words, _ in commands()
        if words not in named and words[0] not in OLDER_NAMES
    ]
    assert not undocumented


def test_calls_that_are_named_exist(document: Document) -> None:
    """A call in a code span is one of the API, over HTTP or gRPC."""
    unknown = [
        document.at(line, span)
        for line, span in document.prose.spans
        if unknown_call(span) or unknown_rpc(span)
    ]
    assert not unknown


def test_metrics_that_are_named_exist(document: Document) -> None:
    """A metric in a code span is measured."""
    unknown = [
        document.at(line, span) for line, span in document.prose.spans if unknown_metric(span)
    ]
    assert not unknown


def test_variables_that_are_named_are_read(document: Document) -> None:
    """A variable LEDGER_… in a document is one that the code reads."""
    unknown = set(VARIABLE.findall(document.text)) - variables_read()
    assert not unknown


def test_every_variable_is_documented_for_operators() -> None:
    """deploy/README.md names every environment variable that the code reads."""
    named = {span for _, span in read_document("deploy/README.md").prose.spans}
    assert not variables_read() - named


def test_every_reason_of_a_refusal_is_documented_under_its_status() -> None:
    """The table of refusals for callers has each reason that there is, and no other."""
    listed = reasons_by_status(read_document("ledger/http/README.md"))
    assert listed == {reason: status for reason, (status, _) in KINDS.items()}


def _missing_functions(document: Document, text: str) -> list[str]:
    """The functions `name()` of a diagram that are not defined in the file named last before."""
    missing, source = [], ""
    for name, function in re.findall(r"([a-z_/]+\.py)|\b(\w+)\(\)", text):
        if name:
            source = (ROOT / "ledger" / name).read_text()
        elif f"def {function}(" not in source:
            missing.append(f"{document.name}: {function}()")
    return missing


def _named_commands(text: str) -> set[tuple[str, ...]]:
    """The words of the commands that a text names, with `a|b` standing for each of the two."""
    named: set[tuple[str, ...]] = set()
    for chain in re.findall(r"ledger((?: [a-z|-]+)+)", text):
        chains: list[tuple[str, ...]] = [()]
        for word in chain.split():
            chains = [(*chain, part) for chain in chains for part in word.split("|")]
            named |= set(chains)
    return named
