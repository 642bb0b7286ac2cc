"""Writes what the client has of the contract, or says what of it is out of date.

`python -m deploy.client.generate` writes; with `--check` nothing is written, and the exit code is 1
if a file is not what the contract says.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from deploy.client.generate.calls import (
    batch_module,
    calls_module,
    index_lines,
    operations_module,
    sync_module,
)
from deploy.client.generate.methods import methods_of
from deploy.client.generate.results import results_module
from ledger.http.operations import OPERATIONS

_CLIENT: Final = Path(__file__).parents[3] / "ledger" / "client"
_MARK: Final = "# Generated from the contract by `make client-code`: change that instead.\n"
_INDEX: Final = re.compile(r"(<!-- calls -->\n).*?(<!-- end of calls -->\n)", re.DOTALL)


def generated() -> dict[Path, str]:
    """What every generated file has to be."""
    methods = methods_of(OPERATIONS)
    modules = {
        "results.py": results_module(OPERATIONS),
        "operations.py": operations_module(OPERATIONS),
        "calls.py": calls_module(methods),
        "sync_calls.py": sync_module(methods),
        "batch.py": batch_module(methods),
    }
    files = {_CLIENT / name: _formatted(_MARK + source, name) for name, source in modules.items()}
    readme = _CLIENT / "README.md"
    index = "\n".join(index_lines(methods))
    files[readme] = _INDEX.sub(rf"\1{index}\n\n\2", readme.read_text())
    return files


def _formatted(source: str, name: str) -> str:
    """The source without the imports that it does not need, as the formatter has it."""
    for command in (["check", "--fix", "--quiet", "--select", "F401,I"], ["format", "--quiet"]):
        ruff = [
            sys.executable,
            "-m",
            "ruff",
            *command,
            "--stdin-filename",
            f"ledger/client/{name}",
            "-",
        ]
        done = subprocess.run(ruff, input=source, capture_output=True, text=True, check=False)
        assert not done.returncode, f"{name} would be no Python:\n{done.stderr}"
        source = done.stdout
    return source


def main() -> None:
    """Write the files, or compare them."""
    is_check = sys.argv[1:] == ["--check"]
    stale = {
        path: text
        for path, text in generated().items()
        if not path.exists() or path.read_text() != text
    }
    for path, text in stale.items():
        if is_check:
            print(
                f"{path.name} is not what the contract says: run `make client-code`.",
                file=sys.stderr,
            )
        else:
            path.write_text(text)
    sys.exit(is_check and bool(stale))


if __name__ == "__main__":
    main()
