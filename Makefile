# Everything a person or a machine runs. `make run` is the demo, `make test` is every test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

BEFORE ?= 5ea0777
.PHONY: install run check test bench proof-notifier proof-replay proof-week proof-flood proof-security proof-deploy proof-chaos proof-soak dashboards sbom \
  audit pins clean

install: $(STAMP)

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# make run ARGS="--broker kafka"
run: $(STAMP)
	@$(BIN)/siaga run $(ARGS)

# The fast gate: form, lint, types, who may import whom, and the tests that need no broker.
check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n 2 --dist loadfile -m "not system and not postgres"

# Every test: two processes share those that stay in one process, then brokers and whole systems, each process with a
# real Apache Kafka that it starts itself.  Status 5 of pytest: ARGS left nothing to run.
test: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@failed=0; \
	$(BIN)/pytest -n 2 --dist loadfile -m "not system" $(ARGS) || [ $$? -eq 5 ] || failed=1; \
	$(BIN)/pytest -n 2 --dist loadfile -m system $(ARGS) || [ $$? -eq 5 ] || failed=1; \
	exit $$failed

# Figures, on a machine that does nothing else; the pages are in bench/report.
bench: $(STAMP)
	$(BIN)/python bench/footprint.py
	$(BIN)/python bench/footprint.py --broker kafka --runs 1
	$(BIN)/python -m bench.weights --seconds 100 --write
	$(BIN)/python -m bench.tagging
	$(BIN)/python -m bench.incidents
	$(BIN)/python -m bench.ingest.cost
	$(BIN)/python -m bench.why --write
	$(BIN)/python -m bench.notifier.orderings
	$(BIN)/python -m bench.notifier.pace
	$(BIN)/python -m bench.notifier.fanout
	$(BIN)/python -m bench.notifier.ledger
	$(BIN)/python -m bench.notifier.page
	$(BIN)/python -m bench.desk
	$(BIN)/python -m bench.pipeline
	$(BIN)/python -m bench.replay
	$(BIN)/python -m bench.tracing
	$(BIN)/python -m bench.goals

# Two workers on one store, SQLite and PostgreSQL, kill -9 at every boundary; 20,000 hostile headlines; 100,000
# schedules.  Goes on where it was stopped; the short forms run with the tests.
proof-notifier: $(STAMP)
	$(BIN)/python -m tests.notifier.proof_crash
	$(BIN)/python -m tests.notifier.proof_crash --broker apache --stores sqlite --deliveries 1500 --kills 40
	$(BIN)/python -m tests.notifier.proof_messages
	$(BIN)/python -m tests.notifier.proof_schedules

# 500,000 made-up stories tagged twice, compared by hash; goes on where it was stopped.
proof-replay: $(STAMP)
	$(BIN)/python -m bench.tagging.replay500k

# The listed sources on a simulated clock, a week for each seed.
proof-week: $(STAMP)
	$(BIN)/python -m bench.ingest.week --seeds 1 2 3

# 20,000 stories at once through the in-memory broker, killed in the middle; the short form runs with the tests.
proof-flood: $(STAMP)
	SIAGA_FLOOD_STORIES=20000 $(BIN)/pytest tests/e2e/test_embedded_flood.py

# Three brokers and every service killed, paused and cut off by seeded plans; goes on where it was stopped.
proof-chaos: $(STAMP)
	$(BIN)/python -m tests.chaos.proof

# An hour under feeds that never end: memory, handles, threads and tasks.
proof-soak: $(STAMP)
	$(BIN)/python -m bench.pipeline.soak --minutes 60

# Rights on a real Kafka by its own tools, Strimzi's schemas (Java 21), alarms that reach a mailbox through a real
# Alertmanager, each service replaced under load.
proof-deploy: $(STAMP)  # BEFORE: the version to come from
	$(BIN)/python -m tests.deploy.proof_acls
	$(BIN)/python -m tests.deploy.strimzi --check
	$(BIN)/python -m tests.deploy.proof_alarms
	$(BIN)/pytest -s tests/e2e/proof_upgrade.py
	$(BIN)/python -m tests.upgrade.proof $(BEFORE)

# Hostile input of every kind for half an hour, and the API asked by its own description.
proof-security: $(STAMP)
	$(BIN)/python -m tests.security.proof_fuzz --minutes 30
	$(BIN)/python -m tests.notifier.desk.proof_api --examples 100

# Grafana's dashboards from their source; a test compares.
dashboards: $(STAMP)
	$(BIN)/python -m deploy.grafana.make_dashboards

# The bill of materials, CycloneDX, checked against its schema.
sbom: $(STAMP)
	$(BIN)/python deploy/sbom.py build/sbom.json

# Known faults of the pinned libraries: by a public database, or by the folder that SIAGA_ADVISORIES names.
# The command's own status: 1 some, 2 a bad folder or file, 3 not audited.
audit: $(STAMP)
	$(BIN)/python -m deploy.audit

# Pin what requirements/*.in ask for, by hash and without download addresses.
pins: $(STAMP)
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --python-version 3.11 --no-header \
	  requirements/run.in -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --python-version 3.11 --no-header \
	  requirements/dev.in -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --python-version 3.11 --no-header \
	  requirements/bench.in -o requirements/bench.txt

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
