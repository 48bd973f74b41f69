# Targets explain themselves: `make help`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
IMAGE ?= code-service
TAG ?= local

.DEFAULT_GOAL := help
.PHONY: help setup demo test check unit bench image monitoring screenshots lock fmt clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

$(READY): pyproject.toml constraints.txt
	@echo "setup: virtual environment in $(VENV), packages as pinned in constraints.txt"
	@$(PYTHON) -c 'import sys; sys.exit("code-service needs Python 3.11 or newer; this is %s. Try: make PYTHON=python3.12" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(READY) ## make the virtual environment

demo: $(READY) ## the whole service on this machine: import codes, send requests, audit every answer
	@$(BIN)/codes demo

check: $(READY) ## style, types and import order
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

unit: $(READY) ## the tests that need no stack (seconds)
	@$(BIN)/pytest tests/unit tests/property

test: check ## every check and every test of a normal run
	@$(BIN)/pytest -n 3 --dist loadgroup

bench: $(READY) ## measure the worker and the importer against others that do their work
	@$(BIN)/python -m benchmarks

image: ## build the image of all roles (needs Docker)
	@command -v docker >/dev/null || { echo "make image: needs docker, and there is none on the PATH" >&2; exit 1; }
	@docker build -t $(IMAGE):$(TAG) --build-arg REVISION=$$(git rev-parse HEAD 2>/dev/null || echo unknown) .

monitoring: $(READY) ## write the alert rules and the dashboard anew, into helm/codes/files
	@$(BIN)/codes monitoring --out helm/codes/files >/dev/null

screenshots: $(READY) ## take the pictures of the README anew (needs Chromium)
	@$(BIN)/python -m tests.browser.screenshots

lock: $(READY) ## pin every package, with hashes, for Python 3.11 and newer
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv
	@$(BIN)/python -m uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --extra devstack --extra docs --extra otel --extra test -q -o constraints.txt pyproject.toml requirements-build.in >/dev/null

fmt: $(READY) ## format, and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## stop the stack, remove its data, the environment and the caches
	@test ! -x $(BIN)/codes || $(BIN)/codes dev down
	@rm -rf $(VENV) .stack .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage dist site
