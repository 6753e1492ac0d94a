# Every target makes the environment it needs; PYTHON=... uses one of yours instead.

PROFILE ?= digits
RUNS ?= runs
OUT ?= report
JOBS ?=
RUN_FLAGS ?=
TEMPLATES ?=
SYSTEM_PYTHON ?= python3
VENV := .venv

ifdef PYTHON
ENVIRONMENT :=
else
PYTHON := $(VENV)/bin/python
ENVIRONMENT := $(VENV)/.installed
endif

export OMP_NUM_THREADS ?= 1

.PHONY: bench report test lint speed calibrate pictures clean help

help: ## say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

bench: $(ENVIRONMENT) ## run the benchmark of PROFILE (default: digits) with JOBS workers, or resume it
	@for profile in $(PROFILE); do \
		$(PYTHON) -m bench run --profile $$profile --runs $(RUNS) $(if $(JOBS),--jobs $(JOBS)) $(RUN_FLAGS); code=$$?; \
		if [ $$code -eq 3 ]; then echo "some cells failed: see 'python -m bench status'; the report shows the holes"; \
		elif [ $$code -ne 0 ]; then exit $$code; fi; \
	done

report: $(ENVIRONMENT) ## render report/ from what was measured for PROFILE (one or several)
	@$(PYTHON) -m bench report --profile $(PROFILE) --runs $(RUNS) --out $(OUT) $(if $(TEMPLATES),--templates $(TEMPLATES))

test: $(ENVIRONMENT) ## run the tests, with coverage
	@$(PYTHON) -m coverage erase
	@$(PYTHON) -m coverage run -m pytest -q -n 2 --dist loadfile
	@$(PYTHON) -m coverage combine -q
	@$(PYTHON) -m coverage report --skip-covered --sort=cover

lint: $(ENVIRONMENT) ## ruff and mypy
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy

speed: $(ENVIRONMENT) ## measure speed side by side with what others use
	@$(PYTHON) -m bench.speed

calibrate: $(ENVIRONMENT) ## measure coverage of intervals and error rates of tests by simulation
	@$(PYTHON) -m bench calibrate

pictures: ## take the README's pictures of report/, with Chromium and pdftoppm
	@mkdir -p docs
	@chromium --headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run --hide-scrollbars \
		--user-data-dir=$$(mktemp -d) --window-size=1200,2040 --screenshot=docs/report.png \
		file://$(abspath $(OUT))/index.html 2>/dev/null
	@pdftoppm -png -r 72 -f 1 -l 1 -singlefile $(OUT)/appendix.pdf docs/appendix

clean: ## remove the environment and caches; runs/ and report/ stay
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*

$(VENV)/.installed: pyproject.toml constraints.txt
	$(SYSTEM_PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,tensorboard]'
	@touch $@
