"""What the tests of the page share by which an operator watches and steers."""

import contextlib
import json
import time

import pytest
from browser import Page, needs_chromium
from mock_admin import Mock
from server import SANITIZERS, Server, eventually, free_port
from wire import Client, request

in_a_browser = [
    needs_chromium,
    pytest.mark.skipif(bool(SANITIZERS), reason="it is about a browser"),
]

LONG = 600  # seconds of a sleep that does not end here

# What is added to the page, to look at it; it presses nothing.
LOOK = """
    function text(selector) {
        return document.querySelector(selector)?.innerText.trim() ?? "";
    }

    function shown(selector) {
        return document.querySelector(selector).checkVisibility();
    }

    // The middle of all dots, as a share of the width; null without a dot.
    function middle() {
        const canvas = document.querySelector("canvas");
        const { width, height } = canvas;
        const { data } = canvas.getContext("2d")
            .getImageData(0, 0, width, height);
        let sum = 0, count = 0;

        for (let i = 3; i < data.length; i += 4) {
            if (data[i] > 0) {
                sum += (i >> 2) % width;
                count++;
            }
        }
        return count ? sum / count / width : null;
    }

    // Red, green, blue and opacity of a colour of CSS, each from 0 to 1.
    function colour_of(css) {
        const pen = new OffscreenCanvas(1, 1).getContext("2d");

        pen.fillStyle = css;
        pen.fillRect(0, 0, 1, 1);
        return Array.from(pen.getImageData(0, 0, 1, 1).data, (c) => c / 255);
    }

    // WCAG 2.2, relative luminance.
    function luminance(rgb) {
        const [r, g, b] = rgb.map((c) =>
            c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);

        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    }

    function background_of(element) {
        for (; element; element = element.parentElement) {
            const colour =
                colour_of(getComputedStyle(element).backgroundColor);
            if (colour[3] === 1)
                return colour;
        }
        return [1, 1, 1, 1];
    }

    // Each text that is seen, with its contrast (WCAG 2.2, contrast ratio).
    function contrasts() {
        const walker =
            document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const found = [];

        while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            const said = walker.currentNode.data.trim();
            const colour = colour_of(getComputedStyle(element).color);
            if (!said || !element.checkVisibility() || colour[3] === 0 ||
                element.closest("script, style"))
                continue;
            const lights = [colour, background_of(element)]
                .map((c) => luminance(c.slice(0, 3))).sort((a, b) => a - b);
            found.push([(lights[1] + 0.05) / (lights[0] + 0.05), said]);
        }
        return found;
    }
"""


@pytest.fixture
def mock():
    """A listener that tells what a test sets."""
    mock = Mock()
    yield mock
    mock.stop()


class Real:
    """The operator's side of a server, as a test does things to it."""

    first_rules = "/api/** delay=20ms status=503:5\n"

    def __init__(self):
        self.port = free_port()
        self.address = ("127.0.0.1", self.port)
        self.start()

    def start(self):
        rule = self.first_rules.strip()
        self.server = Server(
            "-w", "2", "--journal=100", f"--rule={rule}",
            f"--admin={self.port}",
        )  # fmt: skip
        self.asleep = []

    def stop(self):
        for client in self.asleep:
            client.close()
        self.server.finish()

    def request(self, method="GET", body=b""):
        fields = ["Content-Type: text/plain", f"Content-Length: {len(body)}"]
        with Client(self.address) as client:
            return client.ask("/rules", *fields, method=method, body=body)

    @property
    def rules(self):
        return self.request().body.decode()

    def put(self, text):
        assert self.request("PUT", text.encode()).status == 204

    def sleep(self, seconds):
        client = self.server.connect()
        client.send(request(f"/sleep/{seconds}s"))
        self.asleep.append(client)

    def ask(self, target):
        with self.server.connect() as client:
            client.ask(target)


@pytest.fixture(params=[Mock, Real])
def admin(request):  # noqa: F811
    """
    A listener that has an address, rules to read and put(), a sleep() and an ask()
    to be done, and a stop() and a start() at the same address.
    """
    admin = request.param()
    yield admin
    admin.stop()


@pytest.fixture
def visit(browser):
    """Opens the page of a listener, and waits until it shows numbers."""

    @contextlib.contextmanager
    def visit(admin, width=900, scheme="light", motion="", live=True):
        with Page(browser, "about:blank") as page:
            page.call(
                "Emulation.setDeviceMetricsOverride",
                width=width, height=900, deviceScaleFactor=1, mobile=False,
            )  # fmt: skip
            features = {"color-scheme": scheme, "reduced-motion": motion}
            page.call(
                "Emulation.setEmulatedMedia",
                features=[{"name": f"prefers-{name}", "value": value}
                          for name, value in features.items()],
            )  # fmt: skip
            host, port = admin.address
            page.go(f"http://{host}:{port}/")
            page.evaluate(LOOK)
            if live:
                until(page, "document.body.dataset.stream", "live")
            yield page

    return visit


def until(page, script, wanted):
    """Waits until an expression is so; then all that it has been."""
    seen = []

    def look():
        value = page.evaluate(script)
        if not seen or seen[-1] != value:
            seen.append(value)
        return wanted(value) if callable(wanted) else value == wanted

    eventually(look, lambda: f"{script} to be {wanted}; it was {seen}")
    return seen


def text(page, selector, wanted):
    """Waits until an element says so."""
    return until(page, f"text({json.dumps(selector)})", wanted)


def has(part):
    return lambda said: part in said


def write(page, said):
    """Types a text in place of what is in the editor."""
    page.click("#rules")
    page.evaluate("document.querySelector('#rules').select()")
    page.call("Input.insertText", text=said)


def complaints(page, *expected):
    """Those of the console, but for answers with a status that is expected."""
    return [
        complaint
        for complaint in page.complaints()
        if not any(
            f"status of {status}" in complaint.get("entry", {}).get("text", "")
            for status in expected
        )
    ]


def sleeper(length, ago=0, pool=None, queued=False):
    since = time.time() - ago
    due = None if queued else since + length
    return ("127.0.0.1", f"/sleep/{length}s", since, due, pool)


def fill(admin):
    """Something of everything."""
    admin.asleep = [sleeper(LONG), sleeper(60, 30, "db"),
                    sleeper(1, 0, "db", queued=True)]  # fmt: skip
    admin.totals.update(asleep=3, connections=1234, faults=3, refused=2)
    admin.late.update(count=7, p50=0.061, p99=0.42, max=12345)
    admin.pools = [{"name": "db", "slots": 16, "used": 4, "queue": 128,
                    "queued": 32, "waited": 77, "refused": 5}]  # fmt: skip
    admin.workers[1].update(load=0.37, connections=617, asleep=2, lag=1.5)
    admin.journal = [
        {"time": "2026-11-28T19:00:00.123456Z", "peer": "127.0.0.1",
         "method": "GET", "target": "/<b>bold</b>", "version": "1.1",
         "status": 503, "bytes": 2048, "seconds": 0.0123, "sleep_ms": 12,
         "late_ms": 0.061, "did": {"delay": 12, "status": 503, "down": True,
                                   "key": "<b>me</b>"},
         "worker": 0, "connection": 1, "request": 1},
        {"time": "2026-11-28T18:59:59.000001Z", "peer": "127.0.0.1",
         "status": 400, "bytes": 20, "seconds": 0.001, "left": 0.001,
         "worker": 0, "connection": 2, "request": 1},
    ]  # fmt: skip
    admin.totals["requests"] = 2


def asked(page, path):
    """How often the page has asked for it."""
    return sum(path in url for url in page.requests())


def next_second(page):
    """Returns once the next snapshot is shown."""
    before = page.evaluate("text('#uptime')")
    text(page, "#uptime", lambda said: said != before)
