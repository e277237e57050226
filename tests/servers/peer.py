"""Other servers, to which the same is done for comparison."""

import pathlib
import shlex
import shutil
import signal

from target import Failed, Target

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


def find(name):
    """The target of a peer's name, or of a whole command line."""
    if "{port}" in name:
        return Target(name.split()[0], name)
    if name not in PEERS:
        known = ", ".join(PEERS)
        raise Failed(f"SERVER is {known}, or a command with {{port}}")
    program = shutil.which(name, path=PATH)
    if not program:
        raise Failed(f"{name} is not here (apt-get install {name})")
    arguments, stop, reload = PEERS[name]
    return Target(
        name,
        f"{shlex.quote(program)} {arguments}",
        stop,
        reload,
        config=(HERE / "peers" / f"{name}.conf").read_text(),
        files=name not in WITHOUT_FILES,
    )
