# One obvious place for every chore. `make demo` and `make test` set up all they need.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

# Discord's published API document, when it lies beside the checkout: the sandbox then checks requests against it.
SANDBOX_OPENAPI ?= $(abspath $(wildcard ../shared/discord/openapi.json))
export SANDBOX_OPENAPI

.PHONY: setup demo test check format lock bench docs pictures clean

setup: $(STAMP)

$(STAMP): requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: setup
	$(BIN)/shotcaller demo $(ARGS)

test: setup
	$(BIN)/python -m pytest -n 4 --dist worksteal --cov --cov-report=term:skip-covered --cov-fail-under=90 $(ARGS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tests.locks

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: setup
	$(BIN)/python -m tests.locks --write

bench: setup
	$(BIN)/python -m benchmarks

# The pages of docs/ that are made from the code.
docs: setup
	$(BIN)/python -m tests.errors_page --write

# The README's pictures, played and drawn anew (about three minutes; needs Chromium).
pictures: setup
	$(BIN)/python -m docs.pictures.make

clean:
	rm -rf $(VENV) .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache demo-output
