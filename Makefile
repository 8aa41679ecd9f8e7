# Needs python3 >= 3.11 and nothing else; everything is installed into .venv from the locked requirements.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
V := .venv/bin
quietly = out=$$($(1) 2>&1) || { echo "$$out"; exit 1; }

help:           ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

.venv/run: requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "jalon needs Python 3.11 or later; name one with PYTHON=...")'
	@test -x $(V)/python || $(PYTHON) -m venv .venv
	@echo "installing jalon into .venv (a minute, once)"
	@$(call quietly,$(V)/pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt)
	@$(call quietly,$(V)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .)
	@touch $@

.venv/dev: .venv/run requirements/dev.txt
	@$(call quietly,$(V)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt)
	@touch $@

.dbt/done: requirements/dbt.txt
	@$(PYTHON) -m venv .dbt
	@echo "installing dbt into .dbt (a minute, once)"
	@$(call quietly,.dbt/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/dbt.txt)
	@touch $@

.lowest/done: pyproject.toml
	@$(PYTHON) -m venv .lowest
	@sed -n 's/^    "\([a-z0-9-]*\)[^"]*>=\([0-9.]*\)",$$/\1==\2/p' pyproject.toml > .lowest/bounds.txt
	@echo "installing the oldest packages that jalon takes into .lowest (a minute, once)"
	@$(call quietly,.lowest/bin/pip install -q --disable-pip-version-check -c .lowest/bounds.txt -e '.[sandbox]' pytest pytest-asyncio pytest-xdist hypothesis)
	@touch $@

demo: .venv/run ## play the platforms, sync, attribute, and make a report from it
	$(V)/jalon demo

# By default as many workers as there are cores; four at most, since each holds half a gigabyte.
WORKERS ?= auto --maxprocesses 4

test: .venv/dev ## all tests but those that take minutes, and the fast part of the crash programme
	$(V)/pytest -n $(WORKERS) --dist worksteal -m "not long"

long: .venv/dev ## the tests that take minutes: Spark and a cluster, dbt, whole brands played with all faults
	$(V)/pytest -n 2 --dist worksteal -m long

lowest: .lowest/done ## tests of files, store and sales with the oldest packages that jalon takes
	.lowest/bin/pytest -n 2 --dist worksteal tests/test_golden.py tests/store tests/attribution/test_sales.py

dbt: .dbt/done ## dbt in an environment of its own, for the tests of the project that goes with the marts

crash: .venv/dev ## the whole crash programme: at least 200 kills
	$(V)/pytest -n 2 tests/crash --crashes 200

truth: .venv/dev ## the truth property over many more seeds and fault schedules
	$(V)/pytest -n 2 tests/truth --seeds 40

cover: .venv/dev ## tests with branch coverage
	$(V)/pytest -n 2 --cov --cov-report=term-missing:skip-covered

lint: .venv/dev ## format, lint, types, import contracts
	$(V)/ruff format --check .
	$(V)/ruff check .
	$(V)/mypy
	$(V)/lint-imports

bench: .venv/dev ## speed and memory, as ratios against a named baseline of the same run
	$(V)/python -m benchmarks

accept: .venv/dev ## write the golden files anew: look at the difference before you commit it
	$(V)/pytest tests/test_golden.py --accept
	git status --short tests/samples

docs: .venv/dev ## write the generated pages of docs/ anew
	$(V)/python -m docs.generate

charts:         ## build the page's chart library anew; needs npm, and gives the same bytes
	cd jalon/report/page/assets/bundle && npm ci --ignore-scripts --no-audit --no-fund && npm run --silent build && rm -rf node_modules

lock: .venv/dev ## write requirements/*.txt anew
	$(V)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-options --strip-extras --allow-unsafe --extra sandbox -o requirements/run.txt pyproject.toml requirements/build.in
	$(V)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-options --strip-extras --allow-unsafe -o requirements/dev.txt requirements/dev.in
	$(V)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-options --no-strip-extras --allow-unsafe -o requirements/dbt.txt requirements/dbt.in

clean:          ## remove the environment and what was made
	rm -rf .venv .dbt .lowest demo-out build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help demo test long lowest crash truth cover lint bench accept docs charts lock clean
