"""The page that shows the models: what a browser's user sees on it."""

import contextlib

import pytest
from browser import Page, needs_chromium
from server import SANITIZERS

pytestmark = [
    needs_chromium,
    pytest.mark.skipif(bool(SANITIZERS), reason="it is about a browser"),
]

SLEEP = "button[data-path='/sleep/3s']"
FIVE = "button[data-path='/']"
ALL = ["/sleep/3s?1", "/?2", "/?3", "/?4", "/?5", "/?6"]

# What is added to the page, to look at it; it presses nothing.
LOOK = """
    let watched; // by watch(): all that show_rows() is, change by change

    // URL, state and text of each row of the waterfall.
    function show_rows() {
        return Array.from(document.querySelectorAll("tbody tr"), (row) =>
            [row.cells[0].innerText, row.dataset.state,
             row.cells[2].innerText]);
    }

    // Where each bar begins and ends.
    function show_bars() {
        return Array.from(document.querySelectorAll(".bar"), (bar) => {
            const { left, right } = bar.getBoundingClientRect();
            return [left, right];
        });
    }

    // Until so many rows have ended.
    function watch(count) {
        const seen = [];

        watched = new Promise((resolve) => {
            new MutationObserver(() => {
                const rows = show_rows();
                seen.push(rows);
                if (rows.length >= count &&
                    rows.every(([, state]) => state !== "waiting"))
                    resolve(seen);
            }).observe(document.querySelector("tbody"),
                { attributeFilter: ["data-state"], subtree: true });
        });
    }
"""


@pytest.fixture
def visit(browser):
    """Opens the page of a server."""

    @contextlib.contextmanager
    def visit(server):
        host, port = server.addresses[0]
        with Page(browser, f"http://{host}:{port}/models.html") as page:
            page.evaluate(LOOK)
            yield page

    return visit


def press_both(page):
    """
    Presses the one button, and the other when the server has been asked; then
    all that the rows showed, change by change, until the last has ended.
    """
    page.evaluate("watch(6)")
    page.click(SLEEP)
    page.wait_until_sent("/sleep/3s")
    page.click(FIVE)
    return page.evaluate("watched")


def order_of_ends(seen):
    """The URLs, as one after the other was no longer shown as waiting."""
    ended = []
    for rows in seen:
        for url, state, _ in rows:
            if state != "waiting" and url not in ended:
                ended.append(url)
    return ended


def test_nobody_waits_for_the_sleep(serve, visit):
    with visit(serve()) as page:
        seen = press_both(page)
        bars = page.evaluate("show_bars()")
        asked, complaints = page.requests(), page.complaints()
    order = order_of_ends(seen)
    assert sorted(order[:5]) == ALL[1:] and order[5:] == ALL[:1]
    before, last = seen[-2:]
    assert before[0][1] == "waiting" and before[0][2].startswith("waits, ")
    assert [url for url, _, _ in last] == ALL
    for rows in before[1:], last:
        for _, state, text in rows:
            assert state == "done" and text.startswith("200, ")
    assert len(bars) == 6 and all(left < right for left, right in bars)
    ends = [right for _, right in bars]
    assert max(ends[1:]) < ends[0]
    site = asked[0].removesuffix("/models.html")
    assert sorted(asked[1:]) == sorted(site + url for url in ALL)
    assert not complaints


def test_no_more_than_six_at_a_time(serve, visit):
    """The rest would wait in the browser, and look as if the server did."""
    with visit(serve()) as page:
        for button in SLEEP, SLEEP, FIVE:
            page.evaluate(f'document.querySelector("{button}").click()')
        rows = page.evaluate("show_rows()")
        says = page.evaluate('document.querySelector("p[role]").innerText')
    assert [url for url, _, _ in rows] == ["/sleep/3s?1", "/sleep/3s?2"]
    assert says.startswith("No room")


def test_no_answer(serve, visit):
    server = serve()
    with visit(server) as page:
        server.finish()
        page.evaluate("watch(5)")
        page.click(FIVE)
        last = page.evaluate("watched")[-1]
    for _, state, text in last:
        assert state == "failed" and text.startswith("no answer, ")


def test_all_wait_for_the_sleep(serve, visit):
    """
    In the serial model. A browser opens connections ahead, on which it says
    nothing yet: they hold such a server up, too, but not for long here.
    """
    server = serve("--model=serial", "--idle-timeout=200ms")
    with visit(server) as page:
        assert order_of_ends(press_both(page))[0] == ALL[0]
