"""The house style, as far as a machine can judge it."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.channels import REGISTRY
from tests.kit.sources import (
    LEDGER,
    ROOT,
    TESTS,
    at,
    kept_files,
    lines_matching,
    names_in,
    nodes_in,
    python_files,
    texts_of,
    tree_of,
)

OURS = (LEDGER, TESTS, ROOT / "deploy")
KIT = TESTS / "kit"
SQL = LEDGER / "store" / "sql"

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 400
FOLDER_FILES_MAX = 25
VAGUE = {"util", "helper", "common", "base", "manager", "handler", "impl"}
# Words of a private dialect, by what they mean to a stranger: any or nothing.
NOUNLESS = {"one", "told", "found", "said", "news", "heard", "hear", "deed", "deeds"}
REPLACED = {
    "Teller", "Heard", "Submitting", "Watching", "SendOn", "SandboxDesk", "Asked", "Where",
    "Changing", "Deed", "KeyRefused", "NotDone", "Now", "send_on", "seal", "carry_out", "misfit",
    "outage", "told_as", "_told_of_rarer", "write_news", "ClaimDailyGrant", "AlreadyClaimed",
}  # fmt: skip
BY_KIND = ("answers_", "bodies_", "render_", "commands_", "wording_")
NAMING = (
    ast.Name, ast.arg, ast.MatchAs, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef,
    ast.Attribute, ast.keyword,
)  # fmt: skip
"""What `bound_names` finds names in."""
STARTERS = {"Served", "start_server", "start_unix_server"}
TOP_FOLDERS = {"ledger", "migrations", "deploy", "tests"}

CORE_IMPORTS = {
    "calendar", "collections", "datetime", "enum", "functools", "hashlib", "heapq", "itertools",
    "ledger",
    "math", "msgspec", "operator", "re", "struct", "types", "typing",
}  # fmt: skip
CORE_CALLS = {"breakpoint", "eval", "exec", "float", "hash", "id", "input", "open", "print"}
CLOCKS = {"now", "today", "utcnow"}

# What needs its own SQL before there is a store: a fresh server's superuser session.
SQL_ELSEWHERE = {"ledger/embedded/prepare.sql"}
STATEMENT = re.compile(
    r"(?:\s|--.*\n)*(?:SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|GRANT|REVOKE|TRUNCATE"
    r"|COPY|MERGE|LOCK|SET|RESET|VALUES|EXPLAIN|ANALYZE|VACUUM|CALL|LISTEN|NOTIFY)\s+[\w\"$*(]"
)


def impurities(node: ast.AST) -> Iterator[str]:
    """What a node of the core's syntax tree does that the core may not."""
    match node:
        case ast.Constant(value=float() | complex() as number):
            yield f"the number {number}"
        case ast.Name(id="float"):
            yield "float"
        case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
            yield "division that is not whole: use // and say what becomes of the rest"
        case ast.Await() | ast.AsyncFor() | ast.AsyncWith() | ast.AsyncFunctionDef():
            yield "waiting"
        case ast.Call(func=ast.Name(id=name)) if name in CORE_CALLS:
            yield f"{name}()"
        case ast.Attribute(value=ast.Name(id="datetime" | "date"), attr=attr) if attr in CLOCKS:
            yield f"a clock: {attr}()"
        case ast.Import(names=names):
            for imported in names:
                if imported.name.split(".")[0] not in CORE_IMPORTS:
                    yield f"import of {imported.name}"
        case ast.ImportFrom(module=module):
            if (module or "").split(".")[0] not in CORE_IMPORTS:
                yield f"import of {module}"
        case _:
            pass


def bound_names(node: ast.AST) -> Iterator[str]:
    """The names that a node of a syntax tree itself gives to something."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.MatchAs(name=str(name)):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Attribute(attr=name, ctx=ast.Store()) | ast.keyword(arg=str(name)):
            yield name
        case _:
            pass


def test_a_name_says_what_it_names() -> None:
    """A noun of the field, understood by who has not read the file; not `one`, `told`, `found`."""
    banned = NOUNLESS | REPLACED
    named = [
        at(path, getattr(node, "lineno", 0), name)
        for folder in OURS
        for path in python_files(folder)
        for node in nodes_in(path, *NAMING)
        for name in bound_names(node)
        if name.lstrip("_") in banned
    ]
    assert not named


def test_a_folder_can_be_taken_in_at_a_glance() -> None:
    """A folder has at most 25 Python files; what a generator or migrations wrote does not count."""
    files = Counter(path.parent for folder in OURS for path in python_files(folder))
    assert not {str(folder): n for folder, n in files.items() if n > FOLDER_FILES_MAX}


def test_the_contract_is_cut_by_subject() -> None:
    """No file of the contract holds one kind of thing for many calls, or is named for a kind."""
    contract = LEDGER / "contract"
    by_kind = [str(path) for path in python_files(contract) if path.name.startswith(BY_KIND)]
    shapes = [
        at(path, node.lineno, node.name)
        for path in contract.glob("*.py")
        if path.name != "shared.py"
        for node in tree_of(path).body
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Body", "Answer"))
    ]
    assert not by_kind
    assert not shapes


def calls_in(path: Path) -> Iterator[tuple[int, str]]:
    """What a file calls, by its last name, and where."""
    for node in nodes_in(path, ast.Call):
        for name in names_in(node.func):
            yield node.lineno, name


def test_proxies_and_servers_of_tests_are_started_in_one_place() -> None:
    """`tests/kit` has one proxy and one way to serve; what is special is an argument of theirs."""
    started = [
        at(path, line, name)
        for path in python_files(TESTS)
        if KIT not in path.parents
        for line, name in calls_in(path)
        if name in STARTERS
    ]
    assert not started


def test_a_test_file_is_nobody_elses_toolbox() -> None:
    """What two files of tests need stands in `tests/kit`, or beside them where both are."""
    borrowed = [
        at(path, node.lineno, module)
        for path in python_files(TESTS)
        for node in nodes_in(path, ast.ImportFrom)
        if (module := node.module or "").startswith("tests.") and ".test_" in module
    ]
    assert not borrowed


def test_a_function_fits_a_screen() -> None:
    """A function has at most 60 lines; 40 is a smell."""
    too_long = [
        at(path, node.lineno, f"{node.name} has {lines} lines")
        for path in [*python_files(LEDGER), *python_files(TESTS)]
        for node in nodes_in(path, ast.FunctionDef, ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not too_long


def test_a_file_is_about_one_thing() -> None:
    """A file has at most 400 lines; 250 is a smell."""
    too_long = [
        at(path, lines, "too long")
        for path in [
            *(path for folder in OURS for path in python_files(folder)),
            *sorted(LEDGER.rglob("*.sql")),
        ]
        if (lines := len(path.read_text().splitlines())) > FILE_LINES_MAX
    ]
    assert not too_long


def test_a_module_is_named_for_what_it_holds() -> None:
    """No utils, helpers, common, base, manager, handler, impl, nor as part of a name."""
    vague = [
        str(path.relative_to(ROOT))
        for folder in (LEDGER, ROOT / "tests", ROOT / "migrations")
        for path in folder.rglob("*")
        if path.is_dir() or path.suffix == ".py"
        if VAGUE & {word.removesuffix("s") for word in path.stem.lower().split("_")}
    ]
    assert not vague


def test_the_core_computes_and_does_nothing_else() -> None:
    """No float, true division, clock, randomness, waiting, file, log or environment in core."""
    impure = [
        at(path, getattr(node, "lineno", 0), impurity)
        for path in python_files(LEDGER / "core")
        for node in ast.walk(tree_of(path))
        for impurity in impurities(node)
    ]
    assert not impure


def test_the_core_never_calls_a_payment_a_transaction() -> None:
    """The word is the database's; the core knows entries, charges, holds and orders."""
    word = "transaction"
    named = [
        at(path, getattr(node, "lineno", 0), name)
        for folder in ("core", "finance")
        for path in python_files(LEDGER / folder)
        for node in ast.walk(tree_of(path))
        for name in names_in(node)
        if word in name.lower()
    ]
    assert not named


def test_sql_lives_with_the_store_and_the_migrations() -> None:
    """A statement is a named file under ledger/store/sql, or a migration."""
    inline = [
        at(path, line, text[:60])
        for path in python_files(LEDGER)
        for line, text in texts_of(tree_of(path))
        if STATEMENT.match(text)
    ]
    elsewhere = {
        str(path.relative_to(ROOT)) for path in LEDGER.rglob("*.sql") if path.parent != SQL
    }
    assert not inline
    assert elsewhere <= SQL_ELSEWHERE


def test_every_statement_is_used_and_says_what_for() -> None:
    """A file under store/sql is named in Python and begins with a comment: its purpose."""
    files = {path.stem: path for path in SQL.glob("*.sql")}
    used = {
        text
        for path in python_files(LEDGER)
        for _, text in texts_of(tree_of(path))
        if text in files
    }
    silent = [name for name, path in files.items() if not re.match(r"-- \S", path.read_text())]
    assert not set(files) - used
    assert not silent


def test_every_named_statement_exists() -> None:
    """`statement("name")` names a file under store/sql."""
    missing = [
        at(path, line, name)
        for path in python_files(LEDGER)
        for node in nodes_in(path, ast.Call)
        if "statement" in names_in(node.func)
        for argument in node.args
        for line, name in texts_of(argument)
        if not (SQL / f"{name}.sql").exists()
    ]
    assert not missing


@pytest.mark.parametrize("package", ["channels", "finance/exports"])
def test_every_channel_and_export_is_in_its_registry(package: str) -> None:
    """A file beside the contract is imported by the package and stands in its REGISTRY."""
    folder = LEDGER / package
    if not folder.exists():
        pytest.skip(f"no ledger/{package} yet")
    registry: set[str] = set()
    module_of: dict[str, str] = {}
    for node in tree_of(folder / "__init__.py").body:
        if isinstance(node, ast.ImportFrom):
            module = (node.module or "").rsplit(".", 1)[-1]
            module_of |= {alias.asname or alias.name: module for alias in node.names}
        elif "REGISTRY" in {name for part in ast.walk(node) for name in names_in(part)}:
            registry |= {name for part in ast.walk(node) for name in names_in(part)}
    registered = {module_of[name] for name in registry & set(module_of)}
    there = {path.stem for path in python_files(folder)} - {"__init__", "contract"}
    assert not there - registered


def test_the_contract_knows_no_channel_by_its_name() -> None:
    """To add one is a file, a line of the registry and one of the catalogue: no call changes."""
    names = "|".join(re.escape(name) for name in REGISTRY)
    assert not lines_matching(rf"(?i)\b({names})\b", python_files(LEDGER / "contract"))


def test_nothing_is_left_for_later_in_a_comment() -> None:
    """What is to be done is an issue, not a comment."""
    marks = r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"
    assert not lines_matching(marks, kept_files())


def test_a_type_error_is_ignored_by_its_code_only() -> None:
    """A bare `ignore` would hide the next error too."""
    bare = r"#\s*type:\s*" + r"ignore(?!\[)"
    assert not lines_matching(bare, [path for path in kept_files() if path.suffix == ".py"])


def test_the_top_level_has_four_visible_folders() -> None:
    """A newcomer sees ledger, migrations, deploy and tests."""
    folders = {path.relative_to(ROOT).parts[0] for path in kept_files() if path.parent != ROOT}
    assert {folder for folder in folders if not folder.startswith(".")} <= TOP_FOLDERS


def test_no_file_names_a_registry_or_someones_home() -> None:
    """Where packages come from and where a checkout lies is each machine's own matter."""
    registries = (
        r"py" + r"pi\.org|python" + r"hosted|npm" + r"js\.|crates\.i" + r"o\b|://mirrors?\."
    )
    starts = r"(?<![\w.$}~-])/"
    homes = rf"{starts}(ho" + r"me|Us" + rf"ers)/\w|{starts}ro" + r"ot/|/wo" + r"rk/main"
    assert not lines_matching(f"{registries}|{homes}", kept_files())


def test_a_decision_names_tests_that_exist() -> None:
    """DECISIONS.md says what enforces each decision; a test that was moved is named where it is."""
    named = set(
        re.findall(r"`(tests/[\w/]+(?:\.py)?|test_\w+\.py)`", (ROOT / "DECISIONS.md").read_text())
    )
    files = {str(path.relative_to(ROOT)) for path in TESTS.rglob("*")}
    names = {path.name for path in TESTS.rglob("*.py")}
    assert not {name for name in named if name.rstrip("/") not in files | names}
