"""The servers that are compared: started, waited for, ended."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

PROGRAM = os.environ.get("MTASYNC", "./mtasync")
HERE = pathlib.Path(__file__).parent
PATIENCE = 10  # seconds for a start or an end
PEERS = ("nginx", "h2o")  # names of program, Debian package and *.conf


def find(name):
    """Where the program is; sbin is not on everybody's PATH."""
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def version(*command):
    run = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return run.stdout.splitlines()[0]


@contextlib.contextmanager
def running(*command, **how):
    """The process, for the length of a with statement."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **how)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@contextlib.contextmanager
def mtasync(root):
    """Yields the address at which it says that it listens."""
    options = ["-l", "127.0.0.1:0", "--index=index.html", str(root)]
    pipe = {"stdout": subprocess.PIPE, "text": True}
    with running(PROGRAM, *options, **pipe) as process:
        found = re.search(r"//([\d.]+):(\d+)/", process.stdout.readline())
        if not found:
            raise SystemExit("mtasync did not start")
        yield found[1], int(found[2])


@contextlib.contextmanager
def peer(name, root):
    """Yields the address at which it takes connections."""
    address = "127.0.0.1", free_port()
    text = (HERE / f"{name}.conf").read_text()
    text = text.replace("@PORT@", str(address[1])).replace("@ROOT@", str(root))
    config = root.with_name(f"{name}.conf")
    config.write_text(text)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with running(find(name), "-c", str(config), **quiet) as process:
        await_listener(name, address, process)
        yield address


def free_port():
    """One that nobody has now; neither peer can say which one it chose."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def await_listener(name, address, process):
    give_up = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < give_up:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(address).close()
            return
        time.sleep(0.02)
    raise SystemExit(f"{name} did not start")
