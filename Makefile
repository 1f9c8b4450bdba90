# The commands of the project. Each does the set-up it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest

# Servers and tests start sooner where Python may keep what it has compiled.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup browser demo run test test-slow check bench soak lock

help:
	@echo "make demo       serve the console on a local sandbox; needs no key"
	@echo "make run        serve the console on the API that MISTRAL_SERVER_URL names"
	@echo "make test       all the tests but the slow ones"
	@echo "make test-slow  the slow tests"
	@echo "make check      lint, types, deployment checks, missing migrations"
	@echo "make bench      measure; the figures go to bench.json"
	@echo "make soak       measure for more than half an hour; the figures go to soak.json"
	@echo "make setup      only the set-up: .venv with everything in it"
	@echo "make lock       pin the newest versions that fit, in constraints.txt"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	@touch $@

# The shell has no window to draw, and opens a page in a quarter of the time; Chromium itself does as well.
INSTALL := DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends

browser:
	@if ! command -v chromium-headless-shell >/dev/null && ! command -v chromium >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && { $(INSTALL) chromium-headless-shell || $(INSTALL) chromium; } >/dev/null; \
		else \
			echo "The browser tests need Chromium: install a package that brings the command 'chromium'." >&2; exit 1; \
		fi; \
	fi

demo: $(READY)
	@exec $(BIN)/python manage.py demo --with-parent

run: $(READY)
	@exec $(BIN)/python manage.py run

# Two runs: Playwright leaves an event loop running, which Django's database fixtures refuse. A file's tests share
# servers, so they stay together; they wait more than they work, so there are more of them at a time than cores.
test: $(READY) browser
	$(PYTEST) -m "not slow" --ignore=tests/browser -n 3 --dist loadfile
	$(PYTEST) -m "not slow" tests/browser -n 2 --dist loadfile

# Generated inputs once more, ten times as many.
test-slow: $(READY) browser
	$(PYTEST) -m slow --ignore=tests/browser
	$(PYTEST) -m "hypothesis and not slow" --ignore=tests/browser --hypothesis-profile=thorough -n 2
	$(PYTEST) -m slow tests/browser

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(60))') PUBLIC_URL=https://console.example.com \
		$(BIN)/python manage.py check --deploy --fail-level WARNING
	SECRET_KEY=unused $(BIN)/python manage.py makemigrations --check --dry-run

bench: $(READY) browser
	$(BIN)/python -m tests.benchmarks --output bench.json

soak: $(READY) browser
	$(BIN)/python -m tests.benchmarks --soak --output soak.json

lock: pyproject.toml
	rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --editable '.[test]'
	$(BIN)/python -m pip freeze --exclude-editable > constraints.txt
	@touch $(READY)
