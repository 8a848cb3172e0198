# `make demo` and `make test` each suffice on a fresh machine with Python 3.11 or newer.

.PHONY: demo real results results-page test test-all coverage check demo-model docs validation constraints install extras clean
.DEFAULT_GOAL := demo

run := .venv/bin/python
MODELS := results/models.yaml
THREADS := $(shell nproc)
# One thread: the matrices of the tests and of the embedded model are too small to be worth two.
pytest := OMP_NUM_THREADS=1 $(run) -m pytest -n 2

demo: install  ## measure the embedded model on the demo study; the report goes to runs/demo
	OMP_NUM_THREADS=1 $(run) -m probe run demo --out runs/demo

test: install  ## the fast tests
	$(pytest)

test-all: install  ## every test; what an extra or a browser is missing for is skipped, see `make extras`
	$(pytest) -m '' -rs

real: install  ## measure a real chat model, SmolLM2-135M-Instruct, on two trade-offs; minutes on two cores
	scripts/real.sh

results: install  ## measure the models of results/models.yaml on a part of core; about an hour on two cores for the one there
	scripts/real_model.sh
	OMP_NUM_THREADS=$(THREADS) $(run) scripts/results/measure.py $(MODELS)

results-page: install  ## make docs/results.md and its figures from the files under results/ alone
	OMP_NUM_THREADS=1 $(run) scripts/results/write_page.py

coverage: install  ## the fast tests, with branch coverage of at least 90 %
	$(pytest) --cov --cov-report=term:skip-covered --cov-fail-under=90

check: install  ## what must hold of every line: lint, format, types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

demo-model: install  ## train the embedded model again, after a change to scenarios/demo
	$(run) scripts/train_demo_model.py

docs: install  ## write docs/cli.md from the help of every verb
	$(run) scripts/write_cli_docs.py

validation: install  ## try the statistics on made-up readings; writes docs/validation.md, takes minutes
	OMP_NUM_THREADS=1 $(run) scripts/validation.py

constraints:  ## write constraints.txt from what is installed in .venv
	scripts/freeze.sh

install:
	@scripts/install.sh

extras: install  ## what the tests of Ray, Slurm, lm-evaluation-harness and the browser need; Chromium itself is the system's
	$(run) -m pip install --quiet -c constraints.txt -e '.[dev,ray,slurm,lm-eval,chromium]'

clean:  ## remove the environment and every cache; runs are kept
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
