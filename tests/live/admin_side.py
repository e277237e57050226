"""The operator's side of a server: where it is, and what it answers."""

import json
import re

from exposition import Exposition
from server import Server, eventually
from wire import Client, head, request

LOOK = re.compile(r"look and steer on (?:http://)?([^\s,]+)")
TEXT = "Content-Type: text/plain"
OPEN = "application/openmetrics-text"


def address_of(text):
    if text.startswith("unix:"):
        return text.removeprefix("unix:")
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port.rstrip("/"))


class Admin:
    """It belongs to a running server; or is at an address."""

    def __init__(self, server, token=None):
        self.token = token
        if isinstance(server, Server):
            self.server = server
            server = address_of(server.await_output(LOOK.pattern)[1])
        self.address = server

    def connect(self, **how):
        return Client(self.address, **how)

    def fields(self, fields):
        if self.token is None:
            return fields
        return (f"Authorization: Bearer {self.token}", *fields)

    def ask(self, target="/", *fields, client=None, **how):
        """On a connection of its own, unless there is one."""
        if client is not None:
            return client.ask(target, *self.fields(fields), **how)
        with self.connect() as client:
            return client.ask(target, *self.fields(fields), **how)

    def ask_as(self, *lines, method="GET", target="/readyz"):
        """With just these field lines."""
        with self.connect() as client:
            client.send(head(f"{method} {target} HTTP/1.1", *lines))
            return client.read_response(method)

    def change(self, target, body=b"", *fields, method="PUT", **how):
        """PUT or DELETE, with a body as text."""
        if method == "PUT" or body:
            fields = (TEXT, f"Content-Length: {len(body)}", *fields)
        return self.ask(target, *fields, method=method, body=body, **how)

    def json(self, target):
        answer = self.ask(target)
        assert answer.status == 200, answer.body
        assert answer.field("Content-Type") == "application/json"
        return json.loads(answer.body)

    def lines(self, query=""):
        answer = self.ask(f"/requests{query}")
        assert answer.status == 200, answer.body
        assert answer.field("Content-Type") == "application/x-ndjson"
        return list(map(json.loads, answer.body.splitlines()))

    def metrics(self, open=False, client=None):
        fields = [f"Accept: {OPEN}"] * open
        answer = self.ask("/metrics", *fields, client=client)
        assert answer.status == 200
        kind = (
            OPEN + "; version=1.0.0" if open else "text/plain; version=0.0.4"
        )
        assert answer.field("Content-Type") == f"{kind}; charset=utf-8"
        return Exposition(answer.body.decode(), open)

    def await_metrics(self, predicate, what):
        """Until they are so; returns the metrics of one more look.

        A look reads one series after another while the workers go on: those that
        were read before what made it true may be older than that.
        """
        eventually(lambda: predicate(self.metrics()), what)
        return self.metrics()

    def asleep(self):
        return self.metrics().sum("mtasync_sleepers")

    def await_asleep(self, count):
        self.await_metrics(
            lambda metrics: metrics.sum("mtasync_sleepers") == count,
            lambda: f"{count} sleepers: {self.asleep()}",
        )

    def await_begun(self, count):
        """Of requests that sleep briefly: some may be answered before it sees."""
        self.await_metrics(
            lambda metrics: metrics.sum("mtasync_sleepers")
            + metrics.sum("mtasync_requests_total")
            == count,
            f"{count} requests",
        )

    def events(self, query="?every=100ms"):
        return Events(self, query)


class Events:
    """One who watches."""

    def __init__(self, admin, query=""):
        self.client = admin.connect()
        self.client.send(request(f"/events{query}", *admin.fields(())))
        self.head = self.client.read_head()
        assert self.head.status == 200
        assert self.head.field("Content-Type") == "text/event-stream"
        assert self.head.field("Cache-Control") == "no-store"
        assert self.head.field("Connection") == "close"  # is its end

    def next(self):
        event = self.client.read_until(b"\n\n")
        assert re.fullmatch(rb"data: \{[^\n]*\}\n\n", event), event
        return json.loads(event.removeprefix(b"data: "))

    def close(self):
        self.client.close()
