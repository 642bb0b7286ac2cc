"""The wire: commands, events, wallets and documents as exact bytes, and back.

Event tags are wire names that never change. A tag that is replaced by a newer one keeps its
struct, and `decode_event` upcasts it.
"""

from hashlib import sha256
from typing import Final, get_args

import msgspec
from msgspec.structs import fields, replace

from ledger.core.decider import Command, Event
from ledger.core.flows.daily_grant import AlreadyTaken
from ledger.core.rejections import Rejection
from ledger.core.wallet import Document, Wallet

Verdict = AlreadyTaken | Rejection
"""An answer without an event: it is remembered by itself."""

EVENT_TYPES: Final[dict[str, type[Event]]] = {
    str(event.__struct_config__.tag): event for event in get_args(Event)
}
"""Every event struct by its tag."""

_encoder = msgspec.json.Encoder()
_event_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_command_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_wallet_decoder: msgspec.json.Decoder[Wallet] = msgspec.json.Decoder(Wallet)
_document_decoder: msgspec.json.Decoder[Document] = msgspec.json.Decoder(Document)
_verdict_decoder: msgspec.json.Decoder[Verdict] = msgspec.json.Decoder(Verdict)
_TAGS: Final = {event: tag for tag, event in EVENT_TYPES.items()}

encode: Final = _encoder.encode
"""The bytes of a command, event, wallet, document or verdict; defaults are dropped."""


def tag_of(event: Event) -> str:
    """The wire name of an event."""
    return _TAGS[type(event)]


def decode_event(payload: bytes | str) -> Event:
    """The event of a stored payload. Raises msgspec.DecodeError if it is none."""
    return _event_decoder.decode(payload)


def decode_command(command: bytes | str) -> Command:
    """The command of stored canonical bytes; free text in it is its digest."""
    return _command_decoder.decode(command)


def decode_wallet(state: bytes | str) -> Wallet:
    """The wallet of a stored snapshot."""
    return _wallet_decoder.decode(state)


def decode_document(state: bytes | str) -> Document:
    """The document of stored bytes."""
    return _document_decoder.decode(state)


def decode_verdict(verdict: bytes | str) -> Verdict:
    """The remembered answer that had no event."""
    return _verdict_decoder.decode(verdict)


def reason_of(command: Command) -> str | None:
    """The free text that a command carries, if any: it is personal and kept out of the log."""
    field = command.free_text
    return None if field is None else getattr(command, field)


def canonical(command: Command, salt: bytes) -> bytes:
    """The command as the caller sent it, defaults dropped, its free text as a salted digest."""
    field = command.free_text
    if field is None:
        return encode(command)
    digest = sha256(salt + getattr(command, field).encode()).hexdigest()
    return encode(replace(command, **{field: digest}))


def differing_field(remembered: bytes, command: Command) -> str | None:
    """The first field in which a command differs from the one its key was first used for.

    None if it differs in nothing but free text, of which there is no more than a digest.
    """
    first = decode_command(remembered)
    if type(first) is not type(command):
        return "kind"
    for field in fields(command):
        name = field.name
        if name != command.free_text and getattr(first, name) != getattr(command, name):
            return name
    return None
