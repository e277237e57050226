"""The bytes of requests."""


def head(*lines):
    """A request head of just these lines."""
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def request(target="/", *fields, method="GET", version="1.1", body=b""):
    """A request that is whole; fields are lines without their CRLF."""
    line = f"{method} {target} HTTP/{version}"
    return head(line, "Host: localhost", *fields) + body
