"""The environment of a training: versions, devices, the commit. For records and for bug reports."""

import functools
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from keras_genzoo.version import __version__

PACKAGE = Path(__file__).parents[1]
CPU_INFO = Path("/proc/cpuinfo")
_LIBRARIES = ("keras", "tensorflow", "jax", "numpy", "scipy", "pillow")


def environment() -> dict[str, Any]:
    """Returns versions, backend and devices, JSON-able."""
    import keras

    return {
        "keras_genzoo": __version__,
        "commit": commit(),
        "python": platform.python_version(),
        **{name: _version(name) for name in _LIBRARIES},
        "platform": platform.platform(),
        "backend": keras.backend.backend(),
        "devices": devices(),
    }


def devices() -> list[str]:
    """Returns the names of the devices that the backend computes on, accelerators first."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        accelerators = [device for device in tf.config.list_physical_devices() if device.device_type != "CPU"]
        details = [tf.config.experimental.get_device_details(device) for device in accelerators]
        names = [
            detail.get("device_name", device.device_type) for device, detail in zip(accelerators, details, strict=True)
        ]
    else:
        import jax

        names = [device.device_kind for device in jax.devices() if device.platform != "cpu"]
    return [*names, f"CPU ({_cpu()}, {os.cpu_count()} cores)"]


def peak_memory() -> int | None:
    """Returns how much main memory this process has held at most, in MiB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(largest / (2**20 if sys.platform == "darwin" else 2**10))  # there bytes, else KiB


@functools.cache
def commit() -> str | None:
    """Returns the commit that the package runs from, "-dirty" if files were changed; None if it is installed."""
    checkout = PACKAGE.parent
    if not (checkout / ".git").exists():
        return None
    command = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):  # no git, or it refuses
        return None


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def emulates_bfloat16() -> bool:
    """Returns True on an x86 CPU without instructions for bfloat16, which is slow with it."""
    flags = _cpu_says("flags")
    return len(devices()) == 1 and flags is not None and not {"avx512_bf16", "amx_bf16"} & set(flags.split())


def _cpu() -> str:
    """The processor's name; on Linux, Python's own answer is only its architecture."""
    return _cpu_says("model name") or platform.processor() or platform.machine()


def _cpu_says(key: str) -> str | None:
    """Returns what Linux reports of the first core; None on other systems."""
    try:
        lines = CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), None)
