"""The response of a call, before an edge encodes it in its own way."""

from typing import Any, Final

import msgspec
from msgspec import Struct

_encoder: Final = msgspec.json.Encoder()

encode: Final = _encoder.encode
"""The JSON bytes of a body."""


class Response(Struct, frozen=True, gc=False):
    """A status as HTTP numbers them, and a body: a struct, a plain value or a Problem.

    `replayed` says that it was given before. Under a `media_type` the body is bytes, to be sent
    as they are.
    """

    status: int
    body: Any
    replayed: bool = False
    media_type: bytes = b""
