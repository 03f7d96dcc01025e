# make app    set everything up and start the web app
# make test   lint, types and all tests, browser tests included
# make bench  tables of how fast things are on this machine
#
# PYTHON=python3.12 chooses another interpreter, PORT=8600 another port, TEST_WORKERS=4 more test processes.

PYTHON ?= python3
PORT ?= 8501
TEST_WORKERS ?= auto

BIN := .venv/bin
# One stamp a set of requirements, named by its content: touching a file changes nothing, changing it installs anew.
SUM = $(shell cat $(1) | cksum | cut -d ' ' -f 1)
SETUP := .venv/.setup-$(call SUM,requirements.txt pyproject.toml)
DEV := .venv/.dev-$(call SUM,requirements.txt requirements-dev.txt pyproject.toml)
VIEWER := static/3Dmol-min.js

.PHONY: app setup test lint bench browser clean
.DEFAULT_GOAL := app

app: setup
	$(BIN)/python -m gcd app --port $(PORT)

setup: $(SETUP) $(VIEWER)

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "gcd needs Python 3.11 or newer, and there is no $(PYTHON)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "gcd needs Python 3.11 or newer; $$($(PYTHON) --version) is too old (try: make PYTHON=python3.12)." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv

$(SETUP): | $(BIN)/python
	@echo "Installing the pinned requirements into .venv (a few minutes the first time)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@rm -f .venv/.setup-*
	@touch $@

$(DEV): $(SETUP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@rm -f .venv/.dev-*
	@touch $@

# Without npm or a network the app still runs: the viewer then comes from its CDN, or as a plotly figure.
$(VIEWER): requirements.txt | $(SETUP)
	@$(BIN)/python scripts/fetch_3dmol.py
	@touch -c $@

browser:
	@sh scripts/install_chromium.sh

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Browser tests have the machine to themselves: they watch a real page and must not wait for other tests.
test: setup lint browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile -m "not browser"
	@sh scripts/browser_tests.sh $(BIN)/python

bench: $(DEV)
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv build dist static/3Dmol-min.js
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
