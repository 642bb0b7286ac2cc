"""The Markdown documents of the repository, and their blocks, code spans, links and headings."""

import re
import subprocess
from pathlib import Path
from typing import Final

from msgspec import Struct

ROOT: Final = Path(__file__).parents[2]

_LISTING: Final = (
    *("git", "-c", f"safe.directory={ROOT}"),
    *("ls-files", "-z", "-co", "--exclude-standard"),
)
_RUN: Final = ("sh", "python")
_FENCE: Final = re.compile(r"( *)(`{3,})(.*)")
_SPAN: Final = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"#+ (.+)")


class Block(Struct, frozen=True):
    """A fenced block: its language ("" for none), its text, and the line of its first fence."""

    language: str
    text: str
    line: int
    lines: int

    def is_followed_by(self, other: "Block") -> bool:
        """Whether the other block begins on the line after this one's last fence."""
        return other.line == self.line + self.lines + 2


class Prose(Struct, frozen=True):
    """What stands around the blocks: its paragraphs, rows and headings, each with its line."""

    parts: tuple[tuple[int, str], ...]

    @property
    def spans(self) -> list[tuple[int, str]]:
        """Code spans, on one line each, with the line on which their paragraph begins."""
        return [
            (line, " ".join(span.replace("\\|", "|").split()))
            for line, text in self.parts
            for span in _SPAN.findall(text)
        ]

    @property
    def links(self) -> list[tuple[int, str]]:
        """Where links lead, with the line on which their paragraph begins."""
        return [(line, place) for line, text in self.parts for place in _LINK.findall(text)]

    @property
    def anchors(self) -> set[str]:
        """The names under which headings can be linked to, as GitHub makes them."""
        headings = [match[1] for _, text in self.parts if (match := _HEADING.match(text))]
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Document(Struct, frozen=True):
    """A Markdown document, by its path from the root of the repository."""

    name: str
    text: str
    blocks: tuple[Block, ...]
    prose: Prose

    @property
    def folder(self) -> Path:
        """Where it stands, and what its links start from."""
        return (ROOT / self.name).parent

    def at(self, line: int, what: str) -> str:
        """A finding and its place, as an editor can follow it."""
        return f"{self.name}:{line}: {what}"


def document_names() -> list[str]:
    """The Markdown documents that are, or are about to be, under version control."""
    if not (ROOT / ".git").exists():
        paths = [path.relative_to(ROOT) for path in ROOT.rglob("*.md")]
        return sorted(str(path) for path in paths if path.parts[0][0] != ".")
    listing = subprocess.run(
        [*_LISTING, "*.md"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sorted(name for name in listing.split("\0") if name and (ROOT / name).exists())


def is_printed(block: Block, document: Document) -> bool:
    """Whether a block shows what the block right above it, which is run, prints."""
    return any(above.language in _RUN and above.is_followed_by(block) for above in document.blocks)


def names_with(language: str) -> list[str]:
    """The documents that have a block of a language."""
    return [
        name
        for name in document_names()
        if any(block.language == language for block in read_document(name).blocks)
    ]


def read_document(name: str) -> Document:
    """A document, taken apart. Raises ValueError for a fence that is indented or never closed."""
    text = (ROOT / name).read_text()
    blocks, parts = _parts_of(name, text.splitlines())
    return Document(name, text, tuple(blocks), Prose(tuple(parts)))


def _parts_of(name: str, lines: list[str]) -> tuple[list[Block], list[tuple[int, str]]]:
    blocks: list[Block] = []
    parts: list[tuple[int, str]] = []
    begun: tuple[str, int] | None = None
    paragraph = False
    for number, line in enumerate(lines, 1):
        fence = _FENCE.fullmatch(line)
        if fence and fence[1]:
            raise ValueError(f"{name}:{number}: a fence is indented; begin it in the first column")
        if begun is not None:
            if fence:
                content = lines[begun[1] : number - 1]
                blocks.append(
                    Block(begun[0], "".join(f"{row}\n" for row in content), begun[1], len(content))
                )
                begun = None
            continue
        if fence:
            begun, paragraph = (fence[3].strip(), number), False
        elif not line.strip():
            paragraph = False
        elif paragraph and not re.match(r"\||#|[-*] |\d+\. ", line):
            first, text = parts[-1]
            parts[-1] = (first, f"{text}\n{line}")
        else:
            parts.append((number, line))
            paragraph = not line.startswith("#")
    if begun is not None:
        raise ValueError(f"{name}:{begun[1]}: a block is never closed")
    return blocks, parts
