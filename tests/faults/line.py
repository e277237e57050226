"""
Two network namespaces and a line between them on which each packet takes its
time: a process that carries the packets from one TUN device to the other.
"""

import collections
import contextlib
import fcntl
import multiprocessing
import os
import select
import shutil
import struct
import subprocess
import time

from clients import enter_namespace
from peer import PATH

# Of the addresses for measurements (RFC 2544), which are routed nowhere.
SERVER, CLIENT = "198.18.0.1", "198.18.0.2"
DEVICE = "line"
TUNSETIFF = 0x400454CA  # from linux/if_tun.h
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
PACKET_MAX = 65536


def why_not():
    """Why there can't be a line; empty where there can."""
    if os.geteuid() != 0:
        return "network namespaces are for root"
    if not shutil.which("ip", path=PATH):
        return "ip is missing (Debian: apt-get install iproute2)"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "no /dev/net/tun here"
    try:
        run(f"ip netns add {name_of('probe')}")
    except subprocess.CalledProcessError as error:
        return error.stderr.decode().strip()
    run(f"ip netns delete {name_of('probe')}")
    return ""


def name_of(side):
    return f"mtasync-{os.getpid()}-{side}"


def run(text):
    subprocess.run(
        text.split(), check=True, stderr=subprocess.PIPE, env={"PATH": PATH}
    )


# How late a packet has been at most, in seconds, on any line so far: a machine
# that is busy with other things carries them late.
LATEST = multiprocessing.get_context("fork").Value("d", 0)


@contextlib.contextmanager
def delayed(seconds):
    """Yields the names of the server's and the client's namespace."""
    names = [name_of("server"), name_of("client")]
    with contextlib.ExitStack() as stack:
        for name in names:
            run(f"ip netns add {name}")
            stack.callback(run, f"ip netns delete {name}")
        stack.enter_context(carrier(names, seconds))
        for name, address in zip(names, (SERVER, CLIENT)):
            run(f"ip -n {name} address add {address}/30 dev {DEVICE}")
            run(f"ip -n {name} link set lo up")
            run(f"ip -n {name} link set {DEVICE} up txqueuelen 10000")
        yield names


@contextlib.contextmanager
def carrier(names, seconds):
    """The process that carries, once its devices are there."""
    fork = multiprocessing.get_context("fork")
    ready = fork.Event()
    process = fork.Process(target=carry, args=(names, seconds, ready))
    process.start()
    try:
        if not ready.wait(10):
            raise OSError("no TUN device can be had")
        yield
    finally:
        process.kill()
        process.join()


def carry(names, seconds, ready):
    ends = [open_device(name) for name in names]
    ready.set()
    poll = select.poll()
    for end in ends:
        poll.register(end, select.POLLIN)
    waiting = collections.deque()  # (when, to, packet), in this order
    while True:
        left = waiting[0][0] - time.monotonic() if waiting else 1
        for end, _ in poll.poll(max(0, 1000 * left)):
            other = ends[end == ends[0]]
            when = time.monotonic() + seconds
            waiting.append((when, other, os.read(end, PACKET_MAX)))
        while waiting and waiting[0][0] <= time.monotonic():
            when, end, packet = waiting.popleft()
            LATEST.value = max(LATEST.value, time.monotonic() - when)
            with contextlib.suppress(OSError):  # it is not up yet
                os.write(end, packet)


def open_device(namespace):
    enter_namespace(namespace)
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(
        fd,
        TUNSETIFF,
        struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI),
    )
    return fd
