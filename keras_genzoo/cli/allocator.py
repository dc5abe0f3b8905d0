"""Memory that is freed and asked for again in every step: kept, as training with it takes less time."""

import contextlib
import ctypes
import platform

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_NEVER, _GIBIBYTE = -1, 2**30


def keep_freed_memory() -> bool:
    """Has glibc keep blocks of up to 1 GiB when they are freed, for the rest of this process.

    It hands blocks of more than some 100 kB back to the system, and takes them anew in the next step, each page zeroed:
    `benchmarks/allocator.py` says what that costs. A process then keeps the most memory that it ever had.

    Returns:
        Whether it was done: not where there is another allocator, as on macOS, Windows and Alpine Linux.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        return bool(mallopt(_M_TRIM_THRESHOLD, _NEVER) and mallopt(_M_MMAP_THRESHOLD, _GIBIBYTE))
    return False
