"""The page by which an operator watches and steers a server, in a browser."""

import contextlib
import json
import time

import pytest
from browser import Page, needs_chromium
from mock_admin import PAGE, Mock
from server import SANITIZERS, Server, eventually, free_port
from wire import Client, request

pytestmark = [
    needs_chromium,
    pytest.mark.skipif(bool(SANITIZERS), reason="it is about a browser"),
]

MOST = 40 << 10  # bytes of the page
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
        self.addresses = [("127.0.0.1", self.port)]
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
        with Client(self.addresses[0]) as client:
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
    A listener that has addresses, rules to read and put(), a sleep() and an ask()
    to be done, and a stop() and a start() at the same address.
    """
    admin = request.param()
    yield admin
    admin.stop()


@pytest.fixture
def visit(tmp_path):
    """Opens the page of a listener, and waits until it shows numbers."""

    @contextlib.contextmanager
    def visit(admin, width=900, scheme="light", motion="", live=True):
        with Page(tmp_path, "about:blank") as page:
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
            host, port = admin.addresses[0]
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


def test_page_is_small_and_plain():
    page = PAGE.read_bytes()
    assert len(page) <= MOST
    assert page.isascii()
    for outside in b"http:", b"https:", b"innerHTML", b"import ", b"@import":
        found = page.replace(b"http://www.w3.org/2000/svg", b"").count(outside)
        assert found == 0, outside


def test_numbers_are_those_of_the_server(mock, visit):
    fill(mock)
    with visit(mock) as page:
        text(page, "#tile-asleep b", "3")
        text(page, "#tile-connections b", "1,234")
        text(page, "#tile-p50 .number", "0.06 ms")
        text(page, "#tile-p99 .number", "0.42 ms")
        text(page, "#tile-max .number", "12.3 s")
        text(page, "#total-faults", "3")
        text(page, "#total-refused", "2")
        text(page, "#lanes li:nth-child(2)", has("37 %"))
        for part in "617 open", "2 asleep", "lag 1.5 ms":
            text(page, "#lanes li:nth-child(2)", has(part))
        text(page, ".pool h3", "db")
        text(page, ".pool .used", "4 of 16 slots are taken")
        text(page, ".pool .queued", "32 of 128 wait in the queue")
        bars = page.evaluate(
            "Array.from(document.querySelectorAll('.pool .bar div'),"
            " (bar) => bar.style.transform)"
        )
        assert bars == ["scaleX(0.25)", "scaleX(0.25)"]
        text(page, "#sleepers", has("3 wait."))
        text(page, "#sleepers", has("About 1 wait for a slot."))
        assert not page.complaints()


def test_requests_a_second(mock, visit):
    """The first snapshot tells nothing of it; then it is the difference."""
    mock.every = 0.1
    with visit(mock) as page:
        text(page, "#tile-requests b", "0")
        mock.totals["requests"] += 10**6
        text(page, "#tile-requests .dim", has(" M /s"))
        text(page, "#tile-requests .number", "0 /s")
        curve = "document.querySelector('#tile-requests .curve')"
        assert page.evaluate(f"{curve}.getAttribute('d')").count("L") > 1


def test_lateness_when_no_sleep_ends(mock, visit):
    """What was last told stays, and is marked as old."""
    fill(mock)
    mock.every = 0.1
    with visit(mock) as page:
        text(page, "#tile-p50 .number", "0.06 ms")
        mock.late = {"count": 0, "p50": None, "p99": None, "max": None}
        text(page, "#tile-p50 .dim", has("No sleep has ended for"))
        text(page, "#tile-p50 .number", "0.06 ms")


def test_blocking_model(mock, visit):
    mock.workers[:] = [dict(mock.workers[0], lag=None, load=1.7)]
    with visit(mock) as page:
        text(page, "#workers", has("There is no loop"))
        text(page, "#lanes", has("170 %"))
        assert not page.complaints()


def test_stuck_worker(mock, visit):
    mock.workers[1].update(turned=3200)
    with visit(mock) as page:
        text(page, "#lanes li:nth-child(2)", has("stuck 3.2 s"))


def places(page, count):
    """So many places of the dots, one after the other; fewer after 20 s."""
    return page.evaluate(
        f"""new Promise((resolve) => {{
        const seen = [], end = performance.now() + 20000;
        const look = () => {{
            const place = middle();
            if (place !== null && place !== seen.at(-1))
                seen.push(place);
            if (seen.length < {count} && performance.now() < end)
                setTimeout(look, 10);
            else
                resolve(seen);
        }};
        look();
    }})"""
    )


def asked(page, path):
    """How often the page has asked for it."""
    return sum(path in url for url in page.requests())


def test_dots_travel(admin, visit):
    """From asked to due, and not only with each answer of the server."""
    admin.sleep(60)
    with visit(admin) as page:
        before = asked(page, "/sleepers")
        seen = places(page, 20)
        assert asked(page, "/sleepers") - before <= 10
        assert len(seen) == 20 and seen == sorted(seen)
        assert 0 < seen[0] < 0.9


def test_dots_stand_still_where_motion_is_unwanted(admin, visit):
    """They move with each answer of the server alone."""
    admin.sleep(60)
    with visit(admin, motion="reduce") as page:
        before = asked(page, "/sleepers")
        places(page, 4)
        assert asked(page, "/sleepers") - before >= 2


def test_dots_end_where_they_are_due(admin, visit):
    with visit(admin) as page:
        admin.sleep(3)
        until(page, "middle()", lambda x: x is not None)
        seen = until(page, "middle()", None)
        assert seen[0] > 0.1 and seen[:-1] == sorted(seen[:-1])


def test_more_sleepers_than_dots(mock, visit):
    mock.asleep = [sleeper(LONG, i / 10) for i in range(1500)]
    mock.totals["asleep"] = 15000
    with visit(mock) as page:
        text(page, "#sleepers", has("15,000 wait. 1,000 dots are drawn: each"
                                    " stands for 15 of them."))  # fmt: skip


def next_second(page):
    """Returns once the next snapshot is shown."""
    before = page.evaluate("text('#uptime')")
    text(page, "#uptime", lambda said: said != before)


def test_journal(mock, visit):
    fill(mock)
    with visit(mock) as page:
        row = "tbody tr:nth-child(1)"
        text(page, row, has("19:00:00.123"))
        for part in "GET /<b>bold</b>", "503", "2 KiB", "12 ms, late 0.06 ms":
            text(page, row, has(part))
        chips = page.evaluate(
            f"""Array.from(document.querySelectorAll("{row} .chip"),
                (chip) => [chip.innerText, chip.classList[1]])"""
        )
        assert chips == [["delay 12 ms", "slow"], ["status 503", "hurt"],
                         ["down", "hurt"],
                         ["key <b>me</b>", None]]  # fmt: skip
        text(page, "tbody tr:nth-child(2)", has("the client left"))
        assert page.evaluate("document.querySelector('tbody b')") is None
        assert not page.complaints()


def test_journal_is_filtered_held_and_forgotten(admin, visit):
    with visit(admin) as page:
        admin.ask("/one")
        text(page, "tbody tr", has("GET /one"))
        admin.ask("/two")
        text(page, "tbody tr", has("GET /two"))
        page.click("[name=path]")
        page.call("Input.insertText", text="/one**")
        text(page, "tbody tr", has("GET /one"))
        page.click("[name=status]")
        page.call("Input.insertText", text="999")
        text(page, "#came", "No request is like that.")
        page.evaluate("document.querySelector('[name=status]').select()")
        page.call("Input.insertText", text="404")
        text(page, "tbody tr", has("GET /one"))

        page.click("[name=hold]")
        before = asked(page, "/requests")
        admin.ask("/one/more")
        next_second(page)
        assert asked(page, "/requests") == before
        page.click("[name=hold]")
        text(page, "tbody tr", has("GET /one/more"))

        page.click("#forget")
        text(page, "#forget", "Really forget?")
        next_second(page)
        text(page, "tbody tr", has("GET /one/more"))
        page.click("#forget")
        text(page, "#came", "No request is like that.")
        assert not page.complaints()


def test_no_journal(mock, visit):
    """It is not asked for either: that would be an error in the console."""
    mock.journal = None
    with visit(mock) as page:
        text(page, "#came", has("--journal=1000"))
        assert not page.evaluate("shown('#journal')")
        mock.totals["requests"] = 5
        text(page, "#says", "These are in force.")
        assert not page.complaints()
        assert asked(page, "/requests") == 0


def test_rules_are_put(admin, visit):
    with visit(admin) as page:
        text(page, "#says", "These are in force.")
        assert page.evaluate("rules.value") == admin.rules
        write(page, "/** status=503:5\n")
        text(page, "#says", "Changed, and not put yet.")
        page.click("#put")
        text(page, "#says", "These are in force.")
        assert admin.rules == "/** status=503:5\n"

        write(page, "/** status=500\n")
        page.call("Input.dispatchKeyEvent", type="keyDown", key="Enter",
                  code="Enter", modifiers=2)  # fmt: skip
        text(page, "#says", "These are in force.")
        assert admin.rules == "/** status=500\n"

        page.click("#first")
        until(page, "rules.value", admin.first_rules)
        assert admin.rules == admin.first_rules
        assert not page.complaints()


def test_examples_go_on_top(admin, visit):
    with visit(admin) as page:
        text(page, "#says", "These are in force.")
        old = admin.rules
        page.click("#examples button:nth-of-type(1)")
        assert page.evaluate("rules.value") == "/** status=503:5\n" + old
        page.click("#examples button:nth-of-type(4)")
        pool = "pool=db:slots=16,queue=128\n/** pool=db delay=50ms\n"
        wanted = f"{pool}/** status=503:5\n{old}"
        assert page.evaluate("rules.value") == wanted
        assert admin.rules == old
        page.click("#put")
        text(page, "#says", "These are in force.")
        assert admin.rules == wanted


def test_fault_is_shown_at_its_place(admin, visit):
    """The column counts bytes."""
    old = admin.rules
    with visit(admin) as page:
        text(page, "#says", "These are in force.")
        write(page, "# one\n/\u00e4\u20ac/** delay=5x size=3\n/ delay=1s\n")
        page.click("#put")
        text(page, "#says", has("Line 2, column 18: delay=5x: wants a time"))
        assert admin.rules == old
        mark = page.evaluate(
            """(() => {
            const mark = document.querySelector("mark");
            const box = mark.getBoundingClientRect();
            const room = rules.getBoundingClientRect();
            return [mark.textContent, rules.selectionStart, box.x > room.x,
                box.y > room.y, document.activeElement === rules];
        })()"""
        )
        assert mark == ["x", len("# one\n/xx/** delay=5"), True, True, True]
        text(page, "#numbers b", has("2"))
        assert page.evaluate("rules.getAttribute('aria-invalid')") == "true"

        page.call("Input.insertText", text="status=503 ")
        assert page.evaluate("document.querySelector('mark')") is None
        text(page, "#says", "Changed, and not put yet.")
        assert not complaints(page, 400)


def test_others_have_put_rules(admin, visit):
    """Who has changed nothing sees them; who has is asked."""
    with visit(admin) as page:
        text(page, "#says", "These are in force.")
        admin.put("/theirs delay=1s\n")
        until(page, "rules.value", "/theirs delay=1s\n")

        write(page, "/mine delay=1s\n")
        admin.put("/others delay=1s\n")
        text(page, "#says", has("Somebody else has put rules"))
        page.click("#put")
        until(page, "putting", False)
        text(page, "#says", has("Somebody else has put rules"))
        assert admin.rules == "/others delay=1s\n"
        page.click("#over")
        text(page, "#says", "These are in force.")
        assert admin.rules == "/mine delay=1s\n"

        write(page, "/again delay=1s\n")
        admin.put("/last delay=1s\n")
        text(page, "#says", has("Somebody else has put rules"))
        page.click("#load")
        until(page, "rules.value", "/last delay=1s\n")
        text(page, "#says", "These are in force.")
        assert not complaints(page, 412)


def test_restart(admin, visit):
    """Its break is told and ended; the new server's counters begin again."""
    for _ in range(99):
        admin.ask("/")
    with visit(admin) as page:
        text(page, "#tile-requests b", "0")
        admin.put("/old delay=1s\n")
        until(page, "rules.value", "/old delay=1s\n")
        admin.stop()
        until(page, "document.body.dataset.stream", "broken")
        text(page, "#trouble", has("The numbers are those of"))
        text(page, "#next", has("Next try in"))
        admin.start()
        admin.put("/new delay=1s\n")
        until(page, "document.body.dataset.stream", "live")
        assert not page.evaluate("shown('#banner')")
        text(page, "#note", has("started anew"))
        rates = text(page, "#tile-requests b", "0")
        assert not [rate for rate in rates if "-" in rate]
        until(page, "rules.value", "/new delay=1s\n")
        network = [c for c in page.complaints()
                   if c.get("entry", {}).get("source") != "network"]  # fmt: skip
        assert not network


def test_server_that_falls_silent(mock, visit):
    with visit(mock) as page:
        mock.every = 1000
        text(page, "#trouble", has("nothing has come for 5 s"))
        until(page, "document.body.dataset.stream", "live")


def test_draining(mock, visit):
    with visit(mock) as page:
        text(page, "#phase", "serving")
        mock.phase = "draining"
        text(page, "#phase", "draining: nobody new is taken")


HIDE = """Object.defineProperty(document, "hidden",
    {{ value: {}, configurable: true }});
    document.dispatchEvent(new Event("visibilitychange"))"""


@pytest.mark.parametrize("how", ["button", "hidden tab"])
def test_pause(admin, visit, how):
    """The stream ends, and with it all questions; then the numbers go on."""

    def change(pause):
        if how == "button":
            page.click("#pause")
        else:
            page.evaluate(HIDE.format(json.dumps(pause)))

    with visit(admin) as page:
        change(True)
        until(page, "document.body.dataset.stream", "paused")
        page.wait_for("Network.loadingFailed", lambda e: e["canceled"])
        admin.sleep(60)
        change(False)
        text(page, "#tile-asleep b", "1")
        assert asked(page, "/events") == 2
        assert not page.complaints()


def test_token(mock, visit):
    """It is asked for once, and again where it was another one."""
    mock.token = "secret"
    with visit(mock, live=False) as page:
        until(page, "shown('#token')", True)
        for token in "wrong", "secret":
            page.click("#token")
            page.evaluate("document.querySelector('#token').select()")
            page.call("Input.insertText", text=token)
            page.click("#login button")
            if token == "wrong":
                until(page, "shown('#refused')", True)
        until(page, "document.body.dataset.stream", "live")
        until(page, "rules.value", mock.rules)
        assert not page.evaluate("shown('#token')")
        assert not complaints(page, 401)


def test_narrow(mock, visit):
    """Nothing has to be scrolled sideways, but the rules."""
    fill(mock)
    mock.journal[0]["target"] = "/" + "long" * 99
    with visit(mock, width=360) as page:
        text(page, "tbody tr", has("longlong"))
        root = "document.documentElement"
        page.evaluate("document.querySelector('details').open = true")
        assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
        wide = page.evaluate(
            """Array.from(document.querySelectorAll("main *"))
            .filter((element) => element.checkVisibility() &&
                !element.closest(".text, #bands") &&
                (element.getBoundingClientRect().right > innerWidth ||
                element.clientWidth > 0 &&
                element.scrollWidth > element.clientWidth + 1))
            .map((element) => element.outerHTML)"""
        )
        assert not wide


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(mock, visit, scheme):
    """WCAG 2.2, level AA: 4.5 to 1."""
    fill(mock)
    mock.workers[0].update(turned=5000)
    with visit(mock, scheme=scheme) as page:
        text(page, "tbody tr", has("19:00:00"))
        until(page, "shown('#bands span')", True)
        found = page.evaluate("contrasts()")
        assert len(found) > 80
        assert [pair for pair in found if pair[0] < 4.5] == []
        mock.stop()
        until(page, "shown('#banner')", True)
        found = page.evaluate("contrasts()")
        assert [pair for pair in found if pair[0] < 4.5] == []
        dark = (
            page.evaluate("luminance(background_of(rules).slice(0, 3))") < 0.2
        )
        assert dark == (scheme == "dark")


def test_by_keyboard(admin, visit):
    """Tab reaches all that can be pressed or written into, in its order."""
    with visit(admin) as page:
        text(page, "#says", "These are in force.")
        wanted = page.evaluate(
            """Array.from(document.querySelectorAll(
            "button, input, textarea, summary, [tabindex]"))
            .filter((element) => element.checkVisibility()).length"""
        )
        reached = set()
        for _ in range(wanted + 2):
            for kind in "rawKeyDown", "keyUp":
                page.call("Input.dispatchKeyEvent", type=kind, key="Tab",
                          code="Tab", windowsVirtualKeyCode=9)  # fmt: skip
            tag, html, outline = page.evaluate(
                """[
                document.activeElement.tagName,
                document.activeElement.outerHTML,
                getComputedStyle(document.activeElement).outlineStyle]"""
            )
            if tag != "BODY":
                assert outline == "solid", html
                reached.add(html)
        assert len(reached) == wanted
