# Two commands matter: `make demo` and `make test`. Each is complete alone and quick when repeated.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test check pages clean

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

# The script compares a digest of the sources with the built pages': quick when there is nothing to do.
pages: $(VENV)/.installed
	$(BIN)/python gala/web/pages_build.py

check: $(VENV)/.installed
	$(BIN)/python gala/web/pages_build.py check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check pages
	$(BIN)/python gala/web/pages_build.py test
	$(BIN)/python -m pytest

demo: pages
	$(BIN)/gala demo

clean:
	rm -rf $(VENV) gala/web/dist gala/web/node_modules .mypy_cache .ruff_cache .pytest_cache
