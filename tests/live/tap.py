"""A pytest plugin that reports in TAP, for `make check`: `pytest -p tap`.

One line for each test, its failure as diagnostics, what has failed last of
them, and the plan at the end: where pytest itself dies before that, the
missing plan is the error. A file that cannot be collected is a failed test.
"""

import pytest


class Tap:
    def __init__(self):
        self.count = 0
        self.reports = {}

    def pytest_collectreport(self, report):
        if report.failed:
            self.line("not ok", f"collect {report.nodeid}", [report])

    def pytest_runtest_logreport(self, report):
        self.reports.setdefault(report.nodeid, []).append(report)

    def pytest_runtest_logfinish(self, nodeid):
        reports = self.reports.pop(nodeid)
        name = nodeid.partition("::")[2]
        failed = [r for r in reports if r.failed]
        skipped = [r for r in reports if r.skipped]
        if failed:
            self.line("not ok", name, failed)
        elif not skipped:
            self.line("ok", name)
        elif hasattr(skipped[0], "wasxfail"):
            self.line("not ok", f"{name} # TODO {skipped[0].wasxfail}")
        else:
            self.line("ok", f"{name} # SKIP {skipped[0].longrepr[2]}")

    def pytest_sessionfinish(self):
        print(f"1..{self.count}", flush=True)

    def line(self, result, text, reports=()):
        self.count += 1
        print(f"{result} {self.count} - {text}", flush=True)
        for report in reports:
            sections = [*report.sections, ("", report.longreprtext)]
            for title, content in sections:
                for row in [title, *content.splitlines()]:
                    print(f"# {row}", flush=True)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Takes the place of the terminal's reporter, once that is registered."""
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(Tap())
