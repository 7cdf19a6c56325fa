"""Memory of many threads, as the C library tells of it."""

import os
import re
import subprocess
import sys

import pytest

from models.threads import HEAPS

PROGRAM = """
import ctypes, sys, threading
from models.threads import bound_threads

libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
libc.fclose.argtypes = [ctypes.c_void_p]
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
if "share" in sys.argv:
    bound_threads()
together = threading.Barrier(8)

def take():
    together.wait()
    libc.malloc(100_000)
    together.wait()

threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
out = libc.fopen(b"/dev/stdout", b"w")
libc.malloc_info(0, out)
libc.fclose(out)
"""


def heaps(*words: str) -> int:
    told = subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=True).stdout
    return len(re.findall("<heap nr=", told))


@pytest.mark.skipif(sys.platform != "linux", reason="it is glibc that gives every thread a heap")
def test_threads_share_few_heaps() -> None:
    assert heaps("share") == HEAPS < heaps()


def test_matrices_are_multiplied_by_one_thread() -> None:
    program = """
import numpy, threadpoolctl
from models.threads import bound_threads

bound_threads()
print(sorted({it["num_threads"] for it in threadpoolctl.threadpool_info() if it["user_api"] == "blas"}))
"""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2"}
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert told.stdout == "[1]\n"
