# Each target makes .venv first, if it is not there, and installs into it what it needs.

VENV := .venv
PY := $(VENV)/bin/python
JOBS := 2
# Named after the folder: an editable install holds its path, and a checkout that moved must be installed again.
HERE := $(shell pwd -P | cksum | cut -d ' ' -f 1)
RUNTIME := $(VENV)/runtime-$(HERE)
DEV := $(VENV)/dev-$(HERE)
PYENV := $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.1[123].*/bin/python)
CANDIDATES := $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python $(PYENV))
# Run, not looked up: pyenv's shims stand on the PATH and fail, and Debian's Python may lack ensurepip.
SUITABLE := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))

# By file: the tests of one file share fitted models.
PYTEST := $(PY) -m pytest -q -n $(JOBS) --dist loadfile
PIP := $(PY) -m pip install --no-input --disable-pip-version-check --progress-bar off

.PHONY: help demo test test-all test-matrix parity lint format clean

help:
	@echo "make demo         train, evaluate and export a small model on drawn faces; says where the pictures are"
	@echo "make test         the quick tests: some minutes"
	@echo "make test-all     all tests but those of test-matrix: up to half an hour"
	@echo "make test-matrix  more seeds and combinations of what test-all covers, by hand: an hour or more"
	@echo "make parity       install what our metrics are compared with (PyTorch and others); the tests then run it too"
	@echo "make lint         check format, style and types"
	@echo "make format       put format and style right"
	@echo "make clean        remove $(VENV), caches and builds"
	@echo "Each installs what it needs into $(VENV), once. PYTHON=python3.12 chooses another Python (3.11 to 3.13)."

demo: $(RUNTIME)
	@$(PY) tools/demo.py

test: $(DEV)
	@$(PYTEST) -m "not slow and not matrix"

test-all: $(DEV)
	@$(PYTEST) -m "not matrix" --durations=40

test-matrix: $(DEV)
	@$(PYTEST) -m matrix

# The constraints name a PyTorch of which there is a build for CPUs. The wheel of torchvision may be built for another.
parity: $(DEV)
	@$(PIP) --quiet -c tests/parity/constraints.txt -e '.[parity]'

lint: $(DEV)
	@$(PY) -m ruff format --check
	@$(PY) -m ruff check
	@$(PY) -m mypy

format: $(DEV)
	@$(PY) -m ruff check --quiet --fix-only
	@$(PY) -m ruff format --quiet

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

# pip is shown by its large downloads only. The pipe hides its exit status, so the stamp says whether it succeeded.
define install
@rm -f $@; { $(PIP) -e '$(1)' && touch $@; } | \
  while read -r word file size; do case "$$word $$file $$size" in \
    Downloading*MB\)) echo "  $${file%%-*} $$size" ;; \
    "Installing collected"*) echo "  unpacking" ;; \
  esac; done; test -f $@
endef

$(RUNTIME): setup.py
	@$(PY) -c 'import pip; $(SUITABLE)' 2>/dev/null || { \
	  for python in $(CANDIDATES) ""; do \
	    [ -n "$$python" ] || { echo "No Python 3.11, 3.12 or 3.13 with venv runs here as: $(CANDIDATES)." \
	      "Install one (on Debian and Ubuntu with python3-venv) or name it: make demo PYTHON=/path/to/python" >&2; exit 1; }; \
	    ! "$$python" -c '$(SUITABLE)' >/dev/null 2>&1 || break; \
	  done; \
	  echo "Making $(VENV) with $$("$$python" --version)."; \
	  "$$python" -m venv --clear $(VENV); \
	}
	@echo "Installing keras_genzoo with TensorFlow into $(VENV): some 2.4 GB, the first time some minutes."
	$(call install,.)

$(DEV): $(RUNTIME)
	@echo "Installing JAX, linters and test tools into $(VENV): some 700 MB more, a minute or two."
	$(call install,.[dev])
