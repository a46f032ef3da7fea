# Needs only make and Python 3.11 or newer; everything else goes into .venv.
# The first of these that is new enough; if none is, python3 says so itself.
PYTHON ?= $(or $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$each && break; done),python3)
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
CHAOS_ARGS ?=
FUZZ_ARGS ?=
FOLDER ?= workshop
LOCK_OPTIONS := --quiet --upgrade --strip-extras --allow-unsafe --annotation-style line \
	--no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

# Many short processes: each would compile every module anew where nothing compiled may be kept.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help python install install-dev demo start test chaos fuzz lint bench lock

# A busy machine may be slower than a test waits: a test that ended in waiting, and in nothing else,
# is run once more, and the last line says which one.
WAITED_LONG = --reruns 1 --only-rerun TimeoutError --only-rerun "Locator expected" \
	--only-rerun "happen in time" --only-rerun "never came" --only-rerun "waited [0-9]"

help: ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 20

python:
	@command -v $(PYTHON) >/dev/null || { echo "Cannot find $(PYTHON): install Python 3.11 or newer\
	 (Debian, Ubuntu: sudo apt install python3 python3-venv), then make again." >&2; exit 1; }

install: python ## set up .venv with what runs Hangtag
	@$(PYTHON) install.py base

install-dev: python ## set up .venv with what tests and measures Hangtag, too
	@$(PYTHON) install.py dev

demo: install ## a living factory with emulated readers; nothing to plug in
	@$(BIN)/hangtag demo

start: install ## a workshop of your own, in FOLDER (workshop unless you say another)
	@test -e "$(FOLDER)/factory.toml" || $(BIN)/hangtag new "$(FOLDER)"
	@$(BIN)/hangtag start "$(FOLDER)"

test: install-dev ## pass all tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(WAITED_LONG) $(PYTEST_ARGS)

chaos: install-dev ## kill, fill, tear and cut for as long as it takes; CHAOS_ARGS="--seeds 5" for less
	@$(BIN)/python -m tests.faults.chaos $(CHAOS_ARGS)

fuzz: install-dev ## bytes nobody meant, for every reader protocol; FUZZ_ARGS="--seconds 600" for more
	@$(BIN)/python -m tests.fuzz $(FUZZ_ARGS)

lint: install-dev ## style, types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: install-dev ## measure, with the ratio to the raw limit of the same run
	@$(BIN)/python -m bench

lock: install-dev ## renew the locked versions within what pyproject.toml allows
	@$(BIN)/python -m pip install --quiet pip-tools
	@$(BIN)/pip-compile $(LOCK_OPTIONS) -o requirements/base.lock pyproject.toml
	@$(BIN)/pip-compile $(LOCK_OPTIONS) --extra dev -c requirements/base.lock \
		-o requirements/dev.lock pyproject.toml
