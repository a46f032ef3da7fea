# Needs only make and Python 3.11 or newer; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install install-dev demo start test lint bench lock

help: ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 20

install: ## set up .venv with what runs Hangtag
	@$(PYTHON) install.py base

install-dev: ## set up .venv with what tests and measures Hangtag, too
	@$(PYTHON) install.py dev

demo: install ## a living factory with emulated readers; nothing to plug in
	@$(BIN)/hangtag demo

start: install ## your own server, on this machine alone
	@$(BIN)/hangtag serve

test: install-dev ## pass all tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST_ARGS)

lint: install-dev ## style, types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: install-dev ## measure, with the ratio to the raw limit of the same run
	@$(BIN)/python -m bench
