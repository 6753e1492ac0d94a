# Every target makes the environment it needs; PYTHON=... uses one of yours instead.
# PROFILE is one file, whose path may hold spaces, or several names and files that hold none, separated by spaces.

PROFILE ?= digits
RUNS ?= runs
OUT ?= report
JOBS ?=
RUN_FLAGS ?=
REPORT_FLAGS ?=
SIZE ?= default
FUZZ_SECONDS ?= 3600
TEMPLATES ?=
SYSTEM_PYTHON ?= python3
VENV := .venv

ifdef PYTHON
ENVIRONMENT :=
else
PYTHON := $(VENV)/bin/python
ENVIRONMENT := $(VENV)/.installed
endif

# Paths may hold spaces and quotes: whatever goes to the shell is one quoted word.
quoted = '$(subst ','\'',$1)'
python := $(call quoted,$(PYTHON))
runs := $(call quoted,$(RUNS))
out := $(call quoted,$(OUT))
# To the shell: the profiles as its arguments.
profiles = if [ -f $(call quoted,$(PROFILE)) ]; then set -- $(call quoted,$(PROFILE)); \
	else set -- $(foreach profile,$(PROFILE),$(call quoted,$(profile))); fi

# A network of each kind: plain, residual, inverted, dense, gated, and normalised by layer.
KINDS := resnet20 resnet18 vgg16_bn mobilenet_v2 densenet121 efficientnet_b0 convnext_tiny

DETECTORS := torchvision:maskrcnn_resnet50_fpn maskrcnn-resnet18

export OMP_NUM_THREADS ?= 1

.PHONY: bench report test test-all coverage lint speed sweep thinning fuzz calibrate example pictures clean help

help: ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

bench: $(ENVIRONMENT) ## run the benchmark of PROFILE (default: digits) with JOBS workers, or resume it
	@$(profiles); for profile; do \
		$(python) -m bench run --profile "$$profile" --runs $(runs) $(if $(JOBS),--jobs $(JOBS)) $(RUN_FLAGS); code=$$?; \
		if [ $$code -eq 3 ]; then echo "some cells failed: see 'python -m bench status'; the report shows the holes"; \
		elif [ $$code -ne 0 ]; then exit $$code; fi; \
	done

report: $(ENVIRONMENT) ## render report/ from what was measured for PROFILE (one or several)
	@$(profiles); $(python) -m bench report --profile "$$@" --runs $(runs) --out $(out) \
		$(if $(TEMPLATES),--templates $(call quoted,$(TEMPLATES))) $(REPORT_FLAGS)

test: $(ENVIRONMENT) ## run the tests but the slow ones
	@$(python) -m pytest -q -n 2 --dist loadfile

test-all: $(ENVIRONMENT) ## run all tests, the slow ones too; hours
	@$(python) -m pytest -q -n 2 --dist loadfile -m ""

coverage: $(ENVIRONMENT) ## run the tests but the slow ones, and list the lines that none of them reaches
	@$(python) -m coverage erase
	@$(python) -m coverage run -m pytest -q -n 2 --dist loadfile
	@$(python) -m coverage combine -q
	@$(python) -m coverage report --skip-covered --sort=cover

lint: $(ENVIRONMENT) ## ruff and mypy
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
	@$(python) -m mypy

speed: $(ENVIRONMENT) ## measure speed side by side with what others use
	@$(python) -m bench.speed

sweep: $(ENVIRONMENT) ## methods on classifiers and detectors, into docs/sweep.md, -methods.md, -detection.md; hours, resumable
	@$(python) -m bench.sweep --kept $(call quoted,$(RUNS)/.sweep) --out docs/sweep.md
	@$(python) -m bench.sweep --networks $(KINDS) --methods all --size 64 --kept $(call quoted,$(RUNS)/.sweep-methods) \
		--out docs/sweep-methods.md
	@$(python) -m bench.sweep --networks $(DETECTORS) --methods all --size 128 --seconds 300 \
		--kept $(call quoted,$(RUNS)/.sweep-detection) --out docs/sweep-detection.md

thinning: $(ENVIRONMENT) ## classifiers without half of their channels beside masked ones, into docs/thinning.md; resumable
	@$(python) -m bench.sweep.thinning --kept $(call quoted,$(RUNS)/.sweep-thinning) --out docs/thinning.md

fuzz: $(ENVIRONMENT) ## read damaged and hostile files for FUZZ_SECONDS (an hour) and print how many
	@$(python) -m tests.fuzzing $(FUZZ_SECONDS)

calibrate: $(ENVIRONMENT) ## simulate whether intervals, tests and reports keep their promises (SIZE=quick, default, full)
	@$(python) -m bench calibrate --size $(SIZE) --folder $(call quoted,$(RUNS)/.calibration) $(if $(JOBS),--jobs $(JOBS))

example: $(ENVIRONMENT) ## render docs/example/ from the runs of cifar10-cpu-study, and take the README's pictures
	@$(python) -m bench.example --runs $(runs) && $(MAKE) --no-print-directory pictures OUT=docs/example

pictures: ## take the README's pictures of report/, with Chromium and pdftoppm
	@mkdir -p docs
	@chromium --headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run --hide-scrollbars \
		--user-data-dir="$$(mktemp -d)" --window-size=1200,2040 --screenshot=docs/report.png \
		"file://$$(cd $(out) && pwd | sed 's/ /%20/g')/index.html" 2>/dev/null
	@pdftoppm -png -r 72 -f 1 -l 1 -singlefile $(out)/appendix.pdf docs/appendix

clean: ## remove the environment and caches; runs/ and report/ stay
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*

$(VENV)/.installed: pyproject.toml setup.py constraints.txt
	$(call quoted,$(SYSTEM_PYTHON)) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[coco,dev,export,notebooks,ray,tensorboard,timm,torchcodec]'
	@touch $@
