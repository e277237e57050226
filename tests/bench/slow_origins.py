"""
Origins that are slow on purpose: those that are compared, and how each is
started, as its documents say for many at once. All sleep for as long as they
are told at their start, but mtasync and httpbin, which the request tells.
"""

import json
import os
import pathlib
import shlex
import shutil
from typing import NamedTuple

import machine
import peer
from server import MTASYNC, PROGRAM, Target, free_port

HERE = pathlib.Path(__file__).resolve().parent
ECHO = pathlib.Path("/usr/lib/nginx/modules/ngx_http_echo_module.so")
SLOW, FAST = "/slow", "/"
DEBIAN, NPM = "Debian", "npm"


class Origin(NamedTuple):
    name: str
    target: Target
    version: str
    how: str  # it is configured, in a few words
    slow: str = SLOW  # what is asked for, to sleep
    fast: str = FAST  # and not to
    told: tuple = ()  # a method, a path and a JSON text: what it hears first


class Missing(Exception):
    """Says what is missing, and from where it may be had."""


def in_path(name, packages, path=peer.PATH):
    found = shutil.which(name, path=path)
    if not found:
        raise Missing(packages)
    return shlex.quote(found)


def in_modules(package, pattern):
    """
    A file of an npm package, in one of the folders of NODE_PATH; and the
    package's version.
    """
    for folder in filter(None, os.environ.get("NODE_PATH", "").split(":")):
        directory = pathlib.Path(folder) / package
        for found in directory.glob(pattern):
            about = json.loads((directory / "package.json").read_text())
            return shlex.quote(str(found)), about["version"]
    raise Missing(f"{NPM}: {package}, in a folder of NODE_PATH")


def java(package, jar):
    """Returns a command, and the package's version."""
    jar, version = in_modules(package, jar)
    program = in_path("java", f"{DEBIAN}: default-jre-headless", None)
    return f"{program} -jar {jar}", version


def node(package, script):
    """Likewise."""
    script, version = in_modules(package, script)
    program = in_path("node", f"{DEBIAN}: nodejs", None)
    return f"{program} {script}", version


def mtasync(seconds):
    version = machine.versions(PROGRAM)[0].split()[-1]
    slow = f"/sleep/{seconds}s"
    return Origin("mtasync", MTASYNC, version, "as it is", slow)


def nginx(seconds):
    packages = f"{DEBIAN}: nginx, libnginx-mod-http-echo"
    program = in_path("nginx", packages)
    if not ECHO.exists():
        raise Missing(packages)
    config = (HERE / "origins" / "nginx.conf").read_text()
    config = config.replace("@MODULE@", str(ECHO))
    config = config.replace("@SECONDS@", str(seconds))
    target = Target("nginx", f"{program} -c {{config}} -e stderr")
    target = target._replace(config=config)
    version = peer.version("nginx").rpartition("/")[2]
    return Origin("nginx echo", target, version, "echo_sleep, 2 workers")


def version_of(module, python):
    """Empty where there is none."""
    script = f"import importlib.metadata as m; print(m.version('{module}'))"
    return machine.output_of(*shlex.split(python), "-c", script).strip()


def httpbin(seconds):
    """By gunicorn and gevent, where these are; else by its own server."""
    packages = f"{DEBIAN}: python3-httpbin"
    python = in_path("python3", packages)
    version = version_of("httpbin", python)
    if not version:
        raise Missing(packages)
    if version_of("gunicorn", python) and version_of("gevent", python):
        how = "gunicorn, 2 workers of gevent"
        command = (
            f"{python} -m gunicorn -b 127.0.0.1:{{port}} -w {{workers}} "
            "-k gevent --worker-connections 16000 --backlog 4096 "
            "--log-level error httpbin:app"
        )
    else:
        how = "its own server, a thread for each"
        command = f"{python} -m httpbin.core --port {{port}}"
    target = Target("httpbin", command)
    slow, fast = f"/delay/{seconds}", "/status/200"
    return Origin("httpbin", target, version, how, slow, fast)


def wiremock(seconds):
    jar = "build/wiremock-standalone-*.jar"
    command, version = java("wiremock", jar)
    target = Target(
        "wiremock",
        f"{command} --port {{port}} --bind-address 127.0.0.1 "
        "--root-dir {directory} --async-response-enabled true "
        "--no-request-journal --disable-request-logging --disable-banner",
    )
    slow = {
        "request": {"urlPath": SLOW},
        "response": {
            "body": "slow",
            "fixedDelayMilliseconds": round(1000 * seconds),
        },
    }
    fast = {"request": {"urlPath": FAST}, "response": {"body": "fast"}}
    mappings = json.dumps({"mappings": [slow, fast]})
    how = "asynchronous answers, no journal"
    told = "POST", "/__admin/mappings/import", mappings
    return Origin("WireMock", target, version, how, told=told)


def mockserver(seconds):
    command, version = java("mockserver-node", "mockserver-netty-*.jar")
    delay = {"timeUnit": "MILLISECONDS", "value": round(1000 * seconds)}
    expectations = [
        {
            "httpRequest": {"path": SLOW},
            "httpResponse": {"body": "slow", "delay": delay},
        },
        {"httpRequest": {"path": FAST}, "httpResponse": {"body": "fast"}},
    ]
    target = Target("mockserver", f"{command} -p {{port}} -l ERROR")
    told = "PUT", "/mockserver/expectation", json.dumps(expectations)
    return Origin("MockServer", target, version, "no log", told=told)


def mountebank(seconds):
    command, version = node("mountebank", "bin/mb")
    stubs = [
        {
            "predicates": [{"equals": {"path": SLOW}}],
            "responses": [
                {
                    "is": {"body": "slow"},
                    "behaviors": [{"wait": round(1000 * seconds)}],
                }
            ],
        },
        {"responses": [{"is": {"body": "fast"}}]},
    ]
    imposter = {"protocol": "http", "host": "127.0.0.1", "stubs": stubs}
    config = json.dumps({"imposters": [{**imposter, "port": "@PORT@"}]})
    target = Target(
        "mountebank",
        f"{command} start --port {free_port()} --host 127.0.0.1 --nologfile "
        "--loglevel error --pidfile {config}.pid --configfile {config}",
        config=config.replace('"@PORT@"', "@PORT@"),
    )
    return Origin("mountebank", target, version, "no log")


def json_server(seconds):
    command, version = node("json-server", "lib/cli/bin.js")
    target = Target(
        "json-server",
        f"{command} -q -H 127.0.0.1 -p {{port}} "
        f"-d {round(1000 * seconds)} -S {{directory}} {{directory}}/db.json",
    )
    # It makes the file, with a profile in it.
    how = "one delay for all but its own pages"
    return Origin("json-server", target, version, how, slow="/profile")


PEERS = {
    "nginx echo": nginx,
    "httpbin": httpbin,
    "WireMock": wiremock,
    "MockServer": mockserver,
    "mountebank": mountebank,
    "json-server": json_server,
}


def find(seconds):
    """Returns those that are here, mtasync first, and why others are not."""
    found, missing = [mtasync(seconds)], {}
    for name, make in PEERS.items():
        try:
            found.append(make(seconds))
        except Missing as why:
            missing[name] = str(why)
    return found, missing
