# One command list for people, hooks and CI. Everything lives in .venv; nothing else is installed by hand.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: help setup demo test lint bench records replicate serve openapi docs migrate bucket clean

help: ## List the targets
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(STAMP) ## Make .venv with everything in it

$(STAMP): pyproject.toml constraints.txt requirements-data.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements-data.txt
	@touch $@

demo: $(STAMP) ## Run the main job on a real network and real photos, over HTTP
	$(BIN)/python -m examples.demo

test: $(STAMP) lint ## Lint, check types and imports, run every test that is not slow
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m 'not slow' -n 2 --dist loadfile

lint: $(STAMP) ## Style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## Engine time over the floor of passes, and over Quantus (in its own environment)
	$(BIN)/python -m benchmarks.inspection
	$(BIN)/python -m benchmarks.floor
	$(BIN)/python -m benchmarks.standard
	$(BIN)/python -m benchmarks.methods
	$(BIN)/python -m benchmarks.quantus_peer
	$(BIN)/python -m benchmarks.polling

records: $(STAMP) ## Judge every method on the two reference models, for the catalogue; goes on where it stopped
	$(BIN)/python -m benchmarks.records digits
	$(BIN)/python -m benchmarks.records efficientnet_lite0

replicate: $(STAMP) ## Everything slow: docs/replication.md, then slow tests, among them the whole ONNX conformance suite
	$(BIN)/python -m benchmarks.replicate
	$(BIN)/python -m pytest -m slow --timeout 3600

serve: $(STAMP) ## Start the service and a worker on this machine
	$(BIN)/junco serve

openapi: $(STAMP) ## Write openapi/ from the code
	$(BIN)/python -m service.openapi > openapi/openapi.json
	$(BIN)/python -m service.openapi result > openapi/result.schema.json

docs: $(STAMP) ## Write docs/methods.md from the code
	$(BIN)/python -m junco.contract.handbook > docs/methods.md

migrate: $(STAMP) ## Upgrade the tables of the database that JUNCO_* variables name
	$(BIN)/junco migrate

bucket: ## Make .venv-s3 with an S3-compatible server: the blob tests use it where it is
	$(PYTHON) -m venv .venv-s3
	.venv-s3/bin/pip install --quiet --disable-pip-version-check 'moto[server,s3]>=5.1,<6'

clean: ## Remove the environment and caches
	rm -rf $(VENV) .venv-s3 .mypy_cache .ruff_cache .import_linter_cache .hypothesis out
