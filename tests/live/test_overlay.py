"""ROOT on overlayfs, of which containers have their files."""

import pathlib
import shutil
import subprocess

import pytest
from server import eventually

# Mounts one at `merged`, in a namespace of its own, and runs a command there.
MOUNT = """
mount -t tmpfs none "$0" &&
mkdir "$0"/lower "$0"/upper "$0"/work "$0"/merged &&
mkdir "$0"/lower/root && echo old >"$0"/lower/root/hello.html &&
mount -t overlay none -o \
    lowerdir="$0"/lower,upperdir="$0"/upper,workdir="$0"/work "$0"/merged &&
exec "$@"
"""


def inside(directory, *command):
    return ["unshare", "--mount", "sh", "-c", MOUNT, str(directory), *command]


@pytest.fixture
def overlay(tmp_path):
    """A wrapper that runs a command beside an overlayfs at tmp_path/merged."""
    if not shutil.which("unshare"):
        pytest.skip("unshare is missing (Debian: apt-get install util-linux)")
    tried = subprocess.run(
        inside(tmp_path, "true"), capture_output=True, text=True
    )
    if tried.returncode:
        why = tried.stderr.strip().replace("\n", "; ")
        pytest.skip(f"no overlayfs can be mounted: {why}")
    return inside(tmp_path)


def test_root_that_is_made_anew_is_served(serve, tmp_path, overlay):
    """Though overlayfs makes up how many names a directory has."""
    root = tmp_path / "merged/root"
    server = serve("-w", "1", root=root, wrapper=overlay)
    client = server.connect()
    assert client.ask("/").body == b"old\n"
    there = pathlib.Path(f"/proc/{server.pid}/root{root}")
    shutil.rmtree(there)
    eventually(
        lambda: client.ask("/").status == 404
        and "has been removed" in server.stderr,
        "the line that ROOT is gone",
    )
    there.mkdir()
    (there / "hello.html").write_bytes(b"new\n")
    eventually(lambda: client.ask("/").body == b"new\n", "the new ROOT")
    server.await_output("^mtasync: reloaded")
