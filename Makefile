# `make help` lists what there is. Every target works on a fresh clone: it sets up what it needs first.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
STAMP_DEV := $(VENV)/.installed-dev
PYTEST := $(BIN)/pytest -q -p no:cacheprovider -n auto --dist loadfile
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11

.PHONY: help setup setup-dev run test check fmt lint types e2e bench demo requirements vendor audit

help:  ## List what can be made
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/pyvenv.cfg:
	@bash scripts/venv.sh $(VENV)

$(STAMP): requirements.txt | $(VENV)/pyvenv.cfg
	@echo "Installing what the product needs (hash-checked) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(STAMP_DEV): requirements-dev.txt | $(STAMP)
	@echo "Installing what building and testing needs (hash-checked) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

setup: $(STAMP)  ## Make the virtual environment and install what the product needs

setup-dev: $(STAMP) $(STAMP_DEV)

run: setup  ## Start everything: database, demo data when empty, one server (HOST, PORT, DATABASE_URL, REDIS_URL)
	@DEMO=$${DEMO:-true} $(BIN)/python manage.py serve --migrate --demo

demo: setup  ## Put demo data into an empty database and print the sign-in
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo

test: setup-dev  ## Run every test that can run here; what is skipped says why
	@$(PYTEST)

check: setup-dev  ## Exactly what CI runs: lint, types, layers, settings, checksums, tests on both databases
	@bash scripts/check.sh

fmt: setup-dev  ## Put code and templates into the common form
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format .

lint: setup-dev  ## Look for mistakes in Python, templates and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/djlint templates --lint --quiet

types: setup-dev  ## Check types
	@$(BIN)/mypy

e2e: setup-dev  ## Run the journeys in a real browser
	@$(BIN)/pytest -q -p no:cacheprovider e2e

bench: setup-dev  ## Measure speed; results go to benchmarks/README.md
	@$(BIN)/python benchmarks/run.py

requirements: setup-dev  ## Compile requirements*.txt from requirements*.in, with hashes
	@$(COMPILE) requirements.in -o requirements.txt
	@$(COMPILE) requirements-dev.in -o requirements-dev.txt

vendor: setup-dev  ## Fetch the pinned JavaScript and fonts into static/vendor, with licences and checksums
	@$(BIN)/python scripts/vendor.py

audit: setup-dev  ## Ask the public database for known holes in what is installed
	@$(BIN)/pip-audit --require-hashes --disable-pip -r requirements.txt
