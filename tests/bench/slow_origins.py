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
import subprocess
from typing import NamedTuple

import peer
from server import MTASYNC, Target, free_port

HERE = pathlib.Path(__file__).resolve().parent
ECHO = pathlib.Path("/usr/lib/nginx/modules/ngx_http_echo_module.so")
SLOW, FAST = "/slow", "/"
DEBIAN, NPM = "Debian", "npm"


class Origin(NamedTuple):
    name: str
    target: Target
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


def in_modules(pattern, package):
    """A file of an npm package, in one of the folders of NODE_PATH."""
    for folder in filter(None, os.environ.get("NODE_PATH", "").split(":")):
        for found in pathlib.Path(folder).glob(f"{package}/{pattern}"):
            return shlex.quote(str(found))
    raise Missing(f"{NPM}: {package}, in a folder of NODE_PATH")


def java(pattern, package):
    jar = in_modules(pattern, package)
    program = in_path("java", f"{DEBIAN}: default-jre-headless", None)
    return f"{program} -jar {jar}"


def node(pattern, package):
    script = in_modules(pattern, package)
    program = in_path("node", f"{DEBIAN}: nodejs", None)
    return f"{program} {script}"


def mtasync(seconds):
    return Origin("mtasync", MTASYNC, "as it is", slow=f"/sleep/{seconds}s")


def nginx(seconds):
    packages = f"{DEBIAN}: nginx, libnginx-mod-http-echo"
    program = in_path("nginx", packages)
    if not ECHO.exists():
        raise Missing(packages)
    config = (HERE / "origins" / "nginx.conf").read_text()
    config = config.replace("@MODULE@", str(ECHO))
    config = config.replace("@SECONDS@", str(seconds))
    target = Target("nginx", f"{program} -c {{config}} -e stderr")
    return Origin(
        "nginx echo", target._replace(config=config), "echo_sleep, 2 workers"
    )


def has_module(python, name):
    command = [*shlex.split(python), "-c", f"import {name}"]
    return subprocess.run(command, capture_output=True).returncode == 0


def httpbin(seconds):
    """By gunicorn and gevent, where these are; else by its own server."""
    packages = f"{DEBIAN}: python3-httpbin"
    python = in_path("python3", packages)
    if not has_module(python, "httpbin"):
        raise Missing(packages)
    if has_module(python, "gunicorn") and has_module(python, "gevent"):
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
    return Origin("httpbin", target, how, slow, fast)


def wiremock(seconds):
    command = java("build/wiremock-standalone-*.jar", "wiremock")
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
    return Origin("WireMock", target, how, told=told)


def mockserver(seconds):
    command = java("mockserver-netty-*.jar", "mockserver-node")
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
    return Origin("MockServer", target, "no log", told=told)


def mountebank(seconds):
    command = node("bin/mb", "mountebank")
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
        f"{command} start --port {free_port()} --localOnly --nologfile "
        "--loglevel error --pidfile {config}.pid --configfile {config}",
        config=config.replace('"@PORT@"', "@PORT@"),
    )
    return Origin("mountebank", target, "no log")


def json_server(seconds):
    command = node("lib/cli/bin.js", "json-server")
    target = Target(
        "json-server",
        f"{command} -q -H 127.0.0.1 -p {{port}} "
        f"-d {round(1000 * seconds)} -S {{directory}} {{directory}}/db.json",
    )
    # It makes the file, with a profile in it.
    return Origin("json-server", target, "one delay for all", slow="/profile")


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
