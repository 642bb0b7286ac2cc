# Everything a developer types. Needs python3 (3.11 or later, with its venv module) and make.
# All tools live in .venv; nothing outside this folder is installed or changed.

PYTHON ?= python3
TEST_PROCESSES ?= 3
ARGS ?=

REQUIREMENTS := deploy/requirements
RUN := .venv/bin/python -m
PYTEST = $(RUN) pytest -q -n $(TEST_PROCESSES)

# Other people's modules must not be mixed with the ones that are pinned here; and hundreds of
# processes of the tests need not compile all of ours again.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

.PHONY: help serve test test-rules test-faults test-channels test-finance test-deploy test-all coverage check check-locks check-proto check-client client client-code proto proto-landed lock bench clean ready-venv ready-serve ready-test ready-dev

help:
	@echo 'make serve     a development ledger on its own Postgres: http://127.0.0.1:8000'
	@echo 'make test      the tests, but for those that take long'
	@echo 'make test-rules | test-faults | test-channels | test-finance | test-deploy'
	@echo '               all about: properties, deeper; outages; payments; books and imports; installing'
	@echo 'make test-all  all of these'
	@echo 'make coverage  branch coverage: whole, and that of ledger/core, which must be 100 %'
	@echo 'make check     linters, types, import contracts, dependencies, migrations, lock files'
	@echo 'make client    the Python SDK alone, as a wheel in deploy/client/dist'
	@echo 'make client-code  generate what the SDK has of the contract'
	@echo 'make proto     generate ledger/v1/*_pb2* from the .proto files there'
	@echo 'make bench     measure this machine and the ledger on it; ARGS=--json for machines'
	@echo 'make lock      pin the dependencies again; ARGS=--upgrade to take newer ones'
	@echo 'make clean     remove .venv and caches; the data in .ledger stays'
	@echo
	@echo 'PYTHON=python3.12 chooses an interpreter, ARGS="-k hold" passes arguments on.'

serve: ready-serve
	@exec .venv/bin/ledger serve --dev $(ARGS)

bench: ready-serve
	@exec .venv/bin/ledger bench $(ARGS)

# A file's tests stay in one process, so that it starts its servers once.
test: ready-test
	$(PYTEST) --dist loadfile $(ARGS)

# All about a subject, the quick ones too: -k knows names of files, folders and markers.
test-faults test-channels test-finance test-deploy: test-%: ready-test
	$(PYTEST) --dist loadfile -m '' -k '$(ABOUT_$*)' $(ARGS)

ABOUT_faults := faults
ABOUT_channels := channels
ABOUT_finance := finance or import or trial_balance
ABOUT_deploy := deploy or test_setup

# Every property on twenty times as many examples, and what takes longer still.
test-rules: ready-test
	$(PYTEST) --dist worksteal -m 'rules or hypothesis' --hypothesis-profile=deep $(ARGS)

test-all: test test-rules test-faults test-channels test-finance test-deploy

coverage: ready-test
	$(RUN) coverage erase
	$(RUN) coverage run -m pytest -q -m 'not (faults or channels or finance or deploy)' $(ARGS)
	$(RUN) coverage combine -q
	$(RUN) coverage report
	$(RUN) coverage report --include='ledger/core/*' --fail-under=100

# squawk: a migration is one transaction, its lock_timeout is set by migrations/env.py, and a
# smallint is chosen where the number of rows (shards, accounts, currencies) is bounded for life.
check: ready-dev check-locks check-proto check-client
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	.venv/bin/lint-imports --no-logo
	$(RUN) deptry .
	find migrations/versions -name '*.sql' -exec .venv/bin/squawk --pg-version 15.0 \
		--assume-in-transaction --exclude require-lock-timeout \
		--exclude require-statement-timeout --exclude prefer-bigint-over-smallint {} +

PROTOC := $(RUN) grpc_tools.protoc -I. --python_out=$$to --mypy_out=quiet:$$to
BUF := .venv/bin/buf
BUF_CONFIG := --config deploy/buf/buf.yaml

# generate FOLDER: what protoc makes of the .proto files; stubs only where there is a service.
define generate
PATH="$$PWD/.venv/bin:$$PATH"; to=$(1); mkdir -p $$to
$(PROTOC) ledger/v1/*.proto
$(PROTOC) --grpc_python_out=$$to --mypy_grpc_out=quiet:$$to $$(grep -l '^service ' ledger/v1/*.proto)
endef

proto check-proto: export GENERATE = $(call generate,$${TO:-.})

proto: ready-dev
	$(BUF) format $(BUF_CONFIG) --write
	rm -f ledger/v1/*_pb2*
	sh -euc "$$GENERATE"

# Changes are checked against what callers were last given; say so once a release has landed.
proto-landed: ready-dev
	$(BUF) build $(BUF_CONFIG) --exclude-source-info -o deploy/buf/landed.binpb

check-proto: ready-dev
	$(BUF) lint $(BUF_CONFIG)
	$(BUF) format $(BUF_CONFIG) --diff --exit-code
	$(BUF) breaking $(BUF_CONFIG) --against deploy/buf/landed.binpb
	@made=$$(mktemp -d) && trap 'rm -rf "$$made"' EXIT && TO=$$made sh -euc "$$GENERATE" && \
		for file in ledger/v1/*_pb2* $$made/ledger/v1/*_pb2*; do \
			name=ledger/v1/$${file##*/}; cmp "$$made/$$name" "$$name" || \
				{ echo "$$name is not what its .proto says: run \`make proto\`." >&2; exit 1; }; \
		done

# What the SDK has of the contract: its results, methods and index of calls.
client-code: ready-dev
	$(RUN) deploy.client.generate

check-client: ready-dev
	$(RUN) deploy.client.generate --check

# The SDK alone, as a wheel for callers: it has no part of the service.
client: ready-dev
	@made=$$(mktemp -d) && trap 'rm -rf "$$made"' EXIT && mkdir "$$made/ledger" && \
		cp deploy/client/pyproject.toml LICENSE "$$made" && cp ledger/client/README.md "$$made" && \
		cp -R ledger/client ledger/v1 "$$made/ledger" && rm -rf deploy/client/dist && \
		$(RUN) pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
			--wheel-dir deploy/client/dist "$$made" && ls deploy/client/dist/*.whl

# The widest set first: the others take its versions, so that one .venv can hold all three.
LOCK = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header --extra embedded --group build $(ARGS) pyproject.toml

lock: ready-venv
	@echo 'installing uv …'
	@.venv/bin/python -I -m pip install --quiet --disable-pip-version-check uv
	$(LOCK) --group test --group lint --group proto -o $(REQUIREMENTS)/dev.txt
	$(LOCK) --group test -c $(REQUIREMENTS)/dev.txt -o $(REQUIREMENTS)/test.txt
	$(LOCK) -c $(REQUIREMENTS)/dev.txt -o $(REQUIREMENTS)/serve.txt
	@$(MAKE) --no-print-directory check-locks

# Where packages come from is each machine's own matter.
check-locks:
	@if grep -nvE '^[a-z0-9-]+==[^@:]+$$|^    --hash=sha256:[0-9a-f]{64}( \\)?$$' $(REQUIREMENTS)/*.txt; then \
		echo 'A lock file names a host, a URL or an option (above): make it with `make lock`.' >&2; \
		exit 1; \
	fi

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.*
	find ledger migrations tests -name __pycache__ -type d -exec rm -rf {} +

# Bring .venv up to date. A stamp holds the checksum of what it was installed from and is written
# last; .venv/unfinished says that a step was killed, and what it left is not to be trusted.
ready-venv ready-serve ready-test ready-dev: export READY = $(ready)
ready-venv ready-serve ready-test ready-dev: ready-%:
	@exec sh -euc "$$READY" ready $*

define ready
unset PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIRE_VIRTUALENV PIP_CONSTRAINT PIP_DRY_RUN
export PIP_USER=0 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
python='$(PYTHON)'
fail() { echo "$$*" >&2; exit 1; }
works() {
  test ! -e .venv/unfinished &&
  grep -qF -- " $$(pwd -P)/.venv" .venv/pyvenv.cfg &&
  .venv/bin/python -I -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))'
}
make_venv() {
  command -v "$$python" >/dev/null ||
    fail "$$python is missing: install Python 3.11 or later, or name one with \`make PYTHON=…\`."
  "$$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$$python is too old ($$("$$python" -V 2>&1)): install Python 3.11 or later, or name one with \`make PYTHON=…\`."
  "$$python" -I -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$$python has no venv module: install it (Debian and Ubuntu: apt install python3-venv)."
  test -w . || fail "$$(pwd) cannot be written by $$(id -un): make a copy that can, to hold .venv."
  echo "making .venv with $$("$$python" -V) …"
  rm -rf .venv
  mkdir .venv
  : >.venv/unfinished
  "$$python" -I -m venv .venv || fail "$$python could not make .venv: see above."
  rm .venv/unfinished
}
# install STAMP FILE WHAT ARGUMENTS: pip, unless the stamp says that FILE has been installed.
install() {
  stamp=.venv/installed-$$1 sum=$$(cksum <"$$2") what=$$3
  shift 3
  test "$$(cat $$stamp 2>/dev/null)" != "$$sum" || return 0
  test -w .venv || fail ".venv cannot be written by $$(id -un): make a copy of this folder for $$(id -un)."
  echo "installing $$what …"
  : >.venv/unfinished
  if .venv/bin/python -I -m pip install --quiet "$$@"; then
    echo "$$sum" >$$stamp
    rm .venv/unfinished
  else
    rm .venv/unfinished
    fail "pip could not install $$what: see above; is the package registry within reach?"
  fi
}
# Whoever comes second waits, and finds the work done.
if command -v flock >/dev/null; then
  exec 9<Makefile
  flock -n 9 || { echo 'waiting for another make in this folder …'; flock 9; }
fi
works 2>/dev/null || make_venv
test "$$1" != venv || exit 0
requirements=$(REQUIREMENTS)/$$1.txt
install "$$1" "$$requirements" "$$(grep -c == "$$requirements") packages of $$requirements" --require-hashes -r "$$requirements"
install ledger pyproject.toml 'the ledger itself' --no-deps --no-build-isolation -e .
endef
