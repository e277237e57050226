"""packaging/image.py: the image holds what the program needs, and no more."""

import json
import os
import shlex
import signal
import subprocess
import sys
import tarfile

import pytest
from server import (
    HTDOCS,
    PROGRAM,
    SANITIZERS,
    SOURCE,
    Server,
    Target,
    clear_only,
)
from wire import Client

MAKE = SOURCE / "packaging" / "image.py"


def make(directory):
    subprocess.run(
        [sys.executable, MAKE, PROGRAM, HTDOCS, directory],
        check=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1"},
    )
    return directory


class Image:
    """A layout, read as whoever pulls it does."""

    def __init__(self, directory):
        self.directory = directory
        index = json.loads((directory / "index.json").read_text())
        self.manifest = json.loads(self.blob(index["manifests"][0]))
        self.config = json.loads(self.blob(self.manifest["config"]))

    def path(self, descriptor):
        return (
            self.directory / "blobs" / descriptor["digest"].replace(":", "/")
        )

    def blob(self, descriptor):
        content = self.path(descriptor).read_bytes()
        assert len(content) == descriptor["size"]
        return content

    def unpack(self, directory):
        (layer,) = self.manifest["layers"]
        with tarfile.open(self.path(layer)) as tar:
            tar.extractall(directory)
            return tar.getnames()


pytestmark = pytest.mark.skipif(bool(SANITIZERS), reason="not what is packed")


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return Image(make(tmp_path_factory.mktemp("image") / "layout"))


def test_same_build_gives_the_same_image(image, tmp_path):
    again = make(tmp_path / "layout")
    names = {p.relative_to(again) for p in again.rglob("*") if p.is_file()}
    assert len(names) == 5
    for name in names:
        assert (again / name).read_bytes() == (
            image.directory / name
        ).read_bytes()


def test_digests_are_those_of_the_blobs(image):
    for blob in (image.directory / "blobs" / "sha256").iterdir():
        said = subprocess.run(
            ["sha256sum", blob], check=True, capture_output=True, text=True
        ).stdout
        assert said.split()[0] == blob.name
    (layer,) = image.manifest["layers"]
    tar = subprocess.run(
        f"gzip -dc {shlex.quote(str(image.path(layer)))} | sha256sum",
        shell=True,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()[0]
    assert image.config["rootfs"]["diff_ids"] == [f"sha256:{tar}"]


@clear_only("the client that asks is one in clear")
@pytest.mark.skipif(os.getuid() != 0, reason="chroot(1) wants root")
def test_image_runs_as_pid_1(image, tmp_path):
    """As an engine runs it: its files, its user, its command; TERM stops it."""
    names = image.unpack(tmp_path)
    tmp_path.chmod(0o755)
    assert not [name for name in names if name.endswith("/sh")]
    run = image.config["config"]
    enter = ["unshare", "--pid", "--fork", "--kill-child"]
    enter += ["chroot", f"--userspec={run['User']}", str(tmp_path)]
    command = [*run["Entrypoint"], "--drain-timeout=5s", *run["Cmd"]]
    assert "--listen=[::]:7878" in command
    here = [
        part.replace("0.0.0.0:7878", "127.0.0.1:{port}")
        for part in command
        if "[::]" not in part
    ]
    target = Target("image", shlex.join(enter + here))
    with Server(target=target) as server:
        _, first = server.pids()
        status = dict(
            line.split(":\t", 1)
            for line in open(f"/proc/{first}/status").read().splitlines()
            if ":\t" in line
        )
        assert status["NSpid"].split()[-1] == "1"
        assert status["Uid"].split() == [run["User"].partition(":")[0]] * 4
        assert int(status["CapEff"], 16) == 0
        with Client(server.address) as client:
            page = client.ask("/").body
            late = client.ask("/sleep/50ms")
        assert page == (HTDOCS / "hello.html").read_bytes()
        assert late.status == 200
        kind, *check = run["Healthcheck"]["Test"]
        assert kind == "CMD" and check[:2] == run["Entrypoint"][:2]
        check = " ".join(check).replace(
            "0.0.0.0:7878", "0.0.0.0:%d" % server.address[1]
        )
        asked = subprocess.run(enter[4:] + shlex.split(check))
        assert asked.returncode == 0
        os.kill(first, getattr(signal, run["StopSignal"]))
        assert server.wait() == 0, server.output()
        asked = subprocess.run(enter[4:] + shlex.split(check))
        assert asked.returncode == 1
