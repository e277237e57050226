"""
The fleet: a client's host, HAProxy by the configuration that is packaged, and
three mtasyncs, at the addresses that are in it.
"""

import contextlib
import csv
import pathlib
import resource
import shlex
import socket
import tempfile
import time

import network
import peer
from admin_side import Admin
from server import HTDOCS, SOURCE, Failed, Server, Target, eventually
from wire import Client

PACKAGED = SOURCE / "packaging" / "haproxy" / "haproxy.cfg"
BALANCER = "10.0.0.10"
CLIENTS = ["10.0.0.100", "10.0.0.101", "10.0.0.102"]
REPLICAS = {"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.3"}
FRONT = (BALANCER, 8080)  # of HAProxy
ALONE = (BALANCER, 8081)  # where it answers by itself
WEB, ADMIN = 7878, 7879
TOKEN = "of-the-fleet"
PAGE = (HTDOCS / "hello.html").read_bytes()
LOOK = 0.01  # seconds between two looks at what HAProxy knows

# What is behind the packaged configuration: where it tells of itself, and what
# a request costs it that goes nowhere.
BEHIND = """
global
	stats socket {socket} mode 600 level admin
frontend alone
	bind :8081
	http-request return status 200 content-type text/html file {page}
"""


def why_not():
    """Why there can't be a fleet; empty where there can."""
    if not peer.is_here("haproxy"):
        return "haproxy is missing (Debian: apt-get install haproxy)"
    return network.why_not()


def delay():
    """What a packet takes from a host to the switch; or why it takes nothing."""
    with network.Network({"probe": ["10.0.0.1"]}) as probed:
        try:
            probed.delay()
        except (Failed, OSError) as failure:
            return f"no delay: {failure}"
    return f"{network.DELAY} of delay"


def replaced(text, old, new):
    """What is to be there, is."""
    assert text.count(old) == 1, f"{PACKAGED} has no line {old!r}"
    return text.replace(old, new)


def configuration(directory, proxy="", server_words=()):
    """
    The packaged one, with a third server; and with as many connections as this
    process may have descriptors for. `proxy` is send-proxy or send-proxy-v2;
    some servers may have words of their own, by their names.
    """
    text = PACKAGED.read_text()
    b, c = (f"\tserver {n} {REPLICAS[n]}:{WEB}\n" for n in "bc")
    text = replaced(text, b, b + c)
    for name, words in dict(server_words).items():
        line = f"\tserver {name} {REPLICAS[name]}:{WEB}\n"
        text = replaced(text, line, f"{line.rstrip()} {words}\n")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if 0 <= most < 2 * 20000 + 100:
        text = replaced(text, "maxconn 20000", f"maxconn {(most - 100) // 2}")
    if proxy:
        line = "default-server send-proxy-v2"
        text = replaced(text, f"#{line}", line.replace("send-proxy-v2", proxy))
    return text + BEHIND.format(
        socket=directory / "socket", page=HTDOCS / "hello.html"
    )


class Replica:
    """One of the mtasyncs; `server` is the process that serves now."""

    def __init__(self, name, host, words, options, how):
        """The words are those of its address."""
        self.name, self.host, self.words = name, host, words
        self.address = (REPLICAS[name], WEB)
        self.options, self.how = options, how
        self.server = None

    def start(self, *options):
        """Another process, which serves from now on."""
        address, _ = self.address
        with self.host.inside():
            self.server = Server(
                f"--admin={address}:{ADMIN}",
                *self.options,
                *options,
                listen=[f"{address}:{WEB}{self.words}"],
                **self.how,
            )
            self.admin = Admin((address, ADMIN), TOKEN)
        return self.server

    def sum(self, name, **labels):
        with self.host.inside():
            return self.admin.metrics().sum(name, **labels)

    def asleep(self):
        """How many requests."""
        return int(self.sum("mtasync_sleepers"))


class Balancer:
    """HAProxy, and what it knows of the replicas."""

    def __init__(self, host, directory, *derived):
        self.host = host
        self.socket = directory / "socket"
        file = directory / "haproxy.cfg"
        file.write_text(configuration(directory, *derived))
        program = peer.program("haproxy")
        command = f"{shlex.quote(program)} -W -f {file}"
        with host.inside():
            self.server = Server(
                target=Target("haproxy", command), port=FRONT[1]
            )
        eventually(self.is_heard, self.server.output)

    def tell(self, command):
        """Of its interface for operators; returns what it says."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.socket))
            client.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: client.recv(1 << 16), b"")).decode()

    def is_heard(self):
        """Its socket is there a moment before it is listened to."""
        with contextlib.suppress(OSError):
            return self.tell("show info")
        return ""

    def known(self, name):
        """What it knows of a replica, by the names of its `show stat`."""
        text = self.tell("show stat").removeprefix("# ")
        for row in csv.DictReader(text.splitlines()):
            if (row["pxname"], row["svname"]) == ("mtasync", name):
                return row
        raise AssertionError(f"{name} is not in {text}")

    def is_up(self, name):
        """By a check: before the first one, it is only taken to be so."""
        row = self.known(name)
        return row["status"] == "UP" and row["check_status"] == "L7OK"

    def await_up(self, name):
        eventually(lambda: self.is_up(name), f"{name} to be up")

    def await_down(self, name, patience):
        """Returns the time at which it was known; None if it is not."""
        give_up = time.monotonic() + patience
        while self.known(name)["status"] != "DOWN":
            if time.monotonic() > give_up:
                return None
            time.sleep(LOOK)
        return time.monotonic()


class Fleet:
    """All of it, for the length of a with statement, once it serves."""

    def __init__(
        self, *options, own=(), words="", proxy="", server_words=(), **how
    ):
        """
        Options are for all mtasyncs, `own` has more for some, by their names;
        words are those of their addresses. The next two are HAProxy's, see
        configuration().
        """
        self.options, self.own, self.words = options, dict(own), words
        self.derived, self.how = (proxy, server_words), how
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        with self._stack:
            self._start()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *exception):
        self._stack.close()

    def _start(self):
        addresses = {n: [address] for n, address in REPLICAS.items()}
        addresses |= {"balancer": [BALANCER], "client": CLIENTS}
        self.network = self._stack.enter_context(network.Network(addresses))
        with contextlib.suppress(Failed, OSError):  # delay() tells why
            self.network.delay()
        hosts = self.network.hosts
        self.client = hosts["client"]
        self.directory = pathlib.Path(
            self._stack.enter_context(tempfile.TemporaryDirectory())
        )
        token = self.directory / "token"
        token.write_text(TOKEN)
        token.chmod(0o600)
        self.replicas = {}
        for name in REPLICAS:
            options = f"--admin-token-file={token}", *self.options
            options += tuple(self.own.get(name, ()))
            replica = Replica(name, hosts[name], self.words, options, self.how)
            self.replicas[name] = replica
            self.start(replica)
        self.balancer = Balancer(
            hosts["balancer"], self.directory, *self.derived
        )
        self._stack.callback(self.balancer.server.close)
        for name in REPLICAS:
            self.balancer.await_up(name)

    def start(self, replica, *options):
        """Another process of it, which ends with the fleet at the latest."""
        self._stack.callback(replica.start(*options).close)

    def asleep(self, *names):
        """How many, in all of them or in these."""
        return sum(self.replicas[n].asleep() for n in names or self.replicas)

    # Its clients

    def load(self, make, *arguments, **how):
        """One of load.py's, for as long as the fleet lasts; see there."""
        with self.client.inside():
            made = make(*arguments, **how)
        return self._stack.enter_context(made)

    def connect(self, address=FRONT, source=CLIENTS[0]):
        """A client's connection, by default to HAProxy."""
        with self.client.inside():
            return Client(address, source=source)
