"""What all tests share. The environment is set before anything imports Keras, and subprocesses inherit it."""

import os
import random

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # compiles in half the time
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # one core a worker


def pytest_runtest_setup(item):
    """Keras draws the seeds of initial weights from Python's generator: the same in each run of a test."""
    random.seed(item.nodeid)
