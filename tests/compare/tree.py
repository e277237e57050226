"""The document root that all servers serve, made for the purpose."""

import os
import pathlib

from probe import MARKER_BODY

WHEN = 784111777  # the RFC's example: Sun, 06 Nov 1994 08:49:37 GMT
CONTENT = {
    "index.html": b"<p>front\n",
    "marker.txt": MARKER_BODY,
    "ten.txt": b"0123456789",
    "empty.txt": b"",
    "page.html": b"<p>plain\n",
    "page.html.gz": b"as if by gzip\n",
    "page.html.br": b"as if by brotli\n",
    "gz.html": b"<p>plain\n",
    "gz.html.gz": b"as if by gzip\n",
    "stale.html": b"<p>newer than its sibling\n",
    "stale.html.gz": b"as if by gzip, from before\n",
    "dir/index.html": b"<p>directory\n",
    "bare/file.txt": b"a directory without an index\n",
    ".hidden.txt": b"not for anybody\n",
    ".well-known/shown.txt": b"for everybody\n",
}


def plant(root: pathlib.Path):
    """Fills the directory; all of one age but the sibling that is stale."""
    for name, content in CONTENT.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        age = 86400 if name.startswith("stale.html.") else 0
        os.utime(path, (WHEN - age, WHEN - age))
    outside = root.parent / "outside.txt"
    outside.write_bytes(b"beside the root\n")
    (root / "outside.txt").symlink_to(outside)
    (root / "loop.txt").symlink_to("loop.txt")
    os.mkfifo(root / "fifo.txt")
