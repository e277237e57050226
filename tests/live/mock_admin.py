"""
An admin listener without a server: it answers as the real one does, with numbers
that a test, or the demonstration below, sets.

    python3 tests/live/mock_admin.py PORT [WORKERS] [SLEEPERS]
"""

import contextlib
import datetime
import http.server
import json
import pathlib
import random
import re
import socket
import sys
import threading
import time
import urllib.parse

PAGE = pathlib.Path(__file__).parents[2] / "src/admin/dashboard.html"
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " connect-src 'self'; img-src data:"
)
TOTALS = (
    "accepted connections requests asleep sent received refused faults"
    " log_dropped keys_evicted"
).split()


def text_of(seconds):
    """A time since the epoch, as the log has it."""
    when = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body="", type="text/plain", **fields):
        data = body.encode()
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Type", f"{type}; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do(self):
        mock = self.server.mock
        url = urllib.parse.urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length).decode()
        token = self.headers.get("Authorization")
        if url.path == "/":
            return self.answer(200, PAGE.read_text(), "text/html",
                               Content_Security_Policy=POLICY)  # fmt: skip
        if mock.token and token != f"Bearer {mock.token}":
            return self.answer(401, WWW_Authenticate="Bearer")
        query = dict(urllib.parse.parse_qsl(url.query))
        name = f"{self.command.lower()}_{url.path[1:]}"
        getattr(self, name, self.nothing)(mock, query, body)

    do_GET = do_PUT = do_DELETE = do

    def nothing(self, *_):
        self.answer(404, "404 Not Found\n")

    def get_events(self, mock, *_):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(OSError):
            while not mock.stopped.is_set():
                data = json.dumps(mock.snapshot())
                self.wfile.write(f"data: {data}\n\n".encode())
                mock.stopped.wait(mock.every)
        self.close_connection = True

    def get_sleepers(self, mock, query, _):
        shown = mock.sleepers()[: int(query["limit"])]
        count = mock.totals["asleep"]
        self.answer_json({"now": text_of(time.time()), "count": count,
                          "shown": len(shown), "sleepers": shown})  # fmt: skip

    def answer_json(self, what):
        self.answer(200, json.dumps(what), "application/json")

    def get_requests(self, mock, query, _):
        if mock.journal is None:
            return self.answer(404, "--journal=0: there is no journal\n")
        found = [
            line
            for line in mock.journal
            if query.get("status", str(line["status"])) == str(line["status"])
            and line.get("target", "/").startswith(
                query.get("path", "/").rstrip("*")
            )
        ]
        mock.stopped.wait(mock.search)
        lines = map(json.dumps, found[: int(query["limit"])])
        self.answer(200, "".join(f"{line}\n" for line in lines),
                    "application/x-ndjson")  # fmt: skip

    def delete_requests(self, mock, *_):
        mock.journal = []
        self.answer(204)

    def get_rules(self, mock, *_):
        self.answer(200, mock.rules, ETag=mock.etag())

    def put_rules(self, mock, _, body):
        assert self.headers["Content-Type"] == "text/plain"
        if self.headers.get("If-Match", mock.etag()) != mock.etag():
            return self.answer(412, "412: others have been put\n")
        if why := mock.fault(body):
            return self.answer(400, why)
        mock.put(body)
        self.answer(204, ETag=mock.etag())

    def delete_rules(self, mock, *_):
        mock.put(mock.first_rules)
        self.answer(204, ETag=mock.etag())

    def get_config(self, mock, *_):
        journal = 0 if mock.journal is None else 1000
        self.answer_json(
            {"version": "0.1.0", "options": {"journal": str(journal)},
             "workers": len(mock.workers)}
        )  # fmt: skip


class Mock:
    """The listener, from its making to stop(); start() has it run again."""

    def __init__(self, port=0, workers=2):
        self.port, self.count = port, workers
        self.every = 1  # seconds between snapshots
        self.search = 0  # seconds that a look into the journal takes
        self.token = None
        self.first_rules = self.rules = "GET /api/** delay=20ms status=503:5\n"
        self.start()

    def start(self):
        """All begins again, on the same port."""
        self.stopped = threading.Event()
        self.began = time.monotonic()
        self.phase, self.generation = "serving", 1
        self.totals = dict.fromkeys(TOTALS, 0)
        self.late = {"count": 0, "p50": None, "p99": None, "max": None}
        self.workers = [
            {"worker": i, "accepted": 0, "connections": 0, "requests": 0,
             "asleep": 0, "load": 0.0, "lag": 0.05, "turned": 20}
            for i in range(self.count)
        ]  # fmt: skip
        self.pools, self.asleep, self.journal = [], [], []
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", self.port), Handler
        )
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # a browser may leave any time
        server.mock, self.server = self, server
        self.port = server.server_address[1]
        self.address = server.server_address
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()

    def stop(self):
        """Ends its streams, and takes nobody any more."""
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()

    def snapshot(self):
        return {
            "time": text_of(time.time()),
            "uptime": round(time.monotonic() - self.began, 3),
            "phase": self.phase, "version": "0.1.0",
            "generation": self.generation, "totals": self.totals,
            "late": self.late, "workers": self.workers, "pools": self.pools,
        }  # fmt: skip

    def sleepers(self):
        """Those of asleep: peer, target, since, due or None, pool or None."""
        return [
            {"worker": 0, "peer": peer, "target": target,
             "since": text_of(since), "due": due and text_of(due),
             "pool": pool}
            for peer, target, since, due, pool in list(self.asleep)
        ]  # fmt: skip

    def sleep(self, seconds):
        """Somebody asks for a sleep now."""
        now = time.time()
        self.asleep.append(
            ("127.0.0.1", f"/sleep/{seconds}s", now, now + seconds, None)
        )
        self.totals["asleep"] += 1

    def ask(self, target):
        """Somebody asks for this, and there is no such thing."""
        self.totals["requests"] += 1
        line = {"time": text_of(time.time()), "peer": "127.0.0.1",
                "method": "GET", "target": target, "version": "1.1",
                "status": 404, "bytes": 5, "seconds": 0.0001, "worker": 0,
                "connection": self.totals["requests"], "request": 1}  # fmt: skip
        self.journal = [line, *self.journal]

    def etag(self):
        return f'"{abs(hash(self.rules)):x}"'

    def fault(self, text):
        """The 400 of a faulty text: here, times are the only fault."""
        for number, line in enumerate(text.split("\n"), 1):
            found = re.search(r"delay=\d+x", line)
            if found:
                column = len(line[: found.end() - 1].encode()) + 1
                return (f"{number}:{column}: {found[0]}: wants a time of at"
                        " most 10m, as in 250ms\n")  # fmt: skip

    def put(self, text):
        self.rules = text
        self.generation += 1


class Demonstration(Mock):
    """Numbers that move, as under load."""

    def __init__(self, port, workers, sleepers):
        self.most = sleepers
        super().__init__(port, workers)
        self.put("# a demonstration\n" + self.rules)
        threading.Thread(target=self.play, daemon=True).start()

    def play(self):
        step = 0
        while True:
            step += 1
            self.turn(step)
            time.sleep(0.25)

    def turn(self, step):
        now, draw = time.time(), random.uniform
        self.asleep = [s for s in self.asleep if (s[3] or s[2] + 3) > now]
        while len(self.asleep) < min(self.most, 1500):
            length = random.choice([0.4, 5, 5, 5, 5, 30, 90])
            since = now - (draw(0, length) if step == 1 else draw(0, 0.25))
            pool = random.choice([None] * 9 + ["db"])
            due = None if pool and draw(0, 1) < 0.3 else since + length
            self.asleep.append(
                ("127.0.0.1", f"/sleep/{length}s", since, due, pool)
            )
        totals, many = self.totals, len(self.workers)
        more = int(many * draw(150, 400))
        totals["requests"] += more
        totals["accepted"] += more // 10
        totals["sent"] += more * 900
        totals["received"] += more * 120
        totals["faults"] += more // 20
        totals["asleep"] = self.most - random.randrange(20)
        totals["connections"] = int(self.most * 1.1 + draw(0, 30))
        p50 = draw(0.04, 0.09)
        self.late = {"count": more, "p50": p50, "p99": p50 * draw(4, 9),
                     "max": p50 * draw(15, 60)}  # fmt: skip
        for worker in self.workers:
            i = worker["worker"]
            worker.update(
                load=min(1, abs(draw(0.2, 0.6) + (0.4 if i == 3 else 0))),
                connections=totals["connections"] // many + i,
                asleep=totals["asleep"] // many, lag=draw(0.03, 3),
                turned=20 if i != 5 else 100 + 250 * (step % 20),
            )  # fmt: skip
            if worker["turned"] > 1000:
                worker.update(lag=None, load=0)
        self.pools = [
            {"name": "db", "slots": 16, "used": random.randint(9, 16),
             "queue": 128, "queued": random.randint(10, 90),
             "waited": step * 20, "refused": step // 9},
            {"name": "threads", "slots": 200, "used": random.randint(20, 60),
             "queue": 0, "queued": 0, "waited": 0, "refused": 0},
        ]  # fmt: skip
        self.journal = [*self.lines(now), *self.journal][:200]

    def lines(self, now):
        did = [{}, {"delay": 83.05, "seed": 7, "n": 3},
               {"status": 503, "down": True}, {"fault": "reset"},
               {"delay": 50, "pool": "db"}]  # fmt: skip
        for i in range(3):
            chosen = random.choice(did)
            line = {
                "time": text_of(now - i / 1000), "peer": "127.0.0.1",
                "method": "GET", "target": f"/api/orders/{random.randrange(999)}?page=2",
                "version": "1.1", "status": chosen.get("status", 200),
                "bytes": random.randrange(9000), "seconds": random.random(),
            }  # fmt: skip
            if "delay" in chosen:
                line |= {"sleep_ms": chosen["delay"], "late_ms": 0.06}
            if "pool" in chosen:
                line |= {"queue_ms": 12.5}
            line["fields"] = [["Host", "localhost"], ["Accept", "*/*"]]
            if chosen:
                line["did"] = chosen
            yield line | {"worker": 0, "connection": random.randrange(10**6),
                          "request": 1}  # fmt: skip


if __name__ == "__main__":
    port, *more = map(int, sys.argv[1:])
    workers, sleepers = (*more, 2, 900)[:2] if len(more) < 2 else more
    Demonstration(port, workers, sleepers)
    print(f"http://127.0.0.1:{port}/", flush=True)
    threading.Event().wait()
