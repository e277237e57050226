"""
make bench-watching: what it costs to look.

A server with 64 workers and 15,000 sleepers, scraped and watched: how long a
scrape takes, what of a core the server takes for that, and a dashboard in
Chromium. Then a server under a mixed load, whose dashboard it leaves as
dashboard.png. It ends with status 1 where an answer was wrong.
"""

import base64
import contextlib
import random
import statistics
import sys
import tempfile
import threading
import time

from admin_side import Admin
from browser import Browser, Page
from clients import limit
from crowd import Crowd, Habit
from effort import QUICK
from report import progress, table
from processes import children, cpu_seconds
from server import MTASYNC, Failed
from wire import Client, Ended, request

WORKERS, SLEEPERS = 64, 15_000
SECONDS = 5 if QUICK else 20
SCRAPES = 20 if QUICK else 200
PICTURE = "dashboard.png"
CLIENTS = 300  # of the picture
POOL = "--pool=db:slots=16,queue=64"
RULES = (
    "--rule=/api/orders delay=lognormal:200ms,2s pool=db size=900 status=200",
    "--rule=/api/** delay=20ms..800ms size=2k status=503:4,429:2 "
    "fault=reset:1",
)
TARGETS = (
    "/", "/hello.html", *4 * ("/api/orders", "/api/users"),
    "/sleep/lognormal:2s,8s", "/sleep/100ms..6s", "/sleep/3s?status=503:20",
    "/sleep/20s", "/sleep/500ms",
)  # fmt: skip


def browser_seconds(browser):
    """The CPU time of all of its processes."""
    found = [browser.pid]
    for pid in found:
        found += children(pid)
    total = 0
    for pid in found:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += cpu_seconds(pid)
    return total


def shares(server, *others):
    """Of a core, in SECONDS: the server's, and each other's."""

    def look():
        return [sum(server.thread_seconds()), *(other() for other in others)]

    before, began = look(), time.monotonic()
    time.sleep(SECONDS)
    took = time.monotonic() - began
    return [(after - b) / took for b, after in zip(before, look())]


def scrape(admin):
    """Seconds, of each scrape on one connection."""
    took = []
    with admin.connect() as client:
        for _ in range(SCRAPES):
            began = time.monotonic()
            if admin.ask("/metrics", client=client).status != 200:
                raise Failed("a scrape failed")
            took.append(time.monotonic() - began)
    return took


def measure(server, admin):
    """Rows: what, figure."""
    [alone] = shares(server)
    yield f"server, asleep with {WORKERS} workers", f"{alone:.2%} of a core"
    cpu = sum(server.thread_seconds())
    took = scrape(admin)
    cpu = (sum(server.thread_seconds()) - cpu) / SCRAPES
    yield "a scrape: p50", f"{1000 * statistics.median(took):.2f} ms"
    yield "a scrape: the server's CPU", f"{1000 * cpu:.2f} ms"
    with tempfile.TemporaryDirectory() as profile:
        with Browser(profile) as browser, Page(browser, url_of(admin)):
            time.sleep(5)  # it is painted for the first time
            watched, watching = shares(
                server, lambda: browser_seconds(browser)
            )
    yield "server, with a dashboard", f"{watched:.2%} of a core"
    yield "Chromium with it", f"{watching:.2%} of a core"


def url_of(admin):
    host, port = admin.address
    return f"http://{host}:{port}/"


def ask_again_and_again(address, ended):
    while not ended.is_set():
        with contextlib.suppress(OSError, Ended):  # on purpose
            with Client(address) as client:
                client.ask(random.choice(TARGETS))


def paint(profile):
    """Leaves a picture of the dashboard under load."""
    ended = threading.Event()
    options = ["-w", "4", "--admin=0", "--journal=1000", POOL, *RULES]
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(MTASYNC.start(*options))
        threads = [
            threading.Thread(
                target=ask_again_and_again, args=(server.address, ended)
            )
            for _ in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        stack.callback(ended.set)
        browser = stack.enter_context(Browser(profile))
        page = stack.enter_context(Page(browser, url_of(Admin(server))))
        page.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark"}],
        )
        resize(page, 800)
        time.sleep(SECONDS + 5)
        resize(page, page.evaluate("document.documentElement.scrollHeight"))
        time.sleep(2)
        picture = page.call("Page.captureScreenshot", format="png")["data"]
    with open(PICTURE, "wb") as file:
        file.write(base64.b64decode(picture))
    progress(f"wrote {PICTURE}")


def resize(page, height):
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=1200,
        height=min(height, 1500),
        deviceScaleFactor=1,
        mobile=False,
    )


def main():
    asleep = limit(SLEEPERS)
    try:
        with MTASYNC.start("-w", WORKERS, "--admin=0") as server:
            admin = Admin(server)
            with Crowd(server.address, asleep, Habit(request("/sleep/9m"))):
                admin.await_asleep(asleep)
                rows = list(measure(server, admin))
        table("", (f"{asleep:,} asleep",), rows)
        with tempfile.TemporaryDirectory() as profile:
            paint(profile)
    except Failed as failure:
        print(f"bench-watching: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
