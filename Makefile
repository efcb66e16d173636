# Two commands do it all: `make run`, and `make test`. Each installs first what it needs.
PYTHON ?= python3.11
BIN = .venv/bin

# Set for other projects, they would lead Python or Django to those.
unexport PYTHONHOME PYTHONPATH PYTHONSAFEPATH DJANGO_SETTINGS_MODULE

.PHONY: run test test-deployment stress lint format bench openapi package deploy undeploy lock clean

run: .venv/run.installed
	@$(BIN)/python manage.py runserver --noreload

test: .venv/test.installed
	@$(BIN)/python -m pytest -n auto --maxprocesses 4

# A whole deploy, to an emulator of AWS.
test-deployment: .venv/test.installed .venv/ministack.installed
	@$(BIN)/python -m pytest -m ministack tests/deployment

# The long forms of tests: faults, kills, races, attacks; then, alone, what is measured: 50,000 events, five minutes of load.
stress: .venv/test.installed .venv/stress.installed
	@$(BIN)/python -m pytest -m stress --timeout 1800 -n auto --maxprocesses 4 tests/hostile tests/resilience
	@$(BIN)/python -m pytest -m stress --timeout 1800 tests/costs tests/load

lint: .venv/test.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/test.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# This project beside the original FastAPI design, Django's own admin and bare botocore; ten minutes on a quiet machine.
bench: .venv/test.installed .venv/peer.installed
	@$(BIN)/python -m tests.benchmarks

openapi: .venv/run.installed
	$(BIN)/python manage.py export_openapi_schema --api eventsite.api.api --indent 2 --output docs/openapi.json

# Of a stage of zappa_settings.json: `make deploy STAGE=dev`. `docs/deployment.md` says what comes before.
package deploy undeploy: .venv/test.installed
	@test -n "$(STAGE)" || { echo "Say which stage: make $@ STAGE=dev" >&2; exit 1; }
	@$(BIN)/python manage.py $@ $(STAGE)

# Takes the newest releases that pyproject.toml admits.
lock: .venv/test.installed
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

clean:
	rm -rf .venv .dynamodb .hypothesis .mypy_cache .pytest_cache .ruff_cache staticfiles .assets dist

.venv/run.installed: requirements.txt
	@$(INSTALL) .venv $< $@

.venv/test.installed: requirements-dev.txt
	@$(INSTALL) .venv $< $@

# It stands in for AWS, and needs releases of what the site needs too: so it has an environment of its own.
.venv/ministack.installed: requirements-ministack.txt | .venv/test.installed
	@$(INSTALL) .venv/ministack $< $@

.venv/stress.installed: requirements-stress.txt | .venv/test.installed
	@$(INSTALL) .venv/stress $< $@

# The original design, which `make bench` measures the API beside.
.venv/peer.installed: requirements-peer.txt | .venv/test.installed
	@$(INSTALL) .venv/peer $< $@

INSTALL = $(PYTHON) -I -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
    || { echo "Events needs Python 3.11, and '$(PYTHON)' is none: PYTHON=/path/to/python3.11 make ... names one." >&2; exit 1; }; \
    $(PYTHON) -I eventsite/engine/install.py
