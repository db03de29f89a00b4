# `make help` lists what there is. Each target sets up what it needs, once.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
PY := $(BIN)/python
# Arguments of your own for pytest or the lock: make unit ARGS="-k placement", make constraints ARGS=--upgrade
ARGS ?=
COVERAGE ?=

# Targets share .venv and the terminal: -j would only mix them up.
.NOTPARALLEL:

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {print "\n" substr($$0, 5)} /^[a-z]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' \
	  $(firstword $(MAKEFILE_LIST))

##@ To begin with
.PHONY: setup
setup: ## Create .venv with the pinned packages (PYTHON=python3.13 picks the interpreter)
	@hack/setup

.PHONY: demo
demo: cluster ## See an Application planned, applied, repaired and removed in half a minute (APP=boutique: a whole shop)
	@$(PY) -m tests.demo $(APP)

.PHONY: up
up: cluster ## Start a control plane on this machine and leave it running
	@$(PY) -m tests.cluster up

.PHONY: down
down: setup ## Stop what `make up` started
	@$(PY) -m tests.cluster down

##@ To check
.PHONY: test
test: ## Run every test: `make unit` under the coverage gate, then those that need servers, time or a control plane
	@$(MAKE) unit COVERAGE=--cov
	@$(PY) -m pytest -m "slow and not cluster" --numprocesses=auto $(ARGS)
	@$(MAKE) cluster
	@$(PY) -m pytest -m "cluster and not alone" --numprocesses=auto --dist=loadfile $(ARGS)
	@$(PY) -m pytest -m "cluster and alone" $(ARGS)

.PHONY: unit
unit: setup ## Run the tests that need no control plane (COVERAGE=--cov: and gate the coverage of the pure rooms)
	@$(PY) -m pytest -m "not cluster and not slow" --numprocesses=auto $(COVERAGE) $(ARGS)

.PHONY: crash
crash: setup ## Kill plans before, after and between all their effects, play random histories; print what survived
	@$(PY) -m tests.crash

.PHONY: chaos
chaos: cluster ## Let a storm rage over the operator on real parts, and audit the harm (ARGS="--minutes 2", ARGS=--unsafe)
	@$(PY) -m tests.chaos $(ARGS)

.PHONY: fuzz
fuzz: setup ## Feed everything that is read from outside with nonsense, for ten minutes (SECONDS=60: for one)
	@SECONDS=$(SECONDS) $(PY) -m tests.fuzz

.PHONY: model
model: setup ## Check the TLA+ model of plan and apply, and that it fails without each of its rules (needs Java and Maven)
	@$(PY) -m tests.model

.PHONY: bench
bench: cluster ## Measure speed, memory and API writes with 1,000 Applications
	@$(PY) -m tests.bench

.PHONY: reads
reads: setup ## Count the calls to AWS that it takes to make and to watch things; write docs/reads.md
	@$(PY) -m tests.bench.reads

.PHONY: packing
packing: setup ## Measure how well a trace of pods is packed (NODES=FILE PODS=FILE ARGS="--seeds 42-51")
	@$(PY) -m tests.bench.placement --nodes "$(NODES)" --pods "$(PODS)" $(ARGS)

.PHONY: lint
lint: setup ## Check style, structure, dependencies, dead code, security, YAML, shell and generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/deptry operator
	hack/dead-code
	$(BIN)/bandit --configfile pyproject.toml --recursive --quiet operator hack
	$(BIN)/yamllint --strict .
	$(BIN)/shellcheck --external-sources .ci/run hack/*
	@hack/check-generated

.PHONY: types
types: setup ## Check types: mypy strict over the product and its tests
	$(BIN)/mypy

##@ To write
.PHONY: format
format: setup ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: crds
crds: setup ## Write crds/ and the chart's copies from the models
	@$(PY) -m pilothouse.catalog crds

.PHONY: docs
docs: setup ## Write the generated pages of docs/ from the models
	@$(PY) -m pilothouse.catalog docs

.PHONY: golden
golden: cluster ## Keep the state that this version leaves behind, for later ones to be held against, in tests/golden
	@$(PY) -m tests.golden

.PHONY: constraints
constraints: ## Lock what pyproject.toml asks for into constraints.txt (ARGS=--upgrade: in newest versions)
	@hack/lock $(ARGS)

.PHONY: image
image: ## Build the container image (PYTHON_IMAGE=python:3.13-slim@sha256:...)
	@[[ "$(PYTHON_IMAGE)" == *@sha256:* ]] || { \
	  echo 'image: PYTHON_IMAGE must name a Python base image by digest, as in:' >&2; \
	  echo '  make image PYTHON_IMAGE=python:3.13-slim@sha256:<64 hex digits>' >&2; exit 2; }
	docker build --build-arg PYTHON_IMAGE="$(PYTHON_IMAGE)" --tag pilothouse:$(VERSION) .

.PHONY: sbom
sbom: setup ## Write the bill of materials of the image's Python packages into dist/, as CycloneDX
	@hack/sbom

VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

##@ To end
.PHONY: clean
clean: ## Remove .venv and everything built in this tree; the cache in ~/.cache/pilothouse stays
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The control plane's programs: minutes on the first run, cached afterwards.
.PHONY: cluster
cluster: setup
	@$(PY) -m tests.cluster build
