# Everything runs from .venv, which is made on demand; nothing has to be activated.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.requirements-installed
# What the ledger is measured against has an environment of its own: none of it is a part of the service.
BENCH_STAMP := .venv-bench/.requirements-installed
# What imports the settings needs a database to name; this one is gone when the command ends.
MANAGE := $(BIN)/python -m gateway.stack.throwaway $(BIN)/python manage.py
LOCK := $(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help up demo manage code browser pictures test storm storm-ci bench check format openapi docs messages lock

help: ## List the targets.
	@sed -nE 's/^([a-z-]+):[^#]*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-8s %s\n' "$$name" "$$text"; done

# exec, here and below: signals reach the program itself.
up: $(STAMP) ## Start the whole service here: PORT, STACK_DIR, [MIGRATION_]DATABASE_URL, REDIS_URL, PG_BIN, PAYKASSMA_*.
	@exec $(BIN)/python -m gateway.stack

demo: $(STAMP) ## Against a running stack: two deposits and a withdrawal, step by step until each is final.
	@exec $(BIN)/python -m gateway.demo

# What waits for a password or an answer reads it from the terminal, or from a pipe.
manage: $(STAMP) ## manage.py against the local stack: ARGS='money list', STACK_DIR.
	@exec $(BIN)/python -m gateway.stack.manage $(ARGS)

code: $(STAMP) ## The present code of the running stack's admin, or of another: WHO=approver.
	@exec $(BIN)/python -m gateway.stack.code $(WHO)

browser: $(STAMP) ## Find a Chromium for the browser tests, or install one.
	@exec $(BIN)/python -m tests.browser.chromium

pictures: $(STAMP) ## Take the pictures of admin and payment pages in docs/pictures/ anew, on a stack of their own.
	@exec $(BIN)/python -m tests.browser.pictures

# A whole run is spread over processes (tests/spreading.py says how many and which tests stay together). For a part of it
# their start would cost more than they save: with ARGS there is one, unless it says otherwise (ARGS="-n auto ..."). A
# process that dies ends the run: its test has failed, and is not tried again. Compiled code is kept, whatever is usual
# here: to rewrite the asserts of all plugins and tests anew takes each process eight seconds. A whole run that finds no
# browser tries to install one first, and goes on without, saying so at its end, unless BROWSER_TESTS=required.
test: $(STAMP) $(BENCH_STAMP) ## Run the whole suite on a real PostgreSQL, Valkey, worker and sandbox. ARGS="..." goes to pytest.
	@$(if $(ARGS),,$(BIN)/python -m tests.browser.chromium || test "$$BROWSER_TESTS" != required)
	@exec env PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest $(or $(ARGS),--numprocesses=auto --max-worker-restart=0)

# Seeds of its own each time; one that finds something is given again with ARGS="--seed N".
storm: $(STAMP) ## Two thousand withdrawals, twice, while everything is killed again and again: half an hour. ARGS="--seed N".
	@exec $(BIN)/python -m tests.storm $(ARGS)

# Always the same seed: what it finds, it finds again.
storm-ci: $(STAMP) ## The same in small and with a fixed seed: three minutes.
	@exec $(BIN)/python -m tests.storm --seed 20261126 --withdrawals 150 --kills 10 --flushes 2 --valkey-kills 1 \
		--terminations 12 --seconds 25 --hangs 0 $(ARGS)

bench: $(STAMP) $(BENCH_STAMP) ## Measure how fast it is beside others, and fail where a bar is missed. ARGS="--keep FILE" keeps it.
	@exec $(BIN)/python -m benchmarks $(ARGS)

check: $(STAMP) ## Check style, types, imports between parts, migrations and the documents.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m gateway.stack.throwaway $(BIN)/mypy .
	$(BIN)/lint-imports
	$(MANAGE) makemigrations --check --dry-run
	$(MANAGE) spectacular --file .venv/openapi.yaml --validate --fail-on-warn
	diff -u docs/openapi.yaml .venv/openapi.yaml
	$(MANAGE) payment_systems_table --file .venv/payment-systems.md
	diff -u docs/payment-systems.md .venv/payment-systems.md

format: $(STAMP) ## Format the code and repair what can be repaired.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

openapi: $(STAMP) ## Write docs/openapi.yaml anew.
	$(MANAGE) spectacular --file docs/openapi.yaml --validate --fail-on-warn

docs: openapi ## Write docs/openapi.yaml and docs/payment-systems.md anew.
	$(MANAGE) payment_systems_table --file docs/payment-systems.md

messages: $(STAMP) ## Bring payments/locale/ up to date with what the payment pages say, and compile it.
	$(MANAGE) messages

lock: $(STAMP) ## Pin everything in requirements*.in with hashes. ARGS=--upgrade takes the newest allowed versions.
	$(LOCK) $(ARGS) requirements.in -o requirements.txt
	$(LOCK) $(ARGS) requirements-sandbox.in -o requirements-sandbox.txt
	$(LOCK) $(ARGS) requirements-dev.in -o requirements-dev.txt
	$(LOCK) $(ARGS) requirements-bench.in -o requirements-bench.txt

$(STAMP): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is not. Name another one: make PYTHON=python3.12 ..." >&2; \
		exit 1; }
	@echo "Making .venv (a minute or two, once) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
		-r requirements.txt -r requirements-dev.txt
	@touch $@

$(BENCH_STAMP): requirements-bench.txt | $(STAMP)
	@echo "Making .venv-bench (half a minute, once) ..."
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
		-r requirements-bench.txt
	@touch $@
