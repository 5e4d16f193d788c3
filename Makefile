# Each target makes the virtual environment that it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: bench bench-generator mutation test check clean help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

bench: $(STAMP)  ## load the embedded server with 500 clients and show the report
	$(BIN)/xmpp-harness bench chat --target embedded --users 500 --rate 500 --duration 20

bench-generator: $(STAMP)  ## what the generator itself costs, next to tsung on one ejabberd
	$(BIN)/python -m harness.generator_bench

mutation: $(STAMP)  ## is every planted defect of the embedded server noticed by the suite?
	$(BIN)/python -m conformance.mutation $(if $(SAMPLE),--first --sample $(SAMPLE))

test: $(STAMP)  ## all tests
	$(BIN)/python -m pytest -n auto

check: $(STAMP)  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:  ## remove the virtual environment, records and caches
	rm -rf $(VENV) out dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,check]'
	touch $@
