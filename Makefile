# One obvious place for every task. `make demo` and `make test` set up all they need.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
STAMP  := $(VENV)/.installed

# Discord's published API document, when it lies beside the checkout: the sandbox then checks requests against it.
SANDBOX_OPENAPI ?= $(abspath $(wildcard ../shared/discord/openapi.json))
export SANDBOX_OPENAPI

.PHONY: setup demo try test test-other-database torture simulate soak fresh check format lock sbom bench docs pictures clean

setup: $(STAMP)

# What is missing is said before anything is made. The stamp lies in the folder that is made anew, so an installation that
# broke off starts over. A lock is complete: nothing is resolved (--no-deps), or it would fail as soon as a newer release
# of anything came out; `pip check` shows that nothing is missing.
$(STAMP): requirements-dev.lock pyproject.toml sandbox/pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name it: make demo PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version 2>&1) is too old. Python 3.11 or newer is needed; name it: make demo PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python has no venv module here. Install it (on Debian and Ubuntu: sudo apt install python3-venv)."; exit 1; }
	@echo "Making a Python environment in $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@echo "Installing $$(grep -c == requirements-dev.lock) packages into it; this takes a minute or so"
	@$(PIP) install --quiet --no-deps --require-hashes -r requirements-dev.lock
	@echo "Installing Shotcaller itself, and its sandbox"
	@$(PIP) install --quiet --no-deps --no-build-isolation -e . -e ./sandbox
	@echo "Checking that nothing is missing"
	@$(PIP) check
	@touch $@

demo: setup
	$(BIN)/shotcaller demo $(ARGS)

# The sandbox as a page in the browser, with the real bot in it, until Ctrl+C.
try: setup
	$(BIN)/shotcaller sandbox --open $(ARGS)

# The processes of a run import the same modules: what one has compiled, the others find.
test: setup
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 6 --dist worksteal --cov --cov-report=term:skip-covered --cov-fail-under=97 $(ARGS)

# The acceptance tests again: each on that database, SQLite or PostgreSQL, on which `make test` does not run it.
test-other-database: setup
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 6 --dist worksteal --databases other $(or $(ARGS),tests/acceptance)

# Everything that can go wrong goes wrong (several minutes); ARGS="--seed 7 --asks 300 --write", see docs/reliability.md.
torture: setup
	$(BIN)/python -m tests.torture $(ARGS)

# Days of a busy community in a world that a seed decides; ARGS="--seeds 10000", ARGS="--seed 7", see docs/reliability.md.
simulate: setup
	$(BIN)/python -m tests.simulation $(ARGS)

# A month's videos in minutes, and what is left of them; ARGS="--days 3 --videos 200", see docs/reliability.md.
soak: setup
	$(BIN)/python -m tests.soak $(ARGS)

# `make demo` and `make test` in a clone of HEAD, with an empty home and empty caches, and how long each took.
fresh:
	$(PYTHON) -m tests.fresh $(ARGS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/hadolint Dockerfile
	$(BIN)/zizmor --offline --quiet --no-progress .github
	$(BIN)/python -m tests.locks
	$(BIN)/python -m tests.packages

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: setup
	$(BIN)/python -m tests.locks --write

# The packages that an image installs, as a list for machines (CycloneDX).
sbom: setup
	$(BIN)/python -m tests.packages --sbom dist/shotcaller.cdx.json

bench: setup
	$(BIN)/python -m benchmarks $(or $(ARGS),--write)

# The pages of docs/ that are made from the code.
docs: setup
	$(BIN)/python -m tests.errors_page --write

# The README's pictures, played and drawn anew (about three minutes; needs Chromium).
pictures: setup
	$(BIN)/python -m docs.pictures.make

clean:
	rm -rf $(VENV) .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache demo-output
