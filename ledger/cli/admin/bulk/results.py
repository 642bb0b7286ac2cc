"""The result file: a CSV with what became of each row, written as it happens.

It is what a run that was stopped goes on from. A row that was carried out just before a crash, and
is not in it, is sent again under the same key, and the ledger answers as it did the first time.
"""

import csv
import fcntl
import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from msgspec import Struct

from ledger.cli.admin.bulk.sheets import guarded
from ledger.cli.command_error import CommandError
from ledger.cli.texts import visible

DONE: Final = "done"
REFUSED: Final = "refused"

CHUNK: Final = 32
"""So many results at most a crash can lose; the rows are then sent again under their keys."""

_COLUMNS: Final = ("row", "status", "id", "error", "key")


class Result(Struct, frozen=True):
    """What became of a row: DONE with the `id` of what was made, or REFUSED with the `error`."""

    row: int
    status: str
    id: str
    error: str
    key: str


class Results:
    """The result file of a run, held by one process at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._waiting: list[str] = []
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise CommandError(f"{path} is in use: this run is under way already") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.flush()
        finally:
            os.close(self._file)

    def settled(self, keys: Mapping[int, str]) -> list[Result]:
        """What an earlier run has settled; `keys` are those of this run, by row.

        Raises CommandError if the file is of another run, or no result file at all.
        """
        raw = self._kept()
        if not raw:
            self._write([_COLUMNS])
            self.flush()
            return []
        records = list(csv.reader(io.StringIO(raw.decode("utf-8-sig", "replace"), newline="")))
        if tuple(records[0]) != _COLUMNS:
            raise CommandError(f"{self._path} is no result file: name another one with --result")
        results = []
        for record in records[1:]:
            if len(record) != len(_COLUMNS) or keys.get(_number(record[0])) != record[4]:
                raise CommandError(
                    f"{self._path} tells of another run (row {record[0] if record else '?'}): the "
                    "file, its name or the caller was not the same. To go on, give the same again; "
                    "a new run, which does all of its rows, needs another --result"
                )
            results.append(Result(_number(record[0]), *record[1:]))
        return results

    def _kept(self) -> bytes:
        """The file's whole lines; a last one that a crash has cut short is removed."""
        size = os.fstat(self._file).st_size
        raw = os.pread(self._file, size, 0)
        whole = raw.rfind(b"\n") + 1
        if whole < size:
            os.ftruncate(self._file, whole)
        return raw[:whole]

    def add(self, result: Result) -> None:
        """Keep a result; every CHUNK of them reach the disk."""
        cells = (str(result.row), result.status, result.id, visible(result.error), result.key)
        self._write([cells])
        if len(self._waiting) >= CHUNK:
            self.flush()

    def _write(self, rows: Iterable[Iterable[str]]) -> None:
        line = io.StringIO(newline="")
        writer = csv.writer(line, lineterminator="\n")
        writer.writerows([guarded(cell) for cell in row] for row in rows)
        self._waiting.append(line.getvalue())

    def flush(self) -> None:
        """Write all added results to the disk."""
        if not self._waiting:
            return
        raw = "".join(self._waiting).encode()
        while raw:
            raw = raw[os.write(self._file, raw) :]
        self._waiting.clear()
        os.fsync(self._file)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
