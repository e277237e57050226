"""Other servers, to which the same is done for comparison."""

import pathlib
import shlex
import shutil
import signal
import subprocess

from server import Failed, Target

HERE = pathlib.Path(__file__).resolve().parent
PATH = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin"

# How each is run in the foreground, ended gracefully, and told to reload, if
# it can be; its configuration is peers/NAME.conf.
PEERS = {
    "nginx": ("-c {config} -e stderr", signal.SIGQUIT, signal.SIGHUP),
    "h2o": ("-c {config}", signal.SIGTERM, None),
    "lighttpd": ("-D -f {config}", signal.SIGINT, signal.SIGUSR1),
    "haproxy": ("-W -f {config}", signal.SIGUSR1, signal.SIGUSR2),
}
WITHOUT_FILES = ("haproxy",)


def program(name):
    """Its path, or None."""
    return shutil.which(name, path=PATH)


def is_here(name):
    return bool(program(name))


def find(name, configs=HERE / "peers", **how):
    """
    The target of a peer's name, or of a whole command line; its configuration
    is one of these. Others of Target's fields may be told.
    """
    if "{port}" in name:
        return Target(name.split()[0], name)
    if name not in PEERS:
        known = ", ".join(PEERS)
        raise Failed(f"SERVER is {known}, or a command with {{port}}")
    path = program(name)
    if not path:
        raise Failed(f"{name} is not here (apt-get install {name})")
    arguments, stop, reload = PEERS[name]
    return Target(
        name,
        f"{shlex.quote(path)} {arguments}",
        stop,
        reload,
        config=(configs / f"{name}.conf").read_text(),
        files=name not in WITHOUT_FILES,
        **how,
    )


def version(name):
    """The first line that it tells of itself."""
    run = subprocess.run(
        [program(name), "-v"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return run.stdout.partition("\n")[0]
