"""How the C library hands out memory to many threads: from few heaps.

glibc gives every thread that asks a heap of its own, and keeps in each what was once needed there. A decode takes tens
of megabytes, of another size each time, on whichever thread is free; so in the end each thread held the most that any
turn ever took: 5 live calls with tiny.en came to 706 MB within half an hour of stream time and grew on. With two heaps
they stay at 512 MB, and decoding takes no longer.
"""

import ctypes
import sys

HEAPS = 2
_M_ARENA_MAX = -8  # of glibc's malloc.h


def share_heaps() -> None:
    """From now on threads share two heaps; does nothing where the C library is not glibc (musl's has one anyway)."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_ARENA_MAX, HEAPS)
