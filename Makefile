# `make lab` and `make test` need nothing but Python >= 3.11; both make the environment first.
# Without make: python3 tools/bootstrap.py, then .venv/bin/jupyter lab notebooks.

BIN := .venv/bin
LESSONS := $(wildcard notebooks/[0-9][0-9]_*.ipynb)
NB ?= $(LESSONS)
ARGS ?=

# Two workers and one BLAS thread each: two cores, and digits that do not move with the core count.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.DEFAULT_GOAL := help
.PHONY: help setup lab test browser lint execute figures site bench bench-widgets homework grade regrade variant clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## make the environment in .venv (quick when it is up to date)
	@for python in python3 python3.11 python; do \
	    command -v $$python >/dev/null && exec $$python tools/bootstrap.py; \
	done; echo "The course needs Python 3.11 or newer; install it from python.org." >&2; exit 1

lab: setup  ## open the course in JupyterLab (ARGS="--no-browser --port=9000" to say more)
	@JUPYTER_CONFIG_PATH="$(CURDIR)/tools/jupyter$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}" \
	    $(BIN)/jupyter lab $(ARGS)

test: setup  ## run every test and every notebook, about as a learner would (< 15 minutes)
	@$(ONE_THREAD) $(BIN)/pytest -n 2 --dist loadscope \
	    --nbval --nbval-current-env --nbval-cell-timeout=120 --nbval-sanitize-with=tests/nbval.cfg \
	    tests $(LESSONS) $(ARGS)

browser: setup  ## run every lesson in JupyterLab in Chromium, and move every live figure's controls
	@$(ONE_THREAD) $(BIN)/pytest tests/test_browser.py tests/test_browser_lessons.py $(ARGS)

lint: setup  ## check style and format of code and notebooks
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

execute: setup  ## run the notebooks and save their outputs (NB=notebooks/01*.ipynb for one)
	@$(ONE_THREAD) $(BIN)/python tools/execute.py $(NB)

figures: setup  ## draw the figures of figures/ anew
	@for script in $(wildcard figures/*.py); do $(BIN)/python $$script || exit 1; done

site: setup  ## make the course's pages in build/site (npm fetches MathJax once; then offline)
	@$(ONE_THREAD) $(BIN)/python site/build.py $(ARGS)

bench: setup  ## run the benchmarks (how fast and how good, beside what people would use instead)
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[bench]"
	@for script in $(wildcard benchmarks/*.py); do $(BIN)/python $$script || exit 1; done
	@$(BIN)/python benchmarks/table.py

homework: setup  ## make what students are given (A=hw2 for one)
	@$(BIN)/python -m homework.release $(A)

grade: setup  ## grade what students handed in: A=hw2 IN=downloads/
	@test -n "$(A)" && test -n "$(IN)" || { echo "make grade A=hw2 IN=downloads/" >&2; exit 1; }
	@$(ONE_THREAD) $(BIN)/python -m homework.grade $(A) "$(IN)" $(ARGS)

regrade: setup  ## add the points of the written sheet, and grade what changed: A=hw2 (ARGS=--again: all)
	@test -n "$(A)" || { echo "make regrade A=hw2" >&2; exit 1; }
	@$(ONE_THREAD) $(BIN)/python -m homework.grade $(A) $(ARGS)

variant: setup  ## give all homeworks other constants, data and sizes: SEED=2027
	@test -n "$(SEED)" || { echo "make variant SEED=2027" >&2; exit 1; }
	@$(ONE_THREAD) $(BIN)/python -m homework.variant $(SEED)

bench-widgets: setup  ## time the live figures in JupyterLab in Chromium, beside ipywidgets.interact
	@$(ONE_THREAD) $(BIN)/python benchmarks/live_figures.py

clean:  ## remove the environment and every cache
	@rm -rf .venv *.egg-info build .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} + -o -name .ipynb_checkpoints -prune -exec rm -rf {} +
