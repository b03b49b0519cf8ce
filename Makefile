# The two commands of the README are `make demo` and `make test`; each sets up what it needs from nothing.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3.10 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 10))' \
	2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OUT := out
# Tests wait more than they compute: three at a time fill two cores.
JOBS ?= 3
KERNELS ?= oldest middle newest
SOAK_SECONDS ?= 1800
# The pins are those of Python 3.11; another version takes what fits it.
PINS := $(if $(shell $(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo y),-c constraints.txt)
# What is run on the lowest versions that the metadata allows: what has no page, and one file of kernel tests.
LOWEST := $(OUT)/lowest
LOWEST_TESTS := tests/unit tests/contract tests/faults tests/reliability/test_forked_child.py \
	tests/integration/test_kernel_cell.py tests/integration/test_sandbox_clips.py
# Nothing that make runs may find a key, spend money, or touch the user's own journal.
SAFE := env -u AIMLAPI_API_KEY -u AIMLAPI_KEY -u AIML_API_KEY -u AIMLAPI_BASE_URL LTXV_BACKEND=sandbox

.PHONY: help setup demo lab test lint types unit nbval docs bench soak screenshots test-kernels test-lowest dist clean

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "make: no Python 3.10 or newer with venv was found; install python3.11 and python3.11-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[lab,keyring,test,docs]' $(PINS)
	@touch $@

setup: $(READY) ## make .venv with everything

demo: $(READY) ## run the quickstart notebook on the embedded service
	$(SAFE) $(BIN)/python tools/demo.py $(OUT)/demo

lab: $(READY) ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

lint: $(READY) ## ruff, and which layer imports which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo

types: $(READY) ## mypy --strict
	$(BIN)/mypy

unit: $(READY) ## the fast tests
	$(SAFE) $(BIN)/pytest tests/unit tests/contract

nbval: $(READY) ## every notebook, and the quickstart's golden outputs
	$(SAFE) $(BIN)/python tools/nbval.py $(OUT)/nbval

docs: $(READY) ## the documentation, warnings being errors
	$(SAFE) $(BIN)/python -m sphinx -W --keep-going -q -b html docs $(OUT)/docs
	@echo "documentation: $(OUT)/docs/index.html"

test: $(READY) ## everything
	$(MAKE) --jobs=2 lint types docs
	$(SAFE) $(BIN)/pytest tests -n $(JOBS) --dist loadfile --no-loadscope-reorder

bench: $(READY) ## the figures of docs/benchmarks.md
	$(SAFE) $(BIN)/python benchmarks/run.py

soak: $(READY) ## half an hour of random faults from all sides at once
	rm -rf $(OUT)/soak
	$(SAFE) $(BIN)/python -m tests.hostile.soak --seconds $(SOAK_SECONDS) --keep $(OUT)/soak

screenshots: $(READY) ## the pictures of the README, one of them moving, from a real JupyterLab
	$(SAFE) $(BIN)/python tools/screenshots.py docs/images
	$(SAFE) $(BIN)/python tools/recording.py docs/images/first-clip.webp

test-kernels: $(READY) ## the kernel and page tests on ipykernel 6.31, 7.3 and the newest
	$(SAFE) $(BIN)/python tools/kernel_matrix.py --only $(KERNELS) --jobs $(JOBS)

test-lowest: ## the tests on the lowest versions of all dependencies, in an environment of its own
	@test -n "$(PYTHON)" || { echo "make: no Python 3.10 or newer with venv was found; install python3.11 and python3.11-venv"; exit 1; }
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct \
		--editable '.[lab,keyring,test]'
	$(SAFE) $(LOWEST)/bin/python -m pytest $(LOWEST_TESTS) -n $(JOBS) --dist loadfile

dist: $(READY) ## sdist and wheel
	$(BIN)/python -m build --outdir $(OUT)/dist

clean: ## remove what make has made
	rm -rf $(VENV) $(OUT)
