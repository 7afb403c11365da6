# Two commands matter: `make demo` and `make test`. Each is complete alone and quick when repeated.
# They need a Python 3.11 or newer, and nothing else: the store, and Node where it is missing, come as packages.
VENV ?= .venv
BIN := $(VENV)/bin

# The first of these that is new enough; `make PYTHON=/path/to/python3 ...` chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

# What builds the package is held to the same versions as what runs it; older and newer pips ask differently.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_BUILD_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Demos and tests start many processes of ours: none compiles again what the first has compiled.
unexport PYTHONDONTWRITEBYTECODE
PIP_INSTALL = $(BIN)/python -m pip install --quiet

.PHONY: demo test sim soak check pages browser faketime clean
.NOTPARALLEL:

demo: $(VENV)/.for-demo pages
	$(BIN)/gala demo $(ARGS)

# Two workers a core, each with a store and a Chromium of its own; one that is done takes tests from the others.
test: check browser faketime
	$(BIN)/python gala/web/pages_build.py test
	$(BIN)/python -m pytest -n auto --dist worksteal

# Simulated evenings: `make sim SEED=7` plays again what the suite has found; without a seed, some that are new.
sim: $(VENV)/.for-test
	$(BIN)/python -m tests.sim $(SEED)

# Faults at length, an hour and a half: `make soak SOAK="--scale 0.1"`, or some of them, `make soak SOAK="store power"`.
soak: $(VENV)/.for-test pages
	$(BIN)/python -m tests.soak $(SOAK)

check: $(VENV)/.for-test pages
	$(BIN)/python gala/web/pages_build.py check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A digest of the sources is compared with the built pages': nothing is done when they are of these sources.
pages: $(VENV)/.for-demo
	$(BIN)/python gala/web/pages_build.py

# Goes on without one: then the page tests fail, and say so.
browser: $(VENV)/.for-test
	-$(BIN)/python -m tests.e2e.chromium

# Likewise: the test of a stepped clock fails without it, and says so.
faketime: $(VENV)/.for-test
	-$(BIN)/python -m tests.gala.faketime

$(VENV)/bin/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer is needed, and none is in PATH: install one, or say where it is:" >&2; \
		echo "    make PYTHON=/path/to/python3 demo" >&2; exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is no Python 3.11 or newer" >&2; exit 1; }
	@rm -f $(VENV)/.for-*  # a new Python has none of the packages
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment (on Debian and Ubuntu: apt install python3-venv)" >&2; \
		exit 1; }

# The package is installed in place; its pages are built on the way.
$(VENV)/.for-demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing into $(VENV) and building the pages: a minute or two, the first time"
	$(PIP_INSTALL) -e .
	@touch $@

$(VENV)/.for-test: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing into $(VENV) and building the pages: a minute or two, the first time"
	$(PIP_INSTALL) -e '.[test]'
	@touch $(VENV)/.for-demo $@

clean:
	rm -rf $(VENV) gala/web/dist gala/web/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find gala games voting rewards tests -name __pycache__ -type d -prune -exec rm -rf {} +
