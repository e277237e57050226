"""
A small network of its own: hosts, each in a network namespace, and a switch
between them.

The namespaces have no names: they last as long as somebody is in them or holds
a descriptor of them, so that nothing can be left behind, and no two networks
can meet.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess

from clients import CLONE_NEWNET, LIBC
from peer import PATH
from server import Failed

DELAY = "1ms"  # of a packet from each host to the switch
DEVICE = "eth0"
MASK = 24


class Namespace:
    """Of the network, until it is closed and all who are in it have ended."""

    def __init__(self):
        home = here()
        call("unshare", CLONE_NEWNET)
        self._fd = here()
        go_back(home)

    def close(self):
        os.close(self._fd)

    @contextlib.contextmanager
    def inside(self):
        """
        What this thread opens and starts meanwhile is in there: sockets stay
        so, and processes.
        """
        home = here()
        call("setns", self._fd, CLONE_NEWNET)
        try:
            yield
        finally:
            go_back(home)

    def run(self, text, *others):
        """A command in there; {} is where another namespace is found."""
        fds = [other._fd for other in others]
        command = text.format(*(f"/proc/self/fd/{fd}" for fd in fds))
        with self.inside():
            ran = subprocess.run(
                command.split(),
                stderr=subprocess.PIPE,
                text=True,
                pass_fds=fds,
                env={"PATH": PATH},
            )
        if ran.returncode:
            raise Failed(f"{command}: {ran.stderr.strip()}")


def here():
    """A descriptor of the namespace that this thread is in."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def go_back(home):
    call("setns", home, CLONE_NEWNET)
    os.close(home)


def call(name, *arguments):
    """Of the C library, with this errno."""
    if getattr(LIBC, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)


def why_not():
    """Why there can't be a network; empty where there can."""
    if not shutil.which("ip", path=PATH):
        return "ip is missing (Debian: apt-get install iproute2)"
    try:
        with Network({"probe": ["10.0.0.1"]}):
            return ""
    except PermissionError:
        return "network namespaces are for root, or who enters by unshare -Urn"
    except (Failed, OSError) as failure:
        return f"no network of our own: {failure}"


class Network:
    """
    Hosts, by their names, each with its addresses, the first of which it is
    known by. A host is a Namespace.
    """

    def __init__(self, addresses):
        self.addresses = addresses
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        with self._stack:
            self._switch = self._namespace()
            self._switch.run("ip link add name switch type bridge")
            self._switch.run("ip link set dev switch up")
            self.hosts = {n: self._add(n) for n in self.addresses}
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *exception):
        self._stack.close()

    def _namespace(self):
        made = Namespace()
        self._stack.callback(made.close)
        return made

    def _add(self, name):
        host, switch = self._namespace(), self._switch
        switch.run(
            f"ip link add name {name} type veth peer name {DEVICE} netns {{}}",
            host,
        )
        switch.run(f"ip link set dev {name} master switch up")
        for address in self.addresses[name]:
            host.run(f"ip address add {address}/{MASK} dev {DEVICE}")
        host.run("ip link set dev lo up")
        host.run(f"ip link set dev {DEVICE} up")
        return host

    def delay(self):
        """Each packet takes its time from now on. A kernel may not know how."""
        for host in self.hosts.values():
            host.run(f"tc qdisc add dev {DEVICE} root netem delay {DELAY}")
