# Everything a newcomer types. Needs Python 3.11 or newer, make and a package registry.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HOME_DIR ?= $(or $(OUTCOMES_HOME),data)
PORT ?= 3000
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help run sample ui docs dictionary test test-slow test-fast lint format types audit bench lock clean

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/uv:
	@echo "Making $(VENV) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try: make PYTHON=python3.12 run")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/uv
	@echo "Installing what requirements.lock names (about 170 packages) …"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing the tools for tests and lint …"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

$(HOME_DIR)/inbox: | $(VENV)/.runtime
	@$(BIN)/outcomes sample --clients 95 --seed 1 --out $(HOME_DIR)/sample --inbox $(HOME_DIR)/inbox

run: $(VENV)/.runtime $(HOME_DIR)/inbox ## Install, make a sample agency, run the nightly job once
	@$(BIN)/outcomes run --home $(HOME_DIR)

ui: $(VENV)/.runtime ## Dagster UI and daemon on 127.0.0.1
	@$(BIN)/outcomes ui --home $(HOME_DIR) --port $(PORT)

docs: $(VENV)/.runtime ## dbt docs and data dictionary of the home, for a browser, offline
	@$(BIN)/outcomes docs --home $(HOME_DIR)

dictionary: $(VENV)/.runtime ## Write docs/data-dictionary.md anew
	@$(BIN)/outcomes docs --dictionary docs/data-dictionary.md

test: $(VENV)/.dev ## The suite, in parallel
	@$(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow" $(ARGS)

test-slow: $(VENV)/.dev ## What takes whole nights many times over: kills, erasures, each fault with an identity in it
	@$(BIN)/python -m pytest -n auto --dist loadgroup -m slow $(ARGS)

test-fast: $(VENV)/.dev ## Unit tests only
	@$(BIN)/python -m pytest tests/unit -n auto $(ARGS)

lint: $(VENV)/.dev ## ruff, mypy, sqlfluff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --processes 2 dbt_project/models

format: $(VENV)/.dev ## Put the code in shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --processes 2 dbt_project/models

audit: $(VENV)/.dev ## Lock files, what is installed, known vulnerabilities (exit 3: could not ask; offline: ADVISORIES=copy)
	@$(BIN)/python -m orchestration.supply $(if $(ADVISORIES),--advisories $(ADVISORIES))

bench: $(VENV)/.dev ## Ratios against the alternatives
	@$(BIN)/python -m benchmarks $(ARGS)

lock: | $(BIN)/uv ## Resolve the two lock files anew
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-header --quiet -o requirements-dev.lock
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
		--no-header --quiet -c requirements-dev.lock -o requirements.lock
