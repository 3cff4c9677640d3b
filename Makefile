# What a person types. `make run` and `make test` do all the set-up themselves; they need Python 3.11, Node 20 and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SCALE  ?=
TESTS  ?= tests
SEED   ?=
ONLY   ?=
DATA   ?= ../shared/data/messages_labelled.csv.gz

# Compiled modules are kept, whatever the shell says: without them each start compiles four hundred megabytes of libraries anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run stop status train test bench evaluate evaluate-topics evaluate-duplicates test-containers image faults chaos lint format migrate events lock clean

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.runtime  ## start the whole suite with demo data on http://127.0.0.1:8080; SCALE="routing=3" for replicas
	@exec $(BIN)/python -m deploy.local run --scale "$(SCALE)"

stop: $(VENV)/.runtime  ## stop the suite that runs from this folder
	@$(BIN)/python -m deploy.local stop

status: $(VENV)/.runtime  ## services, replicas, lag, outbox, dead letters
	@$(BIN)/lianxin status

migrate: $(VENV)/.runtime  ## bring all databases to the newest schema and declare the streams (needs running servers)
	@$(BIN)/lianxin migrate

test: $(VENV)/.dev  ## all tests on embedded servers; TESTS=tests/routing for a part
	@$(BIN)/python -m pytest $(TESTS)

faults: $(VENV)/.dev  ## every fault with real durations, half an hour; ONLY=F7,F9 for some, SEED=11 for other choices
	@$(BIN)/python -m tests.faults --only "$(ONLY)" --seed "$(or $(SEED),7)"

chaos: $(VENV)/.dev  ## faults at random under load; MINUTES=10 SEED=7; BREAK=inbox|outbox|ack switches a guarantee off and ends red
	@$(BIN)/python -m tests.chaos --minutes "$(or $(MINUTES),10)" --seed "$(SEED)" --break "$(BREAK)"

bench: $(VENV)/.dev  ## the figures, an hour on a quiet machine; ONLY=b,c for parts, RUNS=1 for a quick look, SEED=2 for other texts
	@ONLY="$(ONLY)" RUNS="$(RUNS)" SEED="$(SEED)" $(BIN)/python -m tests.bench

train: $(VENV)/.train  ## train intake's classifier on labelled messages (a minute), for its next start; DATA=my.csv, CORRECTIONS=1 with the desk's
	@$(BIN)/lianxin train $(DATA) $(if $(CORRECTIONS),--corrections)

evaluate: $(VENV)/.dev  ## how well the classifier does on the labelled messages, against a plain control; five minutes
	@$(BIN)/python -m tests.evaluate $(DATA)

evaluate-topics: $(VENV)/.dev  ## topics on real messages of ../shared/data, as they are and with their names replaced; five minutes
	@$(BIN)/python -m pytest -n 0 -s tests/evaluate/topics.py

evaluate-duplicates: $(VENV)/.dev  ## near-duplicates on the labelled messages of ../shared/data; the list of pairs is written beside, for reading
	@$(BIN)/python -m pytest -n 0 -s tests/evaluate/duplicates.py

image:  ## build the one image of all services, jobs and commands; needs Docker
	docker build -f deploy/Dockerfile -t lianxin .

test-containers: $(VENV)/.dev  ## delivery and end-to-end tests on PostgreSQL and NATS in containers; the image and compose.yaml tried; needs Docker
	@LIANXIN_TEST_SERVERS=containers TESTCONTAINERS_RYUK_DISABLED=true $(BIN)/python -m pytest -n 0 \
	  tests/contract tests/shared --ignore tests/shared/test_disk_full.py tests/e2e/test_loop.py tests/e2e/test_trace.py tests/containers

lint: $(VENV)/.dev  ## style, types, boundaries between services
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.house

format: $(VENV)/.dev  ## let ruff mend what it can
	@$(BIN)/ruff check --fix .

events: $(VENV)/.dev  ## write docs/events.md, docs/asyncapi.json and missing golden samples anew
	@$(BIN)/lianxin events

lock: $(VENV)/.dev  ## compile the hashed lock files anew from pyproject.toml (needs uv on the PATH)
	uv pip compile -q --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 pyproject.toml -o requirements.lock
	uv pip compile -q --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 pyproject.toml --extra train -o requirements-train.lock
	uv pip compile -q --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 pyproject.toml --extra dev -o requirements-dev.lock

clean: stop  ## stop the suite and remove its environment; the data in .data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/bin/lianxin:
	@$(PYTHON) -c 'import sys; sys.exit("Lianxin needs Python 3.11 or newer: make PYTHON=/path/to/python3.11") if sys.version_info < (3, 11) else None'
	@echo "Making the environment in $(VENV) (once, some minutes) 正在准备运行环境 …"
	@$(PYTHON) -m venv $(VENV)
	@printf '#!/bin/sh\ncd "%s" && exec "%s/python" -m deploy.cli "$$@"\n' "$(CURDIR)" "$(CURDIR)/$(BIN)" > $@ && chmod +x $@

$(VENV)/.runtime: requirements.lock | $(VENV)/bin/lianxin
	@$(BIN)/pip install -q --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.train: requirements-train.lock | $(VENV)/bin/lianxin
	@$(BIN)/pip install -q --disable-pip-version-check --no-compile --require-hashes -r requirements-train.lock
	@touch $@ $(VENV)/.runtime

$(VENV)/.dev: requirements-dev.lock | $(VENV)/bin/lianxin
	@$(BIN)/pip install -q --disable-pip-version-check --no-compile --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/.runtime
