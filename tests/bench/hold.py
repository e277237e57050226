"""
Holds connections to a server, as a process of its own that costs no CPU:

    hold.py HOST PORT COUNT sleeping|idle

A sleeping one waits for an answer to a long /sleep, an idle one has had its
answer. Says "held" once all are open, and ends when its input does; with
status 1 if one was not quiet until then.
"""

import resource
import socket
import sys

import answer

SLEEP = "/sleep/5m"  # longer than any bench

# Another address than that of the loads, which need the ports of their own. A
# port is then taken at connect(2), see ip(7); socket.py lacks the number.
SOURCE = "127.0.0.2"
IP_BIND_ADDRESS_NO_PORT = 24


def connect(address):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    connection.settimeout(answer.PATIENCE)
    connection.bind((SOURCE, 0))
    connection.connect(address)
    return connection


def open_one(address, target):
    connection = connect(address)
    connection.sendall(answer.request(target))
    return connection


def open_idle(address):
    connection = open_one(address, "/")
    with connection.makefile("rb") as stream:
        answer.read(stream)
    return connection


def is_quiet(connection):
    """Whether neither a byte nor an end has come."""
    connection.setblocking(False)
    try:
        connection.recv(1)
    except BlockingIOError:
        return True
    except ConnectionError:
        pass
    return False


def main(host, port, count, kind):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    address = host, int(port)
    if kind == "sleeping":
        held = [open_one(address, SLEEP) for _ in range(int(count))]
    else:
        held = [open_idle(address) for _ in range(int(count))]
    print("held", flush=True)
    sys.stdin.read()
    return 0 if all(map(is_quiet, held)) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
