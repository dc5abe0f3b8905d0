"""What is said of the machine."""

import sys

import pytest

from keras_genzoo.artifacts import emulates_bfloat16, environment

MODULE = sys.modules[environment.__module__]


@pytest.mark.parametrize(
    ("told", "emulated"),
    [
        ("model name\t: Some CPU\nflags\t\t: fpu sse2 avx2\n", True),
        ("model name\t: Some CPU\nflags\t\t: fpu avx2 avx512_bf16 avx512_vnni\n", False),
        ("model name\t: Some CPU\nflags\t\t: fpu avx2 amx_bf16\n", False),
        ("Features\t: fp asimd\n", False),  # of another kind, of which nothing is known
        (None, False),
    ],
)
def test_a_cpu_that_emulates_bfloat16_is_known_by_its_flags(told, emulated, monkeypatch, tmp_path):
    file = tmp_path / "cpuinfo"
    if told:
        file.write_text(told)
    monkeypatch.setattr(MODULE, "CPU_INFO", file)
    monkeypatch.setattr(MODULE, "devices", lambda: ["CPU"])
    assert emulates_bfloat16() is emulated
    monkeypatch.setattr(MODULE, "devices", lambda: ["GPU", "CPU"])
    assert not emulates_bfloat16()
