"""What leaves the machine, as the kernel sees it: programs run under strace, with all processes that they start.

A departure is a connection, a datagram or a look-up of a name that goes anywhere but loopback. Looking up a name
counts even where the resolver is on this machine: it asks others in turn. Names that the machine's own files answer
are not seen.
"""

import ipaddress
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

SENDING = "connect,sendto,sendmsg,sendmmsg"
NAMES_PORT = 53  # DNS
RESOLVERS = ("/run/nscd/", "/run/systemd/resolve/")  # sockets of programs that look names up for others
_INET = re.compile(r"sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?\"([0-9a-fA-F.:]+)\"")
_UNIX = re.compile(r'sa_family=AF_UNIX, sun_path="([^"]*)"')


class NetworkTrace:
    """Put `under` before commands; once they have ended, `departures` are what they sent where.

    The command keeps its process id and its exit status; strace ends when it has seen the last of its processes end, so
    read the command's output to its end first.
    """

    def __init__(self, file: Path, refuse: bool = False) -> None:
        """`refuse`: nothing is really sent; each attempt fails as it does where there is no network."""
        self._file = file
        self.under = ["strace", "-D", "-f", "-A", "-qq", "--seccomp-bpf", "-e", f"trace={SENDING}", "-o", str(file)]
        if refuse:
            self.under += ["-e", f"inject={SENDING}:error=ENETUNREACH"]

    @property
    def seen(self) -> list[str]:
        """Every attempt to send or connect, the allowed ones too."""
        return self._file.read_text(errors="replace").splitlines()

    @property
    def departures(self) -> list[str]:
        return [line for line in self.seen if any(_departs(line))]


def _departs(line: str) -> Iterator[bool]:
    for port, address in _INET.findall(line):
        ip = ipaddress.ip_address(address)
        yield not (getattr(ip, "ipv4_mapped", None) or ip).is_loopback or int(port) == NAMES_PORT
    for path in _UNIX.findall(line):
        yield any(resolver in path for resolver in RESOLVERS) and "ENOENT" not in line


def needs_strace() -> None:
    """Skips the test where programs cannot be traced."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt install strace to test that nothing leaves the machine")
