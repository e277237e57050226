"""What the live tests share: servers, a document root, the report."""

import contextlib

import pytest

pytest.register_assert_rewrite(
    "admin_side",
    "browser",
    "dashboard",
    "promises",
    "secured",
    "server",
    "shaken",
    "structured",
    "waiting",
    "wire",
    "worded",
)

from admin_side import Admin  # noqa: E402
from browser import Browser  # noqa: E402
from server import Server  # noqa: E402


@pytest.fixture
def serve():
    """Starts servers that end, and are to end well, with the test."""
    with contextlib.ExitStack() as started:

        def start(*options, **how):
            server = Server(*options, **how)
            started.callback(server.finish)
            return server

        yield start


@pytest.fixture(scope="module")
def shipped():
    """One server for a module's questions to the pages that come with it."""
    server = Server("-w", "1")
    yield server
    server.finish()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """One for a module's pages."""
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def root(tmp_path):
    """A document root to fill."""
    directory = tmp_path / "root"
    directory.mkdir()
    (directory / "hello.html").write_bytes(b"<p>hello</p>\n")
    (directory / "404.html").write_bytes(b"<p>nothing here</p>\n")
    return directory


@pytest.fixture
def start(serve, root):
    """Starts servers that can be steered; returns each with its operator's side."""

    def on(*options, **how):
        server = serve("--admin=0", *options, root=root, **how)
        return server, Admin(server)

    return on


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    """A failure shows what the servers wrote."""
    report = (yield).get_result()
    if report.failed:
        for server in Server.running:
            report.sections.append((f"mtasync {server.pid}", server.output()))
