# Everything a checkout can do. `make setup` is part of each of them and costs nothing when done.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
CANDIDATES := python3 python3.13 python3.12 python3.11 python
ENOUGH := import sys, venv; sys.exit(sys.version_info < (3, 11))
# The interpreter to build on. Without it: the first candidate that is new enough, or another of its
# version that is clearly faster.
PYTHON ?=
# Test files are spread over so many processes, each with servers of its own; more than two cores,
# because now and then tests have to wait.
WORKERS ?= 4
# Which scenarios `make faults` lives: so many from this seed on, or one.
SEEDS ?= 50
FROM ?= 0
SEED ?=
ARGS ?=

# A checkout that was moved is installed anew: the installation knows its path.
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(CURDIR))
.PHONY: $(STAMP)
endif

.PHONY: help setup test check demo up bench faults lock
help: ## What can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
		printf '  %-12s %s\n' "$$name" "$$what"; done

setup: $(STAMP) ## Python environment in .venv with the locked dependencies

$(STAMP): requirements.lock pyproject.toml
	@if ! $(BIN)/python -c '$(ENOUGH)' 2>/dev/null; then \
		for name in $(or $(PYTHON),$(CANDIDATES)); do \
			python=$$(command -v $$name 2>/dev/null) || continue; \
			"$$python" -c '$(ENOUGH)' 2>/dev/null && break; \
			python=; \
		done; \
		if [ -z "$$python" ]; then \
			echo 'make setup: Python 3.11 or newer is needed, with its venv module; none of these is it: $(or $(PYTHON),$(CANDIDATES))' >&2; \
			exit 1; \
		fi; \
		faster=; \
		[ -n '$(PYTHON)' ] || faster=$$("$$python" apps/setup/interpreter.py); \
		python=$${faster:-$$python}; \
		echo "setup: making $(VENV) with $$python"; \
		rm -rf $(VENV); \
		"$$python" -m venv $(VENV) || { \
			rm -rf $(VENV); \
			echo "make setup: $$python cannot make an environment; on Debian and Ubuntu install python3-venv" >&2; \
			exit 1; \
		}; \
	fi
	@echo 'setup: installing the locked dependencies (the first time takes a minute or two)'
	@$(PIP) install --no-compile --require-hashes -r requirements.lock
	@# By all processors; what cannot be compiled, a template or a test of a package, is not imported.
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib >/dev/null || :
	@echo 'setup: installing meqenet itself, editable'
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@printf '%s\n' '$(CURDIR)' > $@
	@echo 'setup: done'

# Says nothing of what is clean.
define CHECK
$(BIN)/ruff check --quiet && $(BIN)/ruff format --check --quiet && $(BIN)/mypy --no-error-summary && \
	{ said=$$($(BIN)/lint-imports --no-logo 2>&1) || { printf '%s\n' "$$said"; false; }; }
endef

# Types are checked by one processor: the tests begin beside that.
test: setup ## Lint, types, architecture and all tests
	@{ $(CHECK); } & checking=$$!; \
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS); tested=$$?; \
	wait $$checking || { echo 'make test: make check fails, see above' >&2; exit 1; }; \
	exit $$tested

check: setup ## Lint, formatting, types and import arrows
	@$(CHECK)

demo: setup ## Watch plans of all four kinds live their whole lives
	@$(BIN)/meqenet demo $(ARGS)

up: setup ## Run everything on this machine until Ctrl-C
	@$(BIN)/meqenet up $(ARGS)

bench: setup ## Measure how fast plans are lived
	@$(BIN)/meqenet bench $(ARGS)

faults: setup ## Live drawn plans under faults: SEEDS=200, FROM=100, or SEED=137 alone
	@$(BIN)/meqenet faults $(if $(SEED),--seed $(SEED),--seeds $(SEEDS) --from $(FROM)) $(ARGS)

lock: setup ## Resolve the dependencies anew into requirements.lock
	@$(BIN)/uv --quiet pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate -o requirements.lock
