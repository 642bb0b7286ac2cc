"""Golden files: one event of every tag as it was first stored, kept for ever.

`python -m tests.core.log.golden` writes those that are missing; it never touches one that exists.
"""

from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from ledger.core.chain import Record
from ledger.core.journal import Legs
from tests.kit.house_terms import TERMS
from tests.kit.stories.imagination import MOODS
from tests.kit.stories.stories import STARTS, Story, seeded_steps

FOLDER: Final = Path(__file__).parents[2] / "golden" / "events"
PAYLOAD_BYTES_MAX: Final = 1_200


class Golden(Struct, frozen=True):
    """The exact bytes of a payload, and the legs that it was posted with."""

    payload: msgspec.Raw
    legs: Legs


def read_golden(tag: str) -> Golden:
    """The golden file of a tag."""
    return msgspec.json.decode((FOLDER / f"{tag}.json").read_bytes(), type=Golden)


def write_missing() -> None:
    """Write a file for every tag that has none, from the telling-est event of some stories."""
    shortest: dict[str, Record] = {}
    for seed in range(60):
        story = Story(TERMS, STARTS[1], mood=MOODS[seed % len(MOODS)])
        story.tell(seeded_steps(seed, 150))
        for record in story.journal.records:
            best = shortest.get(record.tag)
            size = len(record.payload)
            if size <= PAYLOAD_BYTES_MAX and (best is None or size > len(best.payload)):
                shortest[record.tag] = record
    for tag, record in shortest.items():
        path = FOLDER / f"{tag}.json"
        if not path.exists():
            legs = msgspec.json.encode(record.legs)
            path.write_bytes(b'{"payload": ' + record.payload + b',\n"legs": ' + legs + b"}\n")


if __name__ == "__main__":
    write_missing()
