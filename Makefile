# `make help` lists all targets. A line `##@ name` begins a group there; `##` after a target describes it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The packages of the service and of the local stack: a third of all.
DEMO_READY := $(VENV)/.demo-ready
IMAGE ?= code-service
TAG ?= local
RELEASE ?= codes
ENVIRONMENT ?= dev
# Every deployment names its cluster; kubectl's current context is never used.
KUBE_CONTEXT ?=
PACKAGES := schemas handlers stores producers consumers ops web audit roles interfaces cli devstack benchmarks docs
QUICK := tests/unit tests/pipeline
# Folders with a target of their own; `integration` runs all others, so that every test is in a job.
APART := $(QUICK) tests/property tests/contract tests/features tests/browser tests/monitoring tests/helm
# In the order of the folders: the many short tests of tests/unit fill the end, when some processes have no long file left.
PYTEST_MANY := $(BIN)/pytest -n 5 --dist loadgroup --no-loadscope-reorder
# Tests start hundreds of processes; with this variable in the environment, each would compile the whole service.
unexport PYTHONDONTWRITEBYTECODE
# Of `make test`: which tests, as pytest's -m takes it; without it, those of a normal run.
MARKS ?=
# Options of `make chaos`; `python -m tests.chaos --help` explains them.
SEED ?=
REQUESTS ?= 20000
FAULTS ?= 100
GUARANTEE ?= exactly_once
BROKERS ?= 1
DATABASE_NODES ?= 1
DATABASE_SHARDS ?= 0
STORM = --seed="$(SEED)" --requests=$(REQUESTS) --faults=$(FAULTS) --guarantee=$(GUARANTEE) \
  --brokers=$(BROKERS) --database-nodes=$(DATABASE_NODES) --database-shards=$(DATABASE_SHARDS)
# Options of `make simulate`; `python -m tests.simulation --help` explains them.
SEEDS ?= 1-60
JOBS ?= 1
PIP_QUIET := -q --disable-pip-version-check
# Of `make bench`: the works, and other options; `python -m benchmarks --help` explains them.
WORK ?=
OPTIONS ?=
DIST := dist
ARCHIVE := $(DIST)/image.tar
HELM = helm --kube-context=$(KUBE_CONTEXT) --namespace=$(RELEASE)-$(ENVIRONMENT)
# full, or partial: one pod of each StatefulSet, none of a Deployment.
ROLL_OUT ?= full
# The published image's digest, as `make publish` writes it; deployments and signatures name the image by it.
DIGEST ?=
# Who must have signed an image: the identity of the pipeline, and who issued it.
SIGNER ?=
SIGNER_ISSUER ?=
SIGNED = --certificate-identity="$(SIGNER)" --certificate-oidc-issuer="$(SIGNER_ISSUER)"
# Tests on containers run in this one, in the network of Docker's own machine.
JOB_IMAGE ?= python:3.12.12-bookworm@sha256:c0abd0758831ad99b7a29e0c1a875da9c4abb9a2e3f21e2eeb585dbcadfb6cd0
# Versions of Kubernetes for which the chart is rendered and held against published schemas.
KUBERNETES ?= 1.29.0 1.30.0 1.31.0 1.32.0 1.33.0 1.34.0
CRDS := https://raw.githubusercontent.com/datreeio/CRDs-catalog/main/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json
# Go programs of the pipeline, built from source as .ci/tools.txt pins them; `make tools` fills the folder.
TOOLS := .tools
export PATH := $(CURDIR)/$(TOOLS):$(PATH)

# A program that a target needs and no package installs: $(call need,PROGRAM).
need = command -v $(1) >/dev/null || { echo "make $@: needs $(1), and there is none on the PATH" >&2; exit 1; }
named = test -n "$(KUBE_CONTEXT)" || { echo "make $@: name the cluster, as in KUBE_CONTEXT=my-cluster" >&2; exit 1; }
pinned = test -n "$(DIGEST)" || { echo "make $@: name the image by its digest, as in DIGEST=sha256:..." >&2; exit 1; }
versioned = test "$(VERSION)" = "v$$(sed -n 's/^version: //p' helm/codes/Chart.yaml)" || { echo "make $@: name the version of helm/codes/Chart.yaml, as in VERSION=v1.2.3" >&2; exit 1; }
trusted = test -n "$(SIGNER)" || { echo "make $@: say who must have signed, as in SIGNER=... SIGNER_ISSUER=..." >&2; exit 1; }
# Signature, provenance and content of the image with this digest: $(call verified,DIGEST).
verified = cosign verify $(SIGNED) $(IMAGE)@$(1) >/dev/null && \
  cosign verify-attestation --type slsaprovenance1 $(SIGNED) $(IMAGE)@$(1) >/dev/null && \
  cosign verify-attestation --type cyclonedx $(SIGNED) $(IMAGE)@$(1) >/dev/null
archived = test -f $(ARCHIVE) || { echo "make $@: no $(ARCHIVE); make image archive first" >&2; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help setup tools demo test collect check lint types imports unit property contract integration features browser alerts chart chaos simulate thorough long fuzz bench bench-quick secantusd \
  containers replicas managed kubeconform security licenses secrets advisories sbom image archive scan publish scan-published scan-deployed sign verify package publish-chart release \
  deploy-dev deploy-qa deploy-preprod deploy-prod partial smoke gate rollback \
  monitoring schemas check-schemas publish-schemas docs screenshots lock fmt clean

help: ## list all targets, by group
	@awk -F ':.*## ' '/^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-16s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Set-up

$(DEMO_READY): pyproject.toml constraints.txt
	@echo "setup: virtual environment in $(VENV), packages as pinned in constraints.txt"
	@command -v $(PYTHON) >/dev/null || { echo "code-service needs Python 3.11 or newer, and there is no $(PYTHON) on the PATH. Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit("code-service needs Python 3.11 or newer; this is %s. Try: make PYTHON=python3.12" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python devstack/containers/pins.py demo > $(VENV)/demo.txt
	@$(BIN)/python -m pip install $(PIP_QUIET) --no-compile --no-deps --require-hashes -r $(VENV)/demo.txt
	@$(BIN)/python -m pip install $(PIP_QUIET) --no-deps --no-build-isolation -e .
	@touch $@

$(READY): $(DEMO_READY)
	@echo "setup: the packages of checks, tests and documents"
	@$(BIN)/python -m pip install $(PIP_QUIET) --no-compile --no-deps --require-hashes -r constraints.txt
	@touch $@

setup: $(READY) ## create the virtual environment, with the packages pinned in constraints.txt

tools: ## build the Go programs of the pipeline, as .ci/tools.txt pins them, in .tools (needs go)
	@$(call need,go)
	@mkdir -p $(TOOLS)
	@grep -v '^#' .ci/tools.txt | while read -r program version; do \
	  GOBIN="$(CURDIR)/$(TOOLS)" CGO_ENABLED=0 go install -trimpath -ldflags="-s -w" "$$program@$$version" || exit 1; done

lock: $(READY) ## pin every package again, with hashes, for Python 3.11 and newer
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv
	@$(BIN)/python -m uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --extra bench --extra devstack --extra docs --extra otel --extra test -q -o constraints.txt pyproject.toml requirements-build.in >/dev/null

clean: ## stop the stack; remove its data, the environment and the caches
	@test ! -x $(BIN)/codes || $(BIN)/codes dev down
	@rm -rf $(VENV) .stack .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage dist reports site

##@ Run

demo: $(DEMO_READY) ## run the whole service on this machine: import codes, send requests, audit every answer
	@$(BIN)/codes demo

bench: $(READY) ## measure speed and memory, compared with other systems and a limit (15 minutes): make bench WORK="reserve mix" OPTIONS="--rounds 5"
	@$(BIN)/python -m benchmarks $(addprefix --work=,$(WORK)) $(OPTIONS)
	@$(BIN)/python -m benchmarks.page

bench-quick: $(READY) ## the same in two minutes, in small: writes dist/bench-quick.json
	@$(BIN)/python -m benchmarks --quick --out $(DIST)/bench-quick.json $(addprefix --work=,$(WORK)) $(OPTIONS)

secantusd: ## build secantusd-rs, the database of the stack where there is no mongod (needs cargo)
	@$(call need,cargo)
	@cargo install --locked secantus-mdb@0.5.3-beta.196

##@ Checks

check: lint types imports security licenses ## all static checks: lint, types, imports, dangerous calls, licences

fmt: $(READY) ## format the code, and fix what ruff can fix
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lint: $(READY) ## style: all rules of ruff, and its format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY) ## types: mypy, strict
	@$(BIN)/mypy

imports: $(READY) ## the layering rules between folders
	@$(BIN)/lint-imports

security: $(READY) ## dangerous calls in our code: bandit
	@$(BIN)/bandit -q -c pyproject.toml -r $(PACKAGES)

licenses: $(READY) ## the licences of the packages in the image: each is on the list in pyproject.toml
	@$(BIN)/pip-licenses --from=mixed --order=license --packages $$($(BIN)/python devstack/containers/pins.py run | sed -n 's/==.*//p')

secrets: ## secrets in any commit (needs gitleaks)
	@$(call need,gitleaks)
	@gitleaks git --no-banner --redact --exit-code 1 .

advisories: $(READY) ## known vulnerabilities of the packages in the image: pip-audit (needs the internet)
	@mkdir -p $(DIST)
	@$(BIN)/python devstack/containers/pins.py run > $(DIST)/runtime.txt
	@$(BIN)/pip-audit --requirement $(DIST)/runtime.txt --require-hashes --disable-pip --strict --progress-spinner=off

##@ Tests

test: $(READY) ## every check, and every test of a normal run
	@$(MAKE) --no-print-directory -j 2 check collect
	@$(PYTEST_MANY)$(if $(MARKS), -m "$(MARKS)")

# Beside mypy, which takes one core. Otherwise each test process would compile all tests first.
collect: $(READY) ## find all tests, and compile them
	@found=$$($(BIN)/pytest --collect-only -q 2>&1) || { echo "$$found"; exit 1; }

unit: $(READY) ## tests of pure functions and of the pipeline (no stack)
	@$(BIN)/pytest $(QUICK)

property: $(READY) ## random histories of requests, crashes and repeats, compared with a model (no stack)
	@$(BIN)/pytest tests/property

contract: $(READY) ## what each port promises, on every backend
	@$(BIN)/pytest tests/contract

integration: $(READY) ## the roles as processes, and every test folder without a target of its own
	@$(PYTEST_MANY) tests $(addprefix --ignore=,$(APART))

features: $(READY) ## the life of a code, in scenarios for campaign managers, on the running roles
	@$(BIN)/pytest tests/features -v

browser: $(READY) ## the live page (needs Chromium)
	@$(BIN)/pytest tests/browser

alerts: $(READY) ## the alert rules and the dashboard (needs prometheus and promtool)
	@$(BIN)/pytest tests/monitoring

chart: $(READY) ## the objects that the Helm chart renders (needs helm; promtool for its rules)
	@$(BIN)/pytest tests/helm

kubeconform: ## the chart with each environment's values against published schemas (needs helm, kubeconform and the internet)
	@$(call need,helm)
	@$(call need,kubeconform)
	@mkdir -p $(DIST)
	@for version in $(KUBERNETES); do for environment in dev qa preprod prod; do \
	  helm template codes helm/codes -f helm/values-$$environment.yaml --kube-version $$version > $(DIST)/rendered.yaml && \
	  kubeconform -strict -summary -kubernetes-version $$version -schema-location default -schema-location '$(CRDS)' $(DIST)/rendered.yaml || exit 1; \
	done; done

containers: ## contract and integration tests on the containers of docker-compose.yml (needs docker, on Linux)
	@$(call need,docker)
	@docker run --rm --network host -v /var/run/docker.sock:/var/run/docker.sock -v "$(CURDIR):$(CURDIR)" -w "$(CURDIR)" \
	  -e CODES_TEST_STACK=containers -e PIP_CACHE_DIR -e PYTEST_ADDOPTS $(JOB_IMAGE) \
	  sh -ec 'make VENV=.stack/venv setup; .stack/venv/bin/pytest -n 2 --dist loadgroup tests/contract tests/integration'

replicas: $(READY) ## tests of logins, of stores, and of databases of several nodes and shards (needs mongod and mongos)
	@$(call need,mongod)
	@$(call need,mongos)
	@$(BIN)/pytest -n 2 --dist loadgroup tests/contract tests/secured tests/integration/test_devstack_clusters.py \
	  tests/integration/test_migrate_sharded.py tests/integration/test_sharded_moved_chunks.py tests/integration/test_sharded_reach.py

managed: $(READY) ## the demo and its audit on the Kafka or MongoDB that CODES_ variables name; the rest is local
	@$(BIN)/python -m tests.managed

chaos: $(READY) ## all roles under a schedule of faults, then every promise checked: make chaos SEED=1 REQUESTS=20000 FAULTS=100
	@$(BIN)/python -m tests.chaos $(STORM)

simulate: $(READY) ## many short histories on virtual time, faults included, no stack: make simulate SEEDS=1-60 JOBS=1
	@PYTHONHASHSEED=0 $(BIN)/python -m tests.simulation --seeds=$(SEEDS) --jobs=$(JOBS)

thorough: $(READY) ## tests that a normal run has a cheaper form of; a change lands when they pass too
	@$(PYTEST_MANY) -m thorough

long: $(READY) ## long tests: imports through many kills, outages of a minute each, and what a normal run takes some of
	@$(BIN)/pytest -m long tests/integration tests/simulation --ignore=tests/integration/test_import_outages.py
	@CODES_TEST_OUTAGE_S=60 CODES_TEST_KILLS=12 $(BIN)/pytest -m "long or not long" --timeout 1800 \
	  tests/integration/test_import_outages.py tests/integration/test_import_chaos.py

fuzz: $(READY) ## ten times the generated records and files of a normal run; prints its seed
	@seed=$${CODES_TEST_SEED:-$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}; echo "repeat this run: make fuzz CODES_TEST_SEED=$$seed"; \
	  CODES_TEST_SEED=$$seed CODES_TEST_FUZZ=10 $(BIN)/pytest -s tests/unit/consumers/test_decode_fuzz.py \
	  tests/unit/handlers/imports/test_files_fuzz.py tests/integration/test_fuzz.py

##@ Packages

sbom: $(READY) ## list the packages in the image, as CycloneDX, in dist/sbom.json
	@mkdir -p $(DIST)
	@$(BIN)/python devstack/containers/pins.py run > $(DIST)/runtime.txt
	@$(BIN)/python -W ignore::UserWarning -m cyclonedx_py requirements --pyproject pyproject.toml --validate --output-reproducible --sv 1.6 -o $(DIST)/sbom.json $(DIST)/runtime.txt

image: ## build the image (needs docker)
	@$(call need,docker)
	@docker build -t $(IMAGE):$(TAG) --build-arg REVISION=$$(git rev-parse HEAD 2>/dev/null || echo unknown) .

archive: ## save the image as dist/image.tar, so that the scanned file is the published one (needs docker)
	@$(call need,docker)
	@mkdir -p $(DIST)
	@docker save -o $(ARCHIVE) $(IMAGE):$(TAG)

scan: ## scan the saved image for known vulnerabilities with a fix (needs trivy)
	@$(call need,trivy)
	@$(archived)
	@trivy image --input $(ARCHIVE) --exit-code 1 --severity HIGH,CRITICAL --ignore-unfixed --no-progress

publish: ## push the saved image to its registry (needs docker)
	@$(call need,docker)
	@$(archived)
	@docker load -q -i $(ARCHIVE)
	@docker push -q $(IMAGE):$(TAG)
	@docker inspect --format '{{index .RepoDigests 0}}' $(IMAGE):$(TAG) | sed 's/.*@/DIGEST=/' > $(DIST)/image.env
	@grep -q '^DIGEST=sha256:' $(DIST)/image.env

scan-published: ## scan the published image, and list all that is in it, in dist/image-sbom.json (needs trivy)
	@$(call need,trivy)
	@$(pinned)
	@mkdir -p $(DIST)
	@trivy image --exit-code 1 --severity HIGH,CRITICAL --ignore-unfixed --no-progress $(IMAGE)@$(DIGEST)
	@trivy image --format cyclonedx --output $(DIST)/image-sbom.json --no-progress $(IMAGE)@$(DIGEST)

scan-deployed: ## scan the image that an environment runs: make scan-deployed ENVIRONMENT=prod KUBE_CONTEXT=... (needs helm and trivy)
	@$(call need,helm)
	@$(call need,trivy)
	@$(named)
	@images=$$($(HELM) get manifest $(RELEASE) | sed -n 's/^ *image: "\(.*\)"$$/\1/p' | sort -u); test -n "$$images"; \
	  for image in $$images; do trivy image --exit-code 1 --severity HIGH,CRITICAL --ignore-unfixed --no-progress "$$image" || exit 1; done

sign: ## sign the published image; attest how it was built and what is in it (needs cosign)
	@$(call need,cosign)
	@$(pinned)
	@test -f $(DIST)/image-sbom.json || { echo "make $@: no $(DIST)/image-sbom.json; make scan-published first" >&2; exit 1; }
	@$(PYTHON) devstack/containers/provenance.py > $(DIST)/provenance.json
	@cosign sign --yes $(IMAGE)@$(DIGEST)
	@cosign attest --yes --type slsaprovenance1 --predicate $(DIST)/provenance.json $(IMAGE)@$(DIGEST)
	@cosign attest --yes --type cyclonedx --predicate $(DIST)/image-sbom.json $(IMAGE)@$(DIGEST)

verify: ## verify the signature and the attestations of an image: make verify IMAGE=... DIGEST=... SIGNER=... SIGNER_ISSUER=... (needs cosign)
	@$(call need,cosign)
	@$(pinned)
	@$(trusted)
	@$(call verified,$(DIGEST))

package: ## package the chart, in dist (needs helm)
	@$(call need,helm)
	@helm package helm/codes --destination $(DIST)

publish-chart: ## push the chart to the registry and sign it: make publish-chart VERSION=v1.2.3 (needs helm, crane and cosign)
	@$(call need,crane)
	@$(call need,cosign)
	@$(versioned)
	@$(call need,helm)
	@helm package helm/codes --destination $(DIST)
	@helm push $(DIST)/codes-$(VERSION:v%=%).tgz oci://$(IMAGE)/charts
	@cosign sign --yes $(IMAGE)/charts/codes@$$(crane digest $(IMAGE)/charts/codes:$(VERSION:v%=%))

release: ## name a commit's verified image by a version, without the v: make release VERSION=v1.2.3 (needs crane and cosign)
	@$(call need,crane)
	@$(call need,cosign)
	@$(versioned)
	@$(trusted)
	@digest=$$(crane digest $(IMAGE):$(TAG)) && $(call verified,$$digest) && crane tag $(IMAGE)@$$digest $(VERSION:v%=%)

##@ Deploy

deploy-dev: override ENVIRONMENT = dev
deploy-dev: ## install or upgrade in dev: make deploy-dev KUBE_CONTEXT=... IMAGE=... TAG=... (needs helm)
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

partial: override ROLL_OUT = partial
partial: ## upgrade one pod of each StatefulSet: make partial ENVIRONMENT=prod KUBE_CONTEXT=... IMAGE=... TAG=... (needs helm)
	@$(deploy)

# A failed upgrade is rolled back to the revision before (--atomic), and then to the last whole roll-out, because that
# revision may be a partial one. The time-out is longer than migrate.activeDeadlineSeconds: otherwise Helm would roll back while
# the migration still builds an index.
define deploy
$(call need,helm); $(named); $(HELM) upgrade --install $(RELEASE) helm/codes -f helm/values-$(ENVIRONMENT).yaml \
  --create-namespace --set image.repository=$(IMAGE) --set image.tag=$(TAG) $(if $(DIGEST),--set image.digest=$(DIGEST) )--set rollOut=$(ROLL_OUT) \
  --atomic --timeout 130m --description "roll-out: $(ROLL_OUT)" || { $(roll_back); exit 1; }
endef

# To the last whole roll-out: the revision before may be its own partial one.
define roll_back
revision=$$($(HELM) history $(RELEASE) | awk '/superseded/ && /roll-out: full|Rollback to/ {last = $$1} END {print last}'); \
  $(HELM) rollback $(RELEASE) $$revision --wait --timeout 15m
endef

smoke: ## test a deployment: make smoke ENVIRONMENT=qa KUBE_CONTEXT=... (needs helm)
	@$(call need,helm); $(named); $(HELM) test $(RELEASE) --timeout 5m

gate: ## the smoke test, and the rollback where it fails: make gate ENVIRONMENT=qa KUBE_CONTEXT=... (needs helm)
	@$(call need,helm); $(named); $(HELM) test $(RELEASE) --timeout 5m || { echo "make $@: failed, rolling back" >&2; $(roll_back); exit 1; }

rollback: ## return to the last whole roll-out: make rollback ENVIRONMENT=qa KUBE_CONTEXT=... (needs helm)
	@$(call need,helm); $(named); $(roll_back)

##@ Documents

docs: $(READY) ## build the documents as a site, in site/: open site/index.html
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

schemas: $(READY) ## generate AsyncAPI, OpenAPI and JSON Schemas, in docs/api
	@$(BIN)/codes schemas >/dev/null

check-schemas: $(DEMO_READY) ## whether the schema registry of CODES_REGISTRY__URL would accept this version's schemas
	@$(BIN)/codes schemas publish --dry-run

publish-schemas: $(DEMO_READY) ## publish this version's schemas to that registry
	@$(BIN)/codes schemas publish

monitoring: $(READY) ## generate the alert rules and the dashboard, in helm/codes/files
	@$(BIN)/codes monitoring --out helm/codes/files >/dev/null

screenshots: $(READY) ## take the pictures of the README (needs Chromium)
	@$(BIN)/python -m tests.browser.screenshots
