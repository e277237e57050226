"""
A process that looks at operators' sides of servers: asks each for /metrics and
/readyz, again and again, and takes the time.

Reads lines: a path of a unix socket and the number of the server's process,
whose end ends the looks at it; or an empty line, to which it answers with a
line of JSON what it has seen since the last one.
"""

import json
import os
import select
import socket
import sys
import time

PAUSE = 0.05  # seconds between two looks
PATIENCE = 5.0  # for an answer
END = 1.0  # within which a process has ended that answers no more
PATHS = ("/metrics", "/readyz")
STATUSES = {"/metrics": {200}, "/readyz": {200, 503}}


class Seen:
    def __init__(self):
        self.asked = self.lost = 0
        self.slowest = dict.fromkeys(PATHS, 0.0)
        self.overslept = 0.0  # by this process, of its pauses


def ask(path, target):
    """The status of an answer that is whole; 0 where there is none."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        answer = b""
        try:
            client.connect(path)
            client.sendall(
                f"GET {target} HTTP/1.1\r\nHost: localhost\r\n"
                "Connection: close\r\n\r\n".encode()
            )
            while received := client.recv(1 << 20):
                answer += received
        except OSError:
            return 0
    head, _, body = answer.partition(b"\r\n\r\n")
    sizes = [
        int(line.split(b":")[1])
        for line in head.lower().splitlines()
        if line.startswith(b"content-length:")
    ]
    return int(head.split()[1]) if sizes == [len(body)] else 0


def has_ended(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def ends(pid):
    """Whether the process ends soon."""
    give_up = time.monotonic() + END
    while not has_ended(pid):
        if time.monotonic() > give_up:
            return False
        time.sleep(0.01)
    return True


def look(path, pid, seen):
    """Asks for each; returns whether the server goes on."""
    for target in PATHS:
        began = time.monotonic()
        status = ask(path, target)
        took = time.monotonic() - began
        if status == 0 and ends(pid):
            return False
        seen.asked += 1
        seen.lost += status not in STATUSES[target]
        seen.slowest[target] = max(seen.slowest[target], took)
    return True


def main():
    servers, seen, lines = {}, Seen(), b""
    while True:
        began = time.monotonic()
        ready = select.select([0], [], [], PAUSE if servers else None)[0]
        if servers and not ready:
            late = time.monotonic() - began - PAUSE
            seen.overslept = max(seen.overslept, late)
        if ready:
            received = os.read(0, 65536)
            if not received:
                return
            *whole, lines = (lines + received).split(b"\n")
            for line in whole:
                if line:
                    path, pid = line.decode().rsplit(" ", 1)
                    servers[path] = int(pid)
                    continue
                print(json.dumps(vars(seen)), flush=True)
                seen = Seen()
        for path, pid in list(servers.items()):
            if not look(path, pid, seen):
                del servers[path]


if __name__ == "__main__":
    sys.exit(main())
