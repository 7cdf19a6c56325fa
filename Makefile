# Each line does its own set-up: a .venv is made on first use, and made up to date when pyproject.toml changes.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
READY := .venv/ready

LOWEST := tests/audio/test_quiet.py tests/audio/speech/test_vad.py tests/audio/test_intake.py tests/models/tone/test_types.py \
	tests/server/test_settings.py tests/server/test_serve.py tests/server/store tests/server/feeds/test_websocket.py \
	tests/server/web/test_api.py tests/server/web/test_follow.py tests/server/web/test_connections.py \
	tests/server/cli/test_replay.py

.PHONY: demo test lint types lowest nightly

demo: $(READY)
	$(BIN)/calmline demo

test: $(READY)
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

# With the lowest versions that pyproject.toml allows: what is used of each is tested, old versions' own warnings are not.
lowest: .lowest/ready
	$(subst .venv,.lowest,$(BIN))/python -m pytest -q -o filterwarnings=default $(LOWEST)

# What takes longer than a change should wait for: the same fuzzing at length, and hours of calls.
nightly: $(READY)
	$(BIN)/python -m pytest -m nightly
	$(BIN)/calmline bench soak --hours 2

.lowest/ready: $(READY)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .lowest
	$(BIN)/uv pip install --quiet --python .lowest --resolution lowest-direct --only-binary :all: --editable ".[weights,test]"
	touch $@

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Calmline needs Python 3.11 or newer; none was found." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[weights,test]"
	touch $@
