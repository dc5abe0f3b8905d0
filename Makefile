# Each target makes .venv first, if it is not there.

VENV := .venv
PY := $(VENV)/bin/python
JOBS := 2
# Named after the folder: an editable install holds its path, and a checkout that moved must be installed again.
INSTALLED := $(VENV)/installed-$(shell pwd -P | cksum | cut -d ' ' -f 1)
PYENV := $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.1[123].*/bin/python)
CANDIDATES := $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python $(PYENV))
# Run, not looked up: pyenv's shims stand on the PATH and fail, and Debian's Python may lack ensurepip.
SUITABLE := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))

.PHONY: help demo test test-slow parity lint format clean

help:
	@echo "make demo       train, evaluate and export a small model on drawn faces; says where the pictures are"
	@echo "make test       all tests but the slow ones"
	@echo "make test-slow  the tests that need minutes"
	@echo "make parity     install what our metrics are compared with (PyTorch and others); the tests then run it too"
	@echo "make lint       check format, style and types"
	@echo "make format     put format and style right"
	@echo "make clean      remove .venv, caches and builds"
	@echo "The first one installs everything into $(VENV). PYTHON=python3.12 chooses another Python (3.11 to 3.13)."

demo: $(INSTALLED)
	@$(PY) tools/demo.py

# By file: the tests of one share fitted models.
test: $(INSTALLED)
	@$(PY) -m pytest -q -n $(JOBS) --dist loadfile -m "not slow and not by_hand"

test-slow: $(INSTALLED)
	@$(PY) -m pytest -q -n $(JOBS) --dist loadfile -m "slow and not by_hand"

# The constraints name a PyTorch of which there is a build for CPUs. The wheel of torchvision may be built for another.
parity: $(INSTALLED)
	@$(PY) -m pip install --no-input --disable-pip-version-check --progress-bar off --quiet \
	  -c tests/parity/constraints.txt -e '.[parity]'

lint: $(INSTALLED)
	@$(PY) -m ruff format --check
	@$(PY) -m ruff check
	@$(PY) -m mypy

format: $(INSTALLED)
	@$(PY) -m ruff check --quiet --fix-only
	@$(PY) -m ruff format --quiet

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

# pip is shown by its large downloads only. The pipe hides its exit status, so the stamp says whether it succeeded.
$(INSTALLED): setup.py pyproject.toml
	@$(PY) -c 'import pip; $(SUITABLE)' 2>/dev/null || { \
	  for python in $(CANDIDATES) ""; do \
	    [ -n "$$python" ] || { echo "No Python 3.11, 3.12 or 3.13 with venv runs here as: $(CANDIDATES)." \
	      "Install one (on Debian and Ubuntu with python3-venv) or name it: make demo PYTHON=/path/to/python" >&2; exit 1; }; \
	    ! "$$python" -c '$(SUITABLE)' >/dev/null 2>&1 || break; \
	  done; \
	  echo "Making $(VENV) with $$("$$python" --version)."; \
	  "$$python" -m venv --clear $(VENV); \
	}
	@echo "Installing into $(VENV). TensorFlow is large: the first time takes some minutes."
	@rm -f $@; { $(PY) -m pip install --no-input --disable-pip-version-check --progress-bar off -e '.[dev]' && touch $@; } | \
	  while read -r word file size; do case "$$word $$file $$size" in \
	    Downloading*MB\)) echo "  $${file%%-*} $$size" ;; \
	    "Installing collected"*) echo "  unpacking" ;; \
	  esac; done; test -f $@
