"""The page's journal and its editor of the rules, in a browser."""

from dashboard import (  # noqa: F401
    admin,
    asked,
    complaints,
    fill,
    has,
    in_a_browser,
    mock,
    next_second,
    text,
    until,
    visit,
    write,
)
from server import eventually

pytestmark = in_a_browser


def test_journal(mock, visit):  # noqa: F811
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


def test_fields_of_a_request(mock, visit):  # noqa: F811
    """They are seen once it is opened, and stay open when others come."""
    mock.ask("/plain")
    mock.ask("/more")
    mock.journal[0].update(
        fields=[["Host", "localhost"], ["X-Any", "<b>1  2</b>"]],
        fields_left_out=3,
    )
    with visit(mock) as page:
        row = "tbody tr:nth-child({})".format
        text(page, row(2), has("GET /plain"))
        assert not page.evaluate(f"document.querySelector('{row(2)} details')")
        text(page, f"{row(1)} details", "GET /more")
        page.click("tbody summary")
        opened = ("GET /more\nHost: localhost\nX-Any: <b>1  2</b>\n"
                  "3 more had no room")  # fmt: skip
        text(page, f"{row(1)} details", opened)
        mock.ask("/later")
        text(page, f"{row(1)}", has("GET /later"))
        text(page, f"{row(2)} details", opened)
        assert not page.complaints()


def test_fields_that_a_server_keeps(start, visit):  # noqa: F811
    server, admin = start(  # noqa: F811
        "--journal=10", "--journal-headers=X-Any,X-Other"
    )
    with server.connect() as client:
        client.ask("/without")
        client.ask("/with", "X-Any: 1", "X-Other: 2")
    with visit(admin) as page:
        text(page, "tbody details", "GET /with")
        page.click("tbody summary")
        text(page, "tbody details", "GET /with\nX-Any: 1\nX-Other: 2")
        text(page, "tbody tr:nth-child(2)", has("GET /without"))


def test_slow_journal_is_asked_seldom(mock, visit):  # noqa: F811
    """Nine tenths of the time and more are for other things."""
    mock.every, mock.search = 0.02, 0.05
    with visit(mock) as page:

        def looks():
            mock.ask("/more")
            page.evaluate("0")
            done = page.all_of("Network.loadingFinished")
            return [
                (sent["timestamp"], end["timestamp"])
                for sent in page.all_of("Network.requestWillBeSent")
                for end in done
                if "/requests" in sent["request"]["url"]
                and sent["requestId"] == end["requestId"]
            ]

        seen = eventually(
            lambda: (so_far := looks())[3:] and so_far, "four looks"
        )
    for (asked_at, told_at), (next_at, _) in zip(seen, seen[1:]):
        assert told_at - asked_at >= mock.search
        assert next_at - told_at >= 9.9 * (told_at - asked_at)


def test_journal_is_filtered_held_and_forgotten(admin, visit):  # noqa: F811
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


def test_no_journal(mock, visit):  # noqa: F811
    """It is not asked for either: that would be an error in the console."""
    mock.journal = None
    with visit(mock) as page:
        text(page, "#came", has("--journal=1000"))
        assert not page.evaluate("shown('#journal')")
        mock.totals["requests"] = 5
        text(page, "#says", "These are in force.")
        assert not page.complaints()
        assert asked(page, "/requests") == 0


def test_rules_are_put(admin, visit):  # noqa: F811
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


def test_rules_with_crlf(start, tmp_path, visit):  # noqa: F811
    """They count as unchanged, and those of others take their place."""
    file = tmp_path / "rules"
    file.write_bytes(b"/a status=500\r\n/b status=501\r\n")
    _, admin = start(f"--rules={file}")  # noqa: F811
    with visit(admin) as page:
        text(page, "#says", "These are in force.")
        both = "/a status=500\n/b status=501\n"
        assert page.evaluate("rules.value") == both
        assert admin.change("/rules", b"/c status=502\r\n").status == 204
        until(page, "rules.value", "/c status=502\n")
        text(page, "#says", "These are in force.")
        assert not page.evaluate("shown('#over')")


def test_examples_go_on_top(admin, visit):  # noqa: F811
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


def test_fault_is_shown_at_its_place(admin, visit):  # noqa: F811
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


def test_others_have_put_rules(admin, visit):  # noqa: F811
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
