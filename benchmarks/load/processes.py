"""What a program and the processes that it began hold and use: memory, processor time, files and threads."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil


def rss_mb(pid: int) -> float:
    """Resident memory."""
    return _mb(sum(part.memory_info().rss for part in _all_of(pid)))


def peak_rss_mb(pid: int) -> float | None:
    """The most that each ever held, added up; None where the system does not tell."""
    peaks = [re.search(r"VmHWM:\s+(\d+)", status) for status in _statuses(pid)]
    return _mb(sum(1024 * int(peak[1]) for peak in peaks if peak)) if any(peaks) else None


def cpu_s(pid: int) -> float:
    """Processor time used so far, all cores together."""
    return sum(times.user + times.system for times in (part.cpu_times() for part in _all_of(pid)))


@dataclass(frozen=True, slots=True)
class Footprint:
    """What is held."""

    rss_mb: float
    files: int  # open, connections included
    threads: int


def footprint(pid: int) -> Footprint:
    """As it is now."""
    parts = _all_of(pid)
    return Footprint(rss_mb(pid), sum(part.num_fds() for part in parts), sum(part.num_threads() for part in parts))


def _all_of(pid: int) -> list[psutil.Process]:
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


def _statuses(pid: int) -> Iterator[str]:
    for part in _all_of(pid):
        status = Path(f"/proc/{part.pid}/status")
        if status.is_file():
            yield status.read_text(encoding="utf-8")


def _mb(size: float) -> float:
    return round(size / 2**20, 1)
