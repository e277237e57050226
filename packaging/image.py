#!/usr/bin/env python3
"""
Makes an OCI image of a built mtasync, as a layout: a directory that
podman and skopeo read as oci:DIRECTORY, and `podman load` as a tar of it.

    image.py PROGRAM HTDOCS DIRECTORY

Python's own library does, and binutils: no network, no root, no podman. In the
image are the program, stripped, the libraries that it links, its pages, and one
user; no shell. The same build and SOURCE_DATE_EPOCH give the same bytes.

The health check is the program itself, where it listens, or at MTASYNC_ADMIN.
OCI's configuration has no word for it: Docker takes it from there all the same,
podman does not.
"""

import gzip
import hashlib
import io
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tarfile
import tempfile

ROOT = "/usr/share/mtasync/htdocs"
USER = 65534
PASSWD = f"mtasync:x:{USER}:{USER}:mtasync:/:/sbin/nologin\n"
GROUP = f"mtasync:x:{USER}:\n"
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", 0))
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}  # as OCI names them
OCI = "application/vnd.oci.image"
SECOND = 10**9  # as Docker counts
LISTEN = ["/usr/bin/mtasync", "--listen=0.0.0.0:7878"]
RUN = {
    "User": f"{USER}:{USER}",
    # Options that are added, and another ROOT, come behind.
    "Entrypoint": [*LISTEN, "--listen=[::]:7878"],
    "Cmd": [ROOT],
    "ExposedPorts": {"7878/tcp": {}},
    "StopSignal": "SIGTERM",
    "Healthcheck": {
        "Test": ["CMD", *LISTEN, "--healthcheck"],
        "Interval": 10 * SECOND,
        "Timeout": 10 * SECOND,
        "StartPeriod": 5 * SECOND,
    },
    "WorkingDir": "/",
}


def output(*command):
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def stripped(program):
    with tempfile.TemporaryDirectory() as directory:
        copy = pathlib.Path(directory, "mtasync")
        output("strip", "--strip-all", "-o", str(copy), program)
        return copy.read_bytes()


def libraries(program):
    """Paths of what it links, and of who links it, which tells them."""
    asked = r"program interpreter: ([^\]]+)\]"
    linker = re.search(asked, output("readelf", "--wide", "-l", program))
    if not linker:
        return set()  # it is static
    listed = output(linker[1], "--list", program)
    return {linker[1], *re.findall(r"=> (/\S+)", listed)}


def contents(program, htdocs):
    """What is in the image: bytes and mode by path."""
    files = {
        "/etc/group": (GROUP.encode(), 0o644),
        "/etc/passwd": (PASSWD.encode(), 0o644),
        "/usr/bin/mtasync": (stripped(program), 0o755),
    }
    for path in libraries(program):
        files[path] = pathlib.Path(path).read_bytes(), 0o755
    for page in pathlib.Path(htdocs).rglob("*"):
        if page.is_file():
            name = f"{ROOT}/{page.relative_to(htdocs)}"
            files[name] = page.read_bytes(), 0o644
    return files


def layer(files):
    """A tar of the files, and of the directories above them."""
    above = {str(p) for name in files for p in pathlib.Path(name).parents}
    made = io.BytesIO()
    with tarfile.open(
        fileobj=made, mode="w", format=tarfile.USTAR_FORMAT
    ) as tar:
        for name in sorted(above - {"/"} | set(files)):
            entry = tarfile.TarInfo(name[1:])
            entry.mtime = EPOCH
            if name in files:
                content, entry.mode = files[name]
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
            else:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
    return made.getvalue()


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Layout:
    """The directory; all but its two small files is there by its digest."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.blobs = self.directory / "blobs" / "sha256"
        self.blobs.mkdir(parents=True)

    def add(self, kind, content):
        """Stores it; returns its descriptor, by which others name it."""
        name = digest(content)
        (self.blobs / name.partition(":")[2]).write_bytes(content)
        return {"mediaType": kind, "digest": name, "size": len(content)}

    def finish(self, manifest):
        index = {"schemaVersion": 2, "manifests": [manifest]}
        self.directory.joinpath("index.json").write_bytes(as_json(index))
        self.directory.joinpath("oci-layout").write_bytes(
            as_json({"imageLayoutVersion": "1.0.0"})
        )


def as_json(value):
    return json.dumps(value, sort_keys=True).encode()


def main(program, htdocs, directory):
    tar = layer(contents(program, htdocs))
    packed = gzip.compress(tar, mtime=0)
    machine = platform.machine()
    configuration = {
        "architecture": MACHINES.get(machine, machine),
        "os": "linux",
        "config": RUN,
        "rootfs": {"type": "layers", "diff_ids": [digest(tar)]},
    }
    layout = Layout(directory)
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": layout.add(f"{OCI}.config.v1+json", as_json(configuration)),
        "layers": [layout.add(f"{OCI}.layer.v1.tar+gzip", packed)],
    }
    described = layout.add(manifest["mediaType"], as_json(manifest))
    described["annotations"] = {"org.opencontainers.image.ref.name": "mtasync"}
    layout.finish(described)
    print(f"{directory}: {len(tar):,} bytes, {len(packed):,} packed")


if __name__ == "__main__":
    main(*sys.argv[1:])
