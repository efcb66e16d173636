# Two commands do it all: `make run`, and `make test`. Each installs first what it needs.

# The newest Python that runs: a version manager's shim may be on the path for one that is not selected.
RUNS = -I -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
ifndef PYTHON
PYTHON := $(shell for python in python3.13 python3.12 python3.11 python3; do $$python $(RUNS) && echo $$python && break; done)
endif
VENV = .venv
BIN = $(VENV)/bin

# Set for other projects, they would lead Python or Django to those.
unexport PYTHONHOME PYTHONPATH PYTHONSAFEPATH DJANGO_SETTINGS_MODULE
# If it is set, every process compiles the project again, and tests start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-3.13 test-deployment test-clients stress lint format bench bench-tasks openapi package deploy rollback undeploy lock clean

run: $(VENV)/run.installed
	@$(BIN)/python manage.py runserver --noreload

# Tests often wait for other processes, so two cores get four workers, the most. Each begins with one part of the
# tests in a row, so fewer workers start the same servers.
WORKERS = -n $$(($$(getconf _NPROCESSORS_ONLN) + 2)) --maxprocesses 4 --dist worksteal

test: $(VENV)/test.installed
	@$(BIN)/python -m tests.support.chromium
	@$(BIN)/python -m pytest $(WORKERS)

# Unit and integration tests on Python 3.13, in an environment of their own.
NEWEST = $(shell for python in python3.13 "$$(dirname "$$(command -v python3.13)")"/../versions/3.13*/bin/python3.13; do \
    $$python -I -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null && echo $$python && break; done)
test-3.13:
	@test -n "$(NEWEST)" || { echo "No Python 3.13 was found." >&2; exit 1; }
	@$(MAKE) --no-print-directory .venv-3.13/test.installed VENV=.venv-3.13 PYTHON=$(NEWEST)
	@.venv-3.13/bin/python -m pytest $(WORKERS) tests/unit tests/integration

# Whole deploys, to an emulator of AWS. Each worker has one, and runs whole files.
test-deployment: $(VENV)/test.installed $(VENV)/ministack.installed
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m ministack tests/deployment

# Clients generated from docs/openapi.json, against the site, and linters of it. Some of them: `make test-clients CLIENTS=java`.
test-clients: $(VENV)/test.installed $(VENV)/clients.installed $(VENV)/clients/npm.installed
	@$(BIN)/python -m pytest -m clients -k "$(CLIENTS)" tests/clients

# The long forms of tests: faults, kills, races, attacks; then, alone, what is measured: 50,000 events, five minutes of load.
stress: $(VENV)/test.installed $(VENV)/stress.installed
	@$(BIN)/python -m pytest -m stress --timeout 1800 -n auto --maxprocesses 4 tests/hostile tests/resilience
	@$(BIN)/python -m pytest -m stress --timeout 1800 tests/costs tests/load

lint: $(VENV)/test.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/test.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# This project beside the original FastAPI design, Django's own admin and bare botocore; ten minutes on a quiet machine.
bench: $(VENV)/test.installed $(VENV)/peer.installed
	@$(BIN)/python -m tests.benchmarks

# Ten everyday tasks on the desk and on Django's admin, counted in clicks, keys and page loads; two minutes.
bench-tasks: $(VENV)/test.installed
	@$(BIN)/python -m tests.support.chromium
	@$(BIN)/python -m tests.benchmarks.tasks

openapi: $(VENV)/run.installed
	$(BIN)/python manage.py export_openapi_schema --api eventsite.api.api --indent 2 --output docs/openapi.json

# Of a stage of zappa_settings.json: `make deploy STAGE=dev`. `docs/deployment.md` says what comes before.
package deploy rollback undeploy: $(VENV)/test.installed
	@test -n "$(STAGE)" || { echo "Say which stage: make $@ STAGE=dev" >&2; exit 1; }
	@$(BIN)/python manage.py $@ $(STAGE)

# Takes the newest releases that pyproject.toml admits.
lock: $(VENV)/test.installed
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    -c requirements.txt --group dev pyproject.toml -o requirements-dev.txt
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    --group pyproject.toml:ministack -o requirements-ministack.txt
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    --group pyproject.toml:stress -o requirements-stress.txt
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    --group pyproject.toml:peer -o requirements-peer.txt
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    --group pyproject.toml:clients -o requirements-clients.txt

clean:
	rm -rf .venv .venv-3.13 .dynamodb .hypothesis .mypy_cache .pytest_cache .ruff_cache staticfiles .assets dist

$(VENV)/run.installed: requirements.txt
	@$(INSTALL) $(VENV) $< $@

$(VENV)/test.installed: requirements-dev.txt
	@$(INSTALL) $(VENV) $< $@

# It stands in for AWS, and needs releases of what the site needs too: so it has an environment of its own.
$(VENV)/ministack.installed: requirements-ministack.txt | $(VENV)/test.installed
	@$(INSTALL) $(VENV)/ministack $< $@

$(VENV)/stress.installed: requirements-stress.txt | $(VENV)/test.installed
	@$(INSTALL) $(VENV)/stress $< $@

# The original design, which `make bench` measures the API beside.
$(VENV)/peer.installed: requirements-peer.txt | $(VENV)/test.installed
	@$(INSTALL) $(VENV)/peer $< $@

$(VENV)/clients.installed: requirements-clients.txt | $(VENV)/test.installed
	@$(INSTALL) $(VENV)/clients $< $@

# The exact versions of tests/clients/package-lock.json.
$(VENV)/clients/npm.installed: tests/clients/package-lock.json | $(VENV)/clients.installed
	@mkdir -p $(VENV)/clients/npm
	@cp tests/clients/package.json tests/clients/package-lock.json tests/clients/.npmrc $(VENV)/clients/npm
	@echo "Installing $< into $(VENV)/clients/npm (only once) ..."
	@cd $(VENV)/clients/npm && PATH="../bin:$$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

INSTALL = test -n "$(PYTHON)" && $(PYTHON) $(RUNS) \
    || { echo "Events needs Python 3.11, 3.12 or 3.13, and none was found: use 'make ... PYTHON=/path/to/python3.13'." >&2; exit 1; }; \
    $(PYTHON) -I eventsite/engine/install.py
