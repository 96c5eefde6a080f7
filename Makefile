# `make run` starts the whole of Khidma, `make test` runs the whole suite; both set up all that they need.
.PHONY: run test check verify verify-controls lock install
MAKEFLAGS += --no-print-directory

PYTHON = .venv/bin/python

run: install
	@exec $(PYTHON) -m deploy.local run

# One app, one file, one test, or any option of pytest: make test ARGS="gigs -k ranking"
test: install
	@exec $(PYTHON) -m deploy.local test $(ARGS)

# One long-running proof: make verify NAME=races [SEED=7] [SIZE=ci|full]
verify: install
	@exec $(PYTHON) -m verify $(NAME) --size $(or $(SIZE),ci) $(if $(SEED),--seed $(SEED))

# Shows that every control turns its proof red: make verify-controls [NAME=races]
verify-controls: install
	@exec $(PYTHON) -m verify.breaking $(NAME)

check:
	@exec bash .ci/run checks

install:
	@for candidate in $(BASE_PYTHON) python3 python3.13 python3.12 python3.11; do \
	  if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then exec $$candidate deploy/local/install.py; fi; \
	done; \
	echo "Khidma needs Python 3.11 or newer; found: $$(python3 --version 2>&1). Put a newer python3 on the PATH, or name one: make BASE_PYTHON=/path/to/python3" >&2; exit 1

# After a change to requirements.in or requirements-dev.in.
lock:
	.venv/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 requirements.in -o requirements.txt
	.venv/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 requirements-dev.in -o requirements-dev.txt
