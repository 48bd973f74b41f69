# Targets explain themselves: `make help`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
IMAGE ?= code-service
TAG ?= local
RELEASE ?= codes
ENVIRONMENT ?= dev
# Deployments name their cluster: what kubectl happens to point at is not asked for.
KUBE_CONTEXT ?=
PACKAGES := schemas handlers stores producers consumers ops web audit roles interfaces cli devstack benchmarks docs
QUICK := tests/unit tests/pipeline
# Folders with a target of their own; `integration` takes all others, so that no test is in no job.
APART := $(QUICK) tests/property tests/contract tests/features tests/browser tests/monitoring tests/helm
PYTEST_MANY := $(BIN)/pytest -n 3 --dist loadgroup
DIST := dist
ARCHIVE := $(DIST)/image.tar
HELM = helm --kube-context=$(KUBE_CONTEXT) --namespace=$(RELEASE)-$(ENVIRONMENT)

# What one target needs and packages do not bring: $(call need,PROGRAM).
need = command -v $(1) >/dev/null || { echo "make $@: needs $(1), and there is none on the PATH" >&2; exit 1; }
named = test -n "$(KUBE_CONTEXT)" || { echo "make $@: name the cluster, as in KUBE_CONTEXT=my-cluster" >&2; exit 1; }
archived = test -f $(ARCHIVE) || { echo "make $@: no $(ARCHIVE); make image archive first" >&2; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types imports unit property contract integration features browser alerts chart chaos bench \
  security sbom image archive scan publish release deploy-dev deploy-qa deploy-preprod deploy-prod smoke rollback \
  monitoring schemas docs screenshots lock fmt clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

$(READY): pyproject.toml constraints.txt
	@echo "setup: virtual environment in $(VENV), packages as pinned in constraints.txt"
	@command -v $(PYTHON) >/dev/null || { echo "code-service needs Python 3.11 or newer, and there is no $(PYTHON) on the PATH. Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("code-service needs Python 3.11 or newer; this is %s. Try: make PYTHON=python3.12" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(READY) ## make the virtual environment

demo: $(READY) ## the whole service on this machine: import codes, send requests, audit every answer
	@$(BIN)/codes demo

check: lint types imports ## style, types and import order

lint: $(READY) ## style: ruff, all of its rules, and its format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY) ## types: mypy, strict
	@$(BIN)/mypy

imports: $(READY) ## the import law
	@$(BIN)/lint-imports

features: $(READY) ## the life of a code as campaign managers read it, against the running roles
	@$(BIN)/pytest tests/features -v

test: check ## every check and every test of a normal run
	@$(PYTEST_MANY)

unit: $(READY) ## the tests of pure functions and of the pipeline (no stack)
	@$(BIN)/pytest $(QUICK)

property: $(READY) ## histories of requests, crashes and repeats against a simple model (no stack)
	@$(BIN)/pytest tests/property

contract: $(READY) ## what each port promises, on every backend
	@$(BIN)/pytest tests/contract

integration: $(READY) ## the roles as processes, and every test without a target of its own
	@$(PYTEST_MANY) tests $(addprefix --ignore=,$(APART))

browser: $(READY) ## the live page (needs Chromium)
	@$(BIN)/pytest tests/browser

alerts: $(READY) ## the alert rules and the dashboard (needs prometheus and promtool)
	@$(BIN)/pytest tests/monitoring

chart: $(READY) ## what the Helm chart renders (needs helm; promtool looks at its rules)
	@$(BIN)/pytest tests/helm

chaos: $(READY) ## imports through many kills and outages of a minute each, and what else takes long
	@$(BIN)/pytest -m long tests/integration --ignore=tests/integration/test_import_outages.py
	@CODES_TEST_OUTAGE_S=60 CODES_TEST_KILLS=12 $(BIN)/pytest -m "long or not long" --timeout 1800 \
	  tests/integration/test_import_outages.py tests/integration/test_import_chaos.py

bench: $(READY) ## measure the worker and the importer against others that do their work
	@$(BIN)/python -m benchmarks

security: $(READY) ## careless calls in our code: bandit
	@$(BIN)/bandit -q -c pyproject.toml -r $(PACKAGES)

sbom: $(READY) ## what the image installs, as CycloneDX, into dist/sbom.json
	@mkdir -p $(DIST)
	@$(BIN)/python devstack/containers/pins.py run > $(DIST)/runtime.txt
	@$(BIN)/python -W ignore::UserWarning -m cyclonedx_py requirements --pyproject pyproject.toml --validate --output-reproducible --sv 1.6 -o $(DIST)/sbom.json $(DIST)/runtime.txt

image: ## build the image (needs docker)
	@$(call need,docker)
	@docker build -t $(IMAGE):$(TAG) --build-arg REVISION=$$(git rev-parse HEAD 2>/dev/null || echo unknown) .

archive: ## the image as a file, dist/image.tar: what is scanned is what is published (needs docker)
	@$(call need,docker)
	@mkdir -p $(DIST)
	@docker save -o $(ARCHIVE) $(IMAGE):$(TAG)

scan: ## known weaknesses of the archived image that have a remedy (needs trivy)
	@$(call need,trivy)
	@$(archived)
	@trivy image --input $(ARCHIVE) --exit-code 1 --severity HIGH,CRITICAL --ignore-unfixed --no-progress

publish: ## send the archived image to its registry (needs docker)
	@$(call need,docker)
	@$(archived)
	@docker load -q -i $(ARCHIVE)
	@docker push -q $(IMAGE):$(TAG)

release: ## give a published image the name of a version: make release VERSION=v1.2.3 (needs docker)
	@$(call need,docker)
	@test -n "$(VERSION)" || { echo "make $@: name the version, as in VERSION=v1.2.3" >&2; exit 1; }
	@docker pull -q $(IMAGE):$(TAG)
	@docker tag $(IMAGE):$(TAG) $(IMAGE):$(VERSION)
	@docker push -q $(IMAGE):$(VERSION)

deploy-dev: override ENVIRONMENT = dev
deploy-dev: ## install or upgrade there: make deploy-dev KUBE_CONTEXT=... IMAGE=... TAG=... (needs helm)
	@$(deploy)

deploy-qa: override ENVIRONMENT = qa
deploy-qa: ## the same, in qa
	@$(deploy)

deploy-preprod: override ENVIRONMENT = preprod
deploy-preprod: ## the same, in preprod
	@$(deploy)

deploy-prod: override ENVIRONMENT = prod
deploy-prod: ## the same, in prod
	@$(deploy)

# A failed upgrade goes back by itself (--atomic). Fifteen minutes: a role may take its whole stop budget, one by one.
define deploy
$(call need,helm); $(named); $(HELM) upgrade --install $(RELEASE) helm/codes -f helm/codes/values-$(ENVIRONMENT).yaml \
  --create-namespace --set image.repository=$(IMAGE) --set image.tag=$(TAG) --atomic --timeout 15m
endef

smoke: ## ask what is deployed whether it works: make smoke ENVIRONMENT=qa KUBE_CONTEXT=... (needs helm)
	@$(call need,helm); $(named); $(HELM) test $(RELEASE) --timeout 5m

rollback: ## back to what was deployed before: make rollback ENVIRONMENT=qa KUBE_CONTEXT=... (needs helm)
	@$(call need,helm); $(named); $(HELM) rollback $(RELEASE) --wait --timeout 15m

monitoring: $(READY) ## write the alert rules and the dashboard anew, into helm/codes/files
	@$(BIN)/codes monitoring --out helm/codes/files >/dev/null

schemas: $(READY) ## write AsyncAPI, OpenAPI and JSON Schemas anew, into docs/api
	@$(BIN)/codes schemas >/dev/null

docs: $(READY) ## the documents as a site, in site/: open site/index.html
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

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
	@rm -rf $(VENV) .stack .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage dist reports site
