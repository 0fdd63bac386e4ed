# make demo | test | test-all | check | bench | ui       (README.md explains each)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
KB := $(BIN)/kb
# A plain path instead of an import hook, and bytecode before the first start: 15 and 90 ms of every
# cold command where PYTHONDONTWRITEBYTECODE is set.
EDITABLE := --config-settings editable_mode=compat
COMPILE := $(BIN)/python -m compileall -q kb ingest ui
# TORCH=cuda takes PyTorch's default build; otherwise its CPU build, where its index is reachable.
TORCH ?= cpu
TORCH_CPU_INDEX := https://download.pytorch.org/whl/cpu
WORKERS ?= 2

.PHONY: demo test test-all check bench ui clean

demo: $(VENV)/installed
	@$(BIN)/python data/demo.py

ui: $(VENV)/installed
	$(KB) ui

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow and not browser"

# GitHub's published schemas, for the test that holds our server and queries against them.
node_modules/installed:
	npm install --no-save --no-audit --no-fund --silent @octokit/openapi@23.0.2 @octokit/graphql-schema@15.26.1
	@touch $@

test-all: $(VENV)/installed-dev node_modules/installed
	$(BIN)/python -m pytest -m "slow or browser"

check: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/installed-dev
	$(BIN)/python tests/bench/run.py

clean:
	rm -rf $(VENV) data/store

$(VENV)/torch: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("RepoKB needs Python 3.11 or later") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	@if [ "$(TORCH)" = cpu ] && $(PYTHON) -c 'import urllib.request as r; r.urlopen("$(TORCH_CPU_INDEX)/torch/", timeout=3)' 2>/dev/null; \
	then echo "installing PyTorch's CPU build (TORCH=cuda takes the default one)"; \
	     $(PIP) install -c constraints.txt --index-url $(TORCH_CPU_INDEX) torch; \
	else echo "installing PyTorch's default build"; \
	     $(PIP) install -c constraints.txt torch; fi
	@touch $@

$(VENV)/installed: $(VENV)/torch pyproject.toml constraints.txt
	$(PIP) install -c constraints.txt $(EDITABLE) -e '.[pdf,mcp]'
	@$(COMPILE)
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) install -c constraints.txt $(EDITABLE) -e '.[pdf,mcp,anthropic,ollama,dev]'
	@$(COMPILE)
	@touch $@
