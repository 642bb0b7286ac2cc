"""How the messages and JSON name the same values; both sides of gRPC convert by it."""

from functools import cache
from typing import Final

from google.protobuf.descriptor import EnumDescriptor

KIND: Final = "kind"
"""The oneof that says what a message is about; its value is the name of the field that is set.

JSON has the fields of that one beside the others.
"""

TIMESTAMP: Final = "google.protobuf.Timestamp"
"""Instants, as messages have them."""


@cache
def texts_of(kind: EnumDescriptor) -> dict[int, str]:
    """The texts that JSON has for an enum's numbers; the unspecified one has none."""
    prefix = kind.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return {
        value.number: value.name.removeprefix(prefix).lower()
        for value in kind.values
        if value.number
    }
