# The front door: `make help`. Everything lives in .venv (Python) and .build (programs); `make clean` takes both away.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
PY := $(VENV)/bin/python
BIN := $(or $(BESTBEFORE_BIN),$(CURDIR)/.build/bin)
PYTHON ?= python3

# What to test: `make test T=tests/unit/cache`, `make test T="tests/unit -k deadline"`.
T ?= tests
# What to measure: `make bench S="check warm"`; all without it.
S ?=
# What to attack with: `make attack A="handshakes memory"`; all without it. MINUTES=5 is for random faults and fuzzing.
A ?=
MINUTES ?=

# Which folder to make mistakes in: `make mutate P=provider/registry`.
P ?=
# How many pairs of a CUE policy and a document to compare with the real CUE.
PAIRS ?= 20000
# What to show in the demo instead of images made up for it: `make demo IMAGES="cgr.dev/chainguard/static …"`.
IMAGES ?=

export PATH := $(CURDIR)/$(VENV)/bin:$(BIN):$(PATH)

##@ Start

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: venv
venv: $(VENV)/.made ## .venv with the pinned, hashed requirements

$(VENV)/.made: requirements/dev.txt setup.cfg
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit(f"Python 3.11 or newer is needed, this is {sys.version}; say PYTHON=…")'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "venv: installing requirements/dev.txt"
	@$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(PY) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: venv opa ## the story from end to end, told step by step (IMAGES="…" for real images)
	@$(PY) -m demo $(IMAGES)

##@ Test

.PHONY: test
test: venv opa ## unit and integration tests (T=path; E2E=1 runs the rig's too, in the same run)
ifdef E2E
	@tools/build
	@tools/monitoring
	@BESTBEFORE_E2E=1 $(PY) -m tests.e2e.rig.network $(PY) -m pytest --numprocesses=4 $(T)
else
	@for name in helm helm4 helm-unittest registry gator cosign promtool; do \
		type -P $$name >/dev/null || echo "test: without $$name, its tests are skipped (\`make tools\` builds it)"; done
	@$(PY) -m pytest $(T) -m "not e2e" -r fEX
endif

.PHONY: e2e
e2e: venv tools ## the story on the real Gatekeeper: minutes the first time, for it builds what it runs
	@BESTBEFORE_E2E=1 $(PY) -m tests.e2e.rig.network $(PY) -m pytest $(if $(filter tests,$(T)),tests/e2e,$(T))

.PHONY: bench
bench: venv tools ## the figures we care about (S="cold warm" measures some of them)
	@$(PY) -m tests.e2e.rig.network $(PY) -m tests.bench $(S)

.PHONY: attack
attack: venv ## hostile registries, callers and strangers against the real provider, 10 minutes (A="memory faults", MINUTES=5)
	@$(PY) -m tests.attack.namespace $(PY) -m tests.attack $(if $(MINUTES),--minutes=$(MINUTES)) $(A)

.PHONY: cue
cue: venv opa ## compiled CUE policies against the real CUE: 20,000 random pairs, minutes (PAIRS=1000 for fewer)
	@tools/build cue-judge
	@$(PY) -m tests.integration.cue.differential $(PAIRS)

.PHONY: mutate
mutate: venv opa ## do the tests notice mistakes in a folder or file? minutes (P=gatekeeper/rego)
	@$(PY) -m tests.mutation $(P)

##@ Write

.PHONY: lint
lint: venv opa ## ruff, mypy, import contracts, Rego, YAML, Dockerfile
	ruff check .
	ruff format --check .
	mypy
	mypy --follow-imports=silent tests/e2e
	lint-imports --no-logo
	opa fmt --v0-compatible --list --fail gatekeeper/rego
	opa check --v0-compatible --strict --capabilities gatekeeper/evaluation/capabilities.json gatekeeper/rego
	yamllint --strict --format parsable .
	test ! -f Dockerfile || hadolint Dockerfile

.PHONY: reformat
reformat: venv opa ## put Python and Rego into shape
	ruff check --fix-only .
	ruff format .
	opa fmt --v0-compatible --write gatekeeper/rego

.PHONY: generate
generate: venv opa ## write every file that is made from others
	$(PY) scripts/chart_readme.py
	$(PY) -m provider.settings.reference docs/reference/settings.md
	$(PY) -m scripts.reference
	$(PY) -m scripts.policies
	$(PY) -m scripts.dashboards

.PHONY: chart
chart: ## the chart's archive, in .build/chart: one commit, the same bytes
	@tools/build helm4
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) helm4 package helm/bestbefore --destination .build/chart
	sha256sum .build/chart/*.tgz

.PHONY: snapshots
snapshots: ## write down anew what the chart renders by default, where a change of it is meant
	@tools/build helm-unittest
	helm-unittest --strict --update-snapshot --file 'tests/defaults_test.yaml' helm/bestbefore

.PHONY: verify
verify: generate ## generate, and see that nothing changed
	git diff --exit-code

.PHONY: requirements
requirements: venv ## compile requirements/*.in to hashed pins
	scripts/requirements.sh

##@ Tools

.PHONY: tools
tools: ## build every pinned program of the rig into .build/bin, with Debian's Prometheus beside them
	@tools/build
	@tools/monitoring

.PHONY: opa
opa: ## only the OPA of our Gatekeeper release, about a minute
	@tools/build opa
	@mkdir -p gatekeeper/evaluation/bin && ln -sf "$$(type -P opa)" gatekeeper/evaluation/bin/opa

.PHONY: image
image: ## build the image and try it (root, buildah, debootstrap; no container engine)
	@scripts/image.sh

.PHONY: clean
clean: ## take away what was made here
	rm -rf $(VENV) .build build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
