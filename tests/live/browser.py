"""A headless Chromium that asks nobody but the server under test."""

import contextlib
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

import pytest
from wire import PATIENCE, READ_SIZE

needs_chromium = pytest.mark.skipif(
    not shutil.which("chromium"),
    reason="chromium is missing (Debian: chromium)",
)


def chromium(profile, *arguments):
    """A command line: it uses no name server, no proxy, and no update."""
    return [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu",
        "--disable-quic", "--no-first-run", "--disable-component-update",
        "--disable-background-networking", "--disable-sync",
        "--no-proxy-server",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"--user-data-dir={profile}", *arguments,
    ]  # fmt: skip


class Browser:
    """
    Driven by the DevTools protocol over a pipe: JSON that ends with a zero byte.
    It is started once for many a Page.
    """

    # The browser's ends of the pipe are its descriptors 3 and 4.
    PLUMBING = 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null'

    def __init__(self, profile):
        command = chromium(profile, "--remote-debugging-pipe")
        self.events = {}  # lists, by the session of a page
        self._numbers = itertools.count(1)
        self._unread = b""
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            ["sh", "-c", self.PLUMBING, "sh", *command],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )

    pid = property(lambda self: self._process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def call(self, method, parameters, session=None):
        """The result of a command, which is to be a success."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._process.stdin.write(json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != number:
            self._keep(answer)
        assert "error" not in answer, f"{method}: {answer}"
        return answer["result"]

    def await_event(self):
        self._keep(self._read())

    def _keep(self, event):
        """But what pages tell that are closed, and the browser itself."""
        self.events.get(event.get("sessionId"), []).append(event)

    def _read(self):
        deadline = time.monotonic() + PATIENCE
        poll = select.poll()
        poll.register(self._process.stdout, select.POLLIN)
        while b"\0" not in self._unread:
            left = deadline - time.monotonic()
            assert left > 0 and poll.poll(1000 * left), "Chromium is silent"
            data = os.read(self._process.stdout.fileno(), READ_SIZE)
            assert data, f"Chromium has left:\n{self._said()}"
            self._unread += data
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)

    def _said(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def close(self):
        """Ends all of its processes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._log.close()


class Page:
    """
    A page of a browser, which knows nothing of its others: they share no cache,
    no connection and no storage. What it tells of itself is kept in events.
    """

    def __init__(self, browser, url):
        self._browser = browser
        self._session = None
        self._context = self.call("Target.createBrowserContext")
        try:
            self._open(url)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def _open(self, url):
        target = self.call(
            "Target.createTarget", url="about:blank", **self._context
        )
        attached = self.call("Target.attachToTarget", flatten=True, **target)
        self._session = attached["sessionId"]
        self.events = self._browser.events[self._session] = []
        for domain in "Page", "Runtime", "Log", "Network":
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)
        self.go(url)

    def go(self, url):
        """Shows another page, once it is loaded."""
        loading = self.call("Page.navigate", url=url)
        self.wait_for(
            "Page.lifecycleEvent",  # of this page, not of about:blank
            lambda event: event["loaderId"] == loading["loaderId"]
            and event["name"] == "load",
        )

    def call(self, method, **parameters):
        """The result of a command, which is to be a success."""
        return self._browser.call(method, parameters, self._session)

    def wait_for(self, method, matches=lambda parameters: True):
        """Returns once such an event has come; at once if it did before."""
        while not any(map(matches, self.all_of(method))):
            self._browser.await_event()

    def all_of(self, method):
        """The parameters of the events of this name, in order."""
        return [e["params"] for e in self.events if e["method"] == method]

    def evaluate(self, script):
        """The value of a JavaScript expression; of a promise, in the end."""
        answer = self.call(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def click(self, selector):
        """The left mouse button, in the middle of that element."""
        x, y = self.evaluate(
            f"""(() => {{
                const element = document.querySelector({json.dumps(selector)});
                element.scrollIntoView({{ block: "center" }});
                const box = element.getBoundingClientRect();
                return [box.x + box.width / 2, box.y + box.height / 2];
            }})()"""
        )
        for kind in "mousePressed", "mouseReleased":
            self.call(
                "Input.dispatchMouseEvent",
                type=kind, x=x, y=y, button="left", clickCount=1,
            )  # fmt: skip

    def wait_until_sent(self, path):
        """Returns once the head of a request for this path is on its way."""
        found = []

        def is_it(event):
            if urllib.parse.urlsplit(event["request"]["url"]).path == path:
                found.append(event["requestId"])
            return bool(found)

        self.wait_for("Network.requestWillBeSent", is_it)
        self.wait_for(
            "Network.requestWillBeSentExtraInfo",
            lambda event: event["requestId"] in found,
        )

    def requests(self):
        """The URLs that the page has asked for, itself included."""
        sent = self.all_of("Network.requestWillBeSent")
        return [event["request"]["url"] for event in sent]

    def complaints(self):
        """Exceptions, and what else the console shows as an error."""
        return [
            *self.all_of("Runtime.exceptionThrown"),
            *(
                event
                for event in self.all_of("Runtime.consoleAPICalled")
                if event["type"] in ("error", "assert")
            ),
            *(
                event
                for event in self.all_of("Log.entryAdded")
                if event["entry"]["level"] == "error"
            ),
        ]

    def close(self):
        """With all that it has stored, and its connections."""
        self._browser.events.pop(self._session, None)
        self._browser.call("Target.disposeBrowserContext", self._context)
