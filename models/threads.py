"""What C libraries do in a program with many threads of its own, kept in bounds.

glibc gives every thread that asks a heap of its own, and keeps in each what was once needed there. A decode takes tens
of megabytes, of another size each time, on whichever thread is free; so in the end each thread held the most that any
turn ever took: 5 live calls with tiny.en came to 706 MB within half an hour of stream time and grew on. With two heaps
they stay at 512 MB, and decoding takes no longer. OpenBLAS keeps a thread a core that spins for a while after every
product: here the work is spread over cores already.
"""

import ctypes
import sys

from threadpoolctl import threadpool_limits

HEAPS = 2
_M_ARENA_MAX = -8  # of glibc's malloc.h


def bound_threads() -> None:
    """From now on threads share two heaps (where the C library is glibc), and matrices are multiplied by one thread."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_ARENA_MAX, HEAPS)
    threadpool_limits(1, "blas")
