# Every target does its own set-up; the machine needs Python 3.11+ and make, nothing else.
#   make demo ARGS='--port 9000'    passes options on
#   make demo PYTHON=python3.12     uses that interpreter for the environment
#   make test VENV=/tmp/env         keeps the environment elsewhere

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
VENV ?= .venv
ARGS ?=
export PYTHON

BIN := $(VENV)/bin
DEMO_EXTRA := $(if $(findstring postgres,$(RELATUM_DATABASE_URL)),postgres)
DEVELOP := tools/environment "$(VENV)" dev

.PHONY: help demo test check browser screenshots lint types packaging soak bench clean environment

help: ## list the targets
	@sed -n 's/^\([a-z]*\): .*## /\1\t/p' Makefile | while IFS='	' read -r name text; do \
		printf '  make %-10s %s\n' "$$name" "$$text"; done

demo: ## start a demonstration with data, and print its address and password
	@tools/environment "$(VENV)" "$(DEMO_EXTRA)" && exec $(BIN)/relatum demo $(ARGS)

test: environment ## run the tests on SQLite, and on PostgreSQL if one is running
	@$(BIN)/python tools/suite.py $(ARGS)

check: test lint types packaging ## everything that a change must pass: tests, style, types, packaging

browser: environment ## drive the pages in Chromium, by mouse and by keyboard
	@tools/step "Browser" "Look at the first failure above." \
		$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m browser tests/browser $(ARGS)

screenshots: environment ## take pictures of the pages into screenshots/; ARGS=--readme renews docs/
	@$(BIN)/python tools/screenshots.py $(ARGS)

lint: environment ## check style with ruff
	@tools/step "Style" "Run: $(BIN)/ruff check --fix . (what is left needs a hand)." $(BIN)/ruff check .
	@tools/step "Format" "Run: $(BIN)/ruff format ." $(BIN)/ruff format --check .

types: environment ## check types with mypy
	@tools/step "Types" "Correct the types named above." $(BIN)/mypy

packaging: environment ## build wheel and sdist, install and start them in clean environments
	@tools/step "Packaging" "Compare setup.cfg and MANIFEST.in with the failure above." \
		$(BIN)/pytest -m slow tests/test_packaging.py

soak: environment ## change the data model for minutes under load, on both databases
	@for database in sqlite postgresql; do \
		tools/step "Soak on $$database" "The seed is in the output: repeat it with ARGS='--seed N'." \
			$(BIN)/python benchmarks/soak.py --database $$database $(ARGS) || exit 1; done

bench: environment ## measure against hand-written Flask, and print ratios
	@tools/step "Benchmarks" "See the message above." $(BIN)/python -m relatum.benchmarks $(ARGS)

environment:
	@$(DEVELOP)

clean: ## remove the environment, caches and builds; never an instance
	rm -rf "$(VENV)" build dist plugins/desk/static/dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
