"""The page by which an operator watches and steers a server, in a browser."""

import json
import signal
import time

import pytest
from admin_side import Admin
from dashboard import (  # noqa: F401
    LONG,
    admin,
    asked,
    complaints,
    fill,
    has,
    in_a_browser,
    mock,
    next_second,
    sleeper,
    text,
    until,
    visit,
)
from mock_admin import PAGE, Mock
from test_drain import get_stuck, needs_stuck_calls

pytestmark = in_a_browser

MOST = 40 << 10  # bytes of the page
DASH = "\u2013"


def test_page_is_small_and_plain():
    page = PAGE.read_bytes()
    assert len(page) <= MOST
    assert page.isascii()
    for outside in b"http:", b"https:", b"innerHTML", b"import ", b"@import":
        found = page.replace(b"http://www.w3.org/2000/svg", b"").count(outside)
        assert found == 0, outside


def test_numbers_are_those_of_the_server(mock, visit):  # noqa: F811
    fill(mock)
    with visit(mock) as page:
        text(page, "#tile-asleep b", "3")
        text(page, "#tile-connections b", "1,234")
        text(page, "#tile-p50 .number", "0.06 ms")
        text(page, "#tile-p99 .number", "0.42 ms")
        text(page, "#tile-max .number", "12.3 s")
        text(page, "#totals .faults", "3")
        text(page, "#totals .refused", "2")
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


def test_requests_a_second(mock, visit):  # noqa: F811
    """The first snapshot tells nothing of it; then it is the difference."""
    mock.every = 0.1
    with visit(mock) as page:
        text(page, "#tile-requests b", "0")
        mock.totals["requests"] += 10**6
        text(page, "#tile-requests .dim", has(" M /s"))
        text(page, "#tile-requests .number", "0 /s")
        curve = "document.querySelector('#tile-requests .curve')"
        assert page.evaluate(f"{curve}.getAttribute('d')").count("L") > 1


def test_lateness_when_no_sleep_ends(mock, visit):  # noqa: F811
    """What was last told stays, and is marked as old."""
    fill(mock)
    mock.every = 0.1
    with visit(mock) as page:
        text(page, "#tile-p50 .number", "0.06 ms")
        mock.late = {"count": 0, "p50": None, "p99": None, "max": None}
        text(page, "#tile-p50 .dim", has("No sleep has ended for"))
        text(page, "#tile-p50 .number", "0.06 ms")


def test_blocking_model(mock, visit):  # noqa: F811
    """What is not counted is no nought."""
    mock.workers[:] = [dict(mock.workers[0], load=None, lag=None, turned=None)]
    mock.totals.update(sent=None, received=None)
    with visit(mock) as page:
        next_second(page)
        text(page, "#workers", "There is no loop in this model: no load and no"
             " lag is counted.")  # fmt: skip
        text(page, "#lanes .load", DASH)
        text(page, "#lanes .lag", "")
        text(page, "#totals", has(f"sent {DASH}\nreceived {DASH}\nrefused"))
        assert not page.complaints()


def test_first_snapshot(mock, visit):  # noqa: F811
    """There was no tick since another, and there is a loop all the same."""
    for worker in mock.workers:
        worker.update(lag=None)
    with visit(mock) as page:
        text(page, "#workers", "Together they take 0.00 cores."
             " The busiest is 0.")  # fmt: skip
        text(page, "#lanes .lag", "")
        mock.workers[1].update(lag=0.3)
        text(page, "#workers", has("The longest lag is that of 1: 0.30 ms."))


def assert_stuck(page, worker):
    """It is named, and red; and it alone."""
    lane = f"#lanes li:nth-child({worker + 1})"
    text(page, f"{lane} .lag", has("stuck "))
    text(page, f"{lane} .load", DASH)
    text(page, "#workers", has(f"Stuck: {worker}."))
    until(
        page,
        """Array.from(document.querySelectorAll("#lanes li"))
        .filter((lane) => lane.querySelector(".bad")?.innerText
            .startsWith("stuck")).map((lane) => lane.innerText.split("\\n")[0])
        .join()""",
        str(worker),
    )


def test_stuck_worker(mock, visit):  # noqa: F811
    mock.workers[1].update(lag=None, turned=3200)
    with visit(mock) as page:
        assert_stuck(page, 1)
        text(page, "#lanes li:nth-child(2) .lag", "stuck 3.2 s")
        mock.workers[1].update(lag=3000, turned=20)
        text(page, "#workers", "Together they take 0.00 cores. The busiest is"
             " 0. The longest lag is that of 1: 3,000 ms.")  # fmt: skip


def test_worker_that_has_ended(mock, visit):  # noqa: F811
    mock.workers[0].update(lag=None, turned=None)
    with visit(mock) as page:
        text(page, "#workers", has("The longest lag is that of 1: 0.05 ms."))
        assert not page.evaluate("document.querySelector('#lanes .bad')")


@needs_stuck_calls
def test_worker_of_a_server_is_stuck(serve, root, visit):  # noqa: F811
    server = get_stuck(serve, root, "--admin=0", "-w", "3")
    admin = Admin(server)  # noqa: F811
    worker = next(
        each["worker"]
        for each in admin.json("/workers")["workers"]
        if each["connections"]
    )
    with visit(admin) as page:
        assert_stuck(page, worker)
        assert not page.complaints()
    server.signal(signal.SIGTERM)
    server.signal(signal.SIGINT)
    server.join(3)


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


def test_dots_travel(admin, visit):  # noqa: F811
    """From asked to due, and not only with each answer of the server."""
    admin.sleep(60)
    with visit(admin) as page:
        before = asked(page, "/sleepers")
        seen = places(page, 20)
        assert asked(page, "/sleepers") - before <= 10
        assert len(seen) == 20 and seen[0] < seen[-1]
        # the server's clock is known as well as an answer is on its way
        assert all(a < b + 0.005 for a, b in zip(seen, seen[1:]))
        assert 0 < seen[0] < 0.9


def test_dots_stand_still_where_motion_is_unwanted(admin, visit):  # noqa: F811
    """They move with each answer of the server alone."""
    admin.sleep(60)
    with visit(admin, motion="reduce") as page:
        before = asked(page, "/sleepers")
        places(page, 4)
        assert asked(page, "/sleepers") - before >= 2


def test_dots_end_where_they_are_due(admin, visit):  # noqa: F811
    with visit(admin) as page:
        admin.sleep(3)
        until(page, "middle()", lambda x: x is not None)
        seen = until(page, "middle()", None)
        assert seen[0] > 0.1 and seen[:-1] == sorted(seen[:-1])


def test_more_sleepers_than_dots(mock, visit):  # noqa: F811
    mock.asleep = [sleeper(LONG, i / 10) for i in range(1500)]
    mock.totals["asleep"] = 15000
    with visit(mock) as page:
        text(page, "#sleepers", has("15,000 wait. 1,000 dots are drawn: each"
                                    " stands for 15 of them."))  # fmt: skip


def test_sleepers_that_nobody_tells_of(mock, visit):  # noqa: F811
    """Those of a worker that is stuck are counted alone."""
    mock.totals["asleep"] = 3
    with visit(mock) as page:
        text(page, "#sleepers", "3 wait.")


def test_restart(admin, visit):  # noqa: F811
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


def test_server_that_falls_silent(mock, visit):  # noqa: F811
    with visit(mock) as page:
        mock.every = 1000
        text(page, "#trouble", has("nothing has come for 5 s"))
        until(page, "document.body.dataset.stream", "live")


def test_draining(mock, visit):  # noqa: F811
    with visit(mock) as page:
        text(page, "#phase", "serving")
        mock.phase = "draining"
        text(page, "#phase", "draining: nobody new is taken")


HIDE = """Object.defineProperty(document, "hidden",
    {{ value: {}, configurable: true }});
    document.dispatchEvent(new Event("visibilitychange"))"""


@pytest.mark.parametrize("how", ["button", "hidden tab"])
def test_pause(admin, visit, how):  # noqa: F811
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


def test_token(mock, visit):  # noqa: F811
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


def test_narrow(mock, visit):  # noqa: F811
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
def test_contrast(mock, visit, scheme):  # noqa: F811
    """WCAG 2.2, level AA: 4.5 to 1."""
    fill(mock)
    mock.workers[0].update(lag=None, turned=5000)
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


def test_by_keyboard(admin, visit):  # noqa: F811
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
