"""What commands say of themselves is true of them."""

from collections.abc import Mapping
from typing import Any, get_args

import pytest
from msgspec.structs import fields, replace

from ledger.core import wire
from ledger.core.decider import Command, DocumentRef, State, decide, refs_of
from ledger.core.gate import Gates
from ledger.core.rejections import Rejection
from ledger.core.wallet import Document
from tests.core.valid_commands import DRAWN, NOW, Scene, kind_of, scenes

KINDS: tuple[type[Command], ...] = get_args(Command)
DECLARED = ("gates", "refusals", "draws_id", "free_text", "documents")

NAMES = {
    "sku", "plan", "period", "channel", "promotion",  # of the catalogue
    "reference", "proposed_by", "approved_by",  # of the caller's own and of people, by their ids
}  # fmt: skip
"""Fields of text that are names of something; those that end in `_id` are too."""

every_scene = pytest.mark.parametrize("scene", scenes(), ids=kind_of)


def text_fields(kind: type[Command]) -> set[str]:
    """The fields of a command that hold text and are no names."""
    return {
        field.name
        for field in fields(kind)
        if field.type in {str, str | None}
        and field.name not in NAMES
        and not field.name.endswith("_id")
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_command_says_everything_of_itself(kind: type[Any]) -> None:
    """Nothing is inherited, for what has a default is forgotten in silence."""
    assert set(DECLARED) <= vars(kind).keys()
    assert not set(DECLARED) & set(kind.__struct_fields__)
    assert isinstance(kind.gates, Gates)
    assert isinstance(kind.draws_id, bool)
    assert {kind.free_text, *kind.documents} - {None} <= set(kind.__struct_fields__)
    assert all(name.endswith("_id") for name in kind.documents)


@every_scene
def test_every_command_has_a_situation_in_which_it_succeeds(scene: Scene) -> None:
    """The tests below are about something."""
    assert not isinstance(scene.decide(), Rejection)
    assert {type(each.command) for each in scenes()} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_drawn_id_is_in_what_happens_exactly_where_one_is_drawn(kind: type[Command]) -> None:
    """A command forgotten here would make lots that are all named `lot-`."""
    named = [
        DRAWN.encode() in wire.encode(scene.decide())
        for scene in scenes()
        if type(scene.command) is kind
    ]
    assert any(named) == kind.draws_id


@pytest.mark.parametrize("kind", KINDS)
def test_free_text_is_declared(kind: type[Command]) -> None:
    """Text that is no name of anything was written by people, and is personal."""
    assert text_fields(kind) == {kind.free_text} - {None}


@every_scene
def test_free_text_is_never_in_the_log(scene: Scene) -> None:
    """A salted digest is, so that the same request is known again."""
    field = scene.command.free_text
    if field is None:
        assert wire.reason_of(scene.command) is None
        assert wire.canonical(scene.command, b"salt") == wire.encode(scene.command)
        return
    text = "what only people may know"
    written: Command = replace(scene.command, **{field: text})
    sent = wire.canonical(written, b"salt")
    assert text.encode() not in sent
    assert sent != wire.canonical(written, b"another salt")
    assert wire.reason_of(written) == text


class _WatchedDocuments(dict[DocumentRef, Document]):
    """Documents that remember which of them were asked for."""

    def __init__(self, documents: Mapping[DocumentRef, Document]) -> None:
        super().__init__(documents)
        self.refs: set[DocumentRef] = set()

    def get(self, ref: DocumentRef, default: Any = None) -> Any:
        """The document, if there is one."""
        self.refs.add(ref)
        return super().get(ref, default)


@every_scene
def test_a_decision_looks_at_the_documents_that_its_command_names(scene: Scene) -> None:
    """Those are loaded; any other would be missing, and one that nobody looks at is a waste."""
    asked = _WatchedDocuments(scene.documents)
    decide(State(scene.wallet, asked), scene.command, scene.terms, NOW)
    assert asked.refs == set(refs_of(scene.command))
