"""Standard streams to which writing never fails, so that a reader who leaves ends no command.

`ledger … | head -1`, `>&-` and `2>&-` are ways to say that nobody wants to read on. The command
goes on to its end all the same: nothing is left half done, and its exit code says what it found.
"""

import errno
import io
import os
import sys
from typing import Any, Final, TextIO

UNWRITTEN: Final = 74
"""Exit code: all was done, but the answer could not be written (EX_IOERR of sysexits.h)."""


class _Sink(io.FileIO):
    """The file of a standard stream. After a write that failed it drops everything.

    `error` is why, unless the reader went away, which is no error.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number, "w", closefd=False)
        self.error: OSError | None = None
        self._is_dropping = False

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - anything with bytes in it
        """Write, or drop."""
        if not self._is_dropping:
            try:
                return super().write(data)
            except OSError as error:
                self._is_dropping = True
                if error.errno != errno.EPIPE:
                    self.error = error
        return memoryview(data).nbytes


class Streams:
    """The standard streams of a command, in the place of Python's own."""

    def __init__(self) -> None:
        if sys.stdin is None:
            sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115 - for as long as the process lives
        self._out, sys.stdout = _opened(sys.stdout)
        self._err, sys.stderr = _opened(sys.stderr)

    def exit_code(self, code: int) -> int:
        """The exit code of a command that ended with `code`, once all it said is written.

        UNWRITTEN where that fails, as on a full disk; what the command itself found goes first.
        """
        sys.stdout.flush()
        sys.stderr.flush()
        error = self._out.error or self._err.error
        if error is None:
            return code
        print(f"ledger: the output could not be written: {error.strerror}", file=sys.stderr)
        return code or UNWRITTEN


def _opened(stream: TextIO | None) -> tuple[_Sink, TextIO]:
    # A stream that was closed before the start leaves its number to whatever is opened next, such
    # as the connection to the database. Here that is /dev/null; our children inherit it.
    number = os.open(os.devnull, os.O_WRONLY) if stream is None else stream.fileno()
    os.set_inheritable(number, True)  # noqa: FBT003 - it takes no name
    sink = _Sink(number)
    encoding = "utf-8" if stream is None else stream.encoding
    # A name in Chinese shall not stop a command where the locale cannot show it.
    text = io.TextIOWrapper(
        io.BufferedWriter(sink),
        encoding,
        errors="backslashreplace",
        line_buffering=stream is sys.stderr or sink.isatty(),
    )
    return sink, text
