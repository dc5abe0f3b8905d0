"""Freed memory is kept, where glibc has it."""

import platform
import subprocess
import sys

import pytest

from keras_genzoo.cli.allocator import keep_freed_memory

SCRIPT = """
import resource
from keras_genzoo.cli.allocator import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for count in range(20):
        bytes([count]) * 2**26
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

before, done = faults(), keep_freed_memory()
faults()  # takes what is kept from now on
print(done, before, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator")
def test_blocks_are_not_taken_anew():
    """In a process of its own: there is no way back to glibc's default."""
    ran = subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True)
    done, before, after = ran.stdout.split()
    assert done == "True"
    assert int(after) < 0.1 * int(before)


def test_other_allocators_are_left_alone(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert keep_freed_memory() is False
