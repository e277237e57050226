"""contrib/: what Prometheus and Grafana are given fits what /metrics says."""

import json
import math
import re
import shutil
import subprocess
import urllib.parse
import urllib.request

import pytest
from secured import TLS
from server import SOURCE, Server, eventually, free_port
from shaken import NOT_BUILT, TLS_ADDRESS, shake
from wire import PATIENCE, Client

PROMETHEUS = SOURCE / "contrib" / "prometheus"
DASHBOARD = SOURCE / "contrib" / "grafana" / "mtasync.json"
LOOK = r"look and steer on http://([\d.]+):(\d+)/"
OPEN = "application/openmetrics-text"
NAME = re.compile(r"\b(?:mtasync|process)_[a-z_]+\b")
SELECTOR = re.compile(rf"({NAME.pattern})\{{([^}}]*)\}}")
LABEL = re.compile(r"([a-z]+)(?:=~?|!=)\"")
GROUPED = re.compile(r"\b(?:by|on) \(([a-z, ]*)\)")
LEGEND = re.compile(r"\{\{ *([a-z]+) *\}\}")
GIVEN = {"job", "instance"}  # labels that Prometheus adds
OPTIONS = ["-w", "2", "--admin=0", "--pool=db:slots=1",
           "--rule=/db pool=db"]  # fmt: skip
CERTIFICATE = "mtasync_tls_certificate"  # a build without TLS tells of none
LISTEN = ["127.0.0.1:0"] + [TLS_ADDRESS] * (not TLS and not NOT_BUILT)

needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool"),
    reason="promtool is missing (Debian: apt-get install prometheus)",
)


@pytest.fixture(scope="module")
def watched():
    """A server with an operator's side, and all that there are numbers of."""
    server = Server(*OPTIONS, listen=LISTEN)
    yield server
    server.finish()


def admin_of(server):
    host, port = server.await_output(LOOK).groups()
    return host, int(port)


def metrics(server, *fields):
    with Client(admin_of(server)) as client:
        answer = client.ask("/metrics", *fields)
    assert answer.status == 200
    return answer


def promtool(*arguments, input=None):
    done = subprocess.run(
        ["promtool", *map(str, arguments)],
        capture_output=True,
        input=input,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done
    return done


# The names


def labels_by_name(text):
    """The labels of each sample in an answer, by its name."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name = NAME.match(line)[0]
        found.setdefault(name, set()).update(LABEL.findall(line))
    return found


def text_of(path):
    """But for the lines of what this build does not tell of."""
    lines = path.read_text().replace('\\"', '"').splitlines()
    return "\n".join(
        line for line in lines if not NOT_BUILT or CERTIFICATE not in line
    )


def panels():
    return json.loads(DASHBOARD.read_text())["panels"]


def dashboard_expressions():
    """With what Grafana would put into them."""
    return [
        target["expr"]
        .replace("$__rate_interval", "10s")
        .replace("$instance", ".*")
        for panel in panels()
        for target in panel["targets"]
    ]


def files():
    return [*PROMETHEUS.iterdir(), DASHBOARD]


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_names_occur_in_an_answer(watched, path):
    """Metrics, and the labels that they are selected by."""
    found = labels_by_name(metrics(watched).body.decode())
    text = text_of(path)
    for name in NAME.findall(text):
        assert name in found
    for name, matchers in SELECTOR.findall(text):
        assert set(LABEL.findall(matchers)) <= found[name] | GIVEN, name
    everything = set().union(*found.values()) | GIVEN
    for labels in GROUPED.findall(text):
        assert set(labels.split(", ")) <= everything


def test_dashboard_is_whole():
    """Its panels have places of their own, data, and a text that explains."""
    board = json.loads(DASHBOARD.read_text())
    assert board["schemaVersion"] in range(37, 40)  # Grafana 10
    places = set()
    for panel in board["panels"]:
        assert panel["title"] and panel["description"] and panel["targets"]
        place = panel["gridPos"]
        covered = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in covered) < 24
        assert not places & covered, panel["title"]
        places |= covered
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_legends_name_what_is_there():
    """A label in a legend is one that its expression keeps."""
    for panel in panels():
        for target in panel["targets"]:
            kept = {"instance"} if "by (" not in target["expr"] else set()
            for labels in GROUPED.findall(target["expr"]):
                kept |= set(labels.split(", "))
            assert set(LEGEND.findall(target["legendFormat"])) <= kept, target


# By Prometheus' own tools


@needs_promtool
def test_rules_are_valid():
    promtool("check", "rules", PROMETHEUS / "alerts.yml")
    promtool("check", "config", PROMETHEUS / "scrape.yml")


@needs_promtool
def test_alerts_fire_and_do_not():
    promtool("test", "rules", PROMETHEUS / "alerts_test.yml")


def test_each_alert_is_tested():
    """Each has a case in which it fires, and one in which it does not."""
    alerts = re.findall(
        r"- alert: (\w+)", (PROMETHEUS / "alerts.yml").read_text()
    )
    cases = (PROMETHEUS / "alerts_test.yml").read_text().split("- eval_time")
    assert len(alerts) > 0
    for alert in alerts:
        its = [case for case in cases if f"alertname: {alert}\n" in case]
        assert any("exp_labels" in case for case in its), alert
        assert any("exp_alerts: []" in case for case in its), alert


@needs_promtool
def test_metrics_are_valid(watched):
    """promtool finds fault with no name, unit or help."""
    done = promtool("check", "metrics", input=metrics(watched).body.decode())
    assert done.stderr == ""


@needs_promtool
def test_open_metrics_are_valid(watched, tmp_path):
    """promtool reads OpenMetrics where each sample has a time."""
    answer = metrics(watched, f"Accept: {OPEN}")
    assert answer.field("Content-Type").startswith(OPEN)
    lines = answer.body.decode().splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    timed = [f"{line} 1" if line in samples else line for line in lines]
    path = tmp_path / "metrics"
    path.write_text("\n".join(timed) + "\n")
    done = promtool("tsdb", "create-blocks-from", "openmetrics", path,
                    tmp_path / "blocks")  # fmt: skip
    assert re.search(rf"\b{len(samples)}\b", done.stdout), done.stdout


# By Prometheus itself


class Scraper:
    """A Prometheus that scrapes a server by contrib's configuration."""

    def __init__(self, server, directory):
        host, port = admin_of(server)
        text = (PROMETHEUS / "scrape.yml").read_text()
        for old, new in (
            ("127.0.0.1:7879", f"{host}:{port}"),
            ("scrape_interval: 15s", "scrape_interval: 200ms"),
            ("scrape_configs:", "global: {evaluation_interval: 200ms}\nscrape_configs:"),
        ):  # fmt: skip
            assert text.count(old) == 1
            text = text.replace(old, new)
        (directory / "scrape.yml").write_text(text)
        shutil.copy(PROMETHEUS / "alerts.yml", directory)
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = directory / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={directory / 'scrape.yml'}",
                    f"--storage.tsdb.path={directory / 'data'}",
                    f"--web.listen-address={self.url.removeprefix('http://')}",
                    "--log.level=warn",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()

    def ask(self, path, **query):
        """What its API answers; None while it does not."""
        assert self.process.poll() is None, self.log.read_text()
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:  # it starts
                return None
            raise AssertionError(f"{query}: {error.read()}") from None
        except urllib.error.URLError:
            return None

    def values(self, expression):
        answer = self.ask("query", query=expression)
        result = answer["result"] if answer else []
        return [float(one["value"][1]) for one in result]


@pytest.mark.skipif(
    not shutil.which("prometheus"),
    reason="prometheus is missing (Debian: apt-get install prometheus)",
)
def test_all_expressions_find_numbers(watched, tmp_path):
    """
    Those of the dashboard: each has a number, once somebody has slept, and
    somebody has shaken hands, which a build without TLS does not. Those of the
    alerts can be evaluated, and none fires of a server that is well.
    """
    expressions = [
        expression
        for expression in dashboard_expressions()
        if not NOT_BUILT or "mtasync_tls" not in expression
    ]
    with Scraper(watched, tmp_path) as scraper:

        def without_a_number():
            watched.connect().ask("/sleep/1ms")
            for which in range(1, len(watched.addresses)):
                shake(watched, which=which).close()
            return [
                expression
                for expression in expressions
                if not any(map(math.isfinite, scraper.values(expression)))
            ]

        eventually(lambda: not without_a_number(), without_a_number)
        groups = eventually(
            lambda: are_evaluated(scraper.ask("rules")), "the rules"
        )
        rules = [rule for group in groups for rule in group["rules"]]
        alerts = (PROMETHEUS / "alerts.yml").read_text().count("- alert:")
        assert len(rules) == alerts
        assert [rule["health"] for rule in rules] == ["ok"] * alerts, rules
        # a rate over a minute of which there are seconds may be pending
        fired = [alert for rule in rules for alert in rule["alerts"]]
        assert all(alert["state"] == "pending" for alert in fired), fired


def are_evaluated(answer):
    """The groups, once each rule has been tried."""
    groups = answer["groups"] if answer else []
    rules = [rule for group in groups for rule in group["rules"]]
    if rules and all(rule["health"] != "unknown" for rule in rules):
        return groups
    return None
