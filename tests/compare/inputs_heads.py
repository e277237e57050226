"""Inputs: request lines, targets, Host, fields, versions, limits."""

from wire import head, request
from probe import Input

STRICT = "who reads it otherwise than the proxy before it can be deceived"
BY_NAME = "414 and 431 say what was too long"
ABSOLUTE = "every server has to take the absolute form"


def line(text):
    return head(text, "Host: localhost")


def host(text):
    return head("GET / HTTP/1.1", text)


INPUTS = [
    Input("9112 3", "plain", request(), "200 kept"),
    Input("9112 2.2", "empty line first", b"\r\n" + request(), "200 kept"),
    Input("9112 2.2", "bare LFs",
        b"GET / HTTP/1.1\nHost: localhost\n\n", "400 FIN", STRICT),
    Input("9112 2.2", "bare LF after request line",
        b"GET / HTTP/1.1\nHost: localhost\r\n\r\n", "400 FIN", STRICT),
    Input("9112 2.2", "bare CR in request line",
        line("GET /\r HTTP/1.1"), "400 FIN"),
    Input("9112 2.2", "white space before fields",
        head("GET / HTTP/1.1", " Host: localhost"), "400 FIN"),
    Input("9112 3", "no version", head("GET /"), "400 FIN",
        "HTTP/0.9 has no status and no length; nobody needs it"),
    Input("9112 3", "two spaces", line("GET  / HTTP/1.1"), "400 FIN",
        STRICT),
    Input("9112 3", "space behind version", line("GET / HTTP/1.1 "),
        "400 FIN", STRICT),
    Input("9112 3", "space before method", line(" GET / HTTP/1.1"),
        "400 FIN"),
    Input("9112 3", "tabs for spaces", line("GET\t/\tHTTP/1.1"), "400 FIN"),
    Input("9112 3", "space in target", line("GET /ten.txt x HTTP/1.1"),
        "400 FIN"),
    Input("9112 3", "method with a colon", request(method="GE:T"),
        "400 FIN", STRICT),
    Input("9112 3", "NUL in method", request(method="GE\0T"), "400 FIN"),
    # Versions
    Input("9112 2.3", "version in lower case", line("GET / http/1.1"),
        "400 FIN"),
    Input("9112 2.3", "HTTP/1.10", request(version="1.10"), "400 FIN",
        STRICT),
    Input("9112 2.3", "HTTP/1.", request(version="1."), "400 FIN"),
    Input("9110 2.5", "HTTP/1.2", request(version="1.2"), "200 kept"),
    Input("9110 15.6.6", "HTTP/2.0", request(version="2.0"), "505 FIN",
        "well-formed, but a major version that we do not speak"),
    Input("9110 15.6.6", "HTTP/0.9", request(version="0.9"), "505 FIN",
        "well-formed, but a major version that we do not speak"),
    Input("9113 3.4", "preface of HTTP/2",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 FIN",
        "h2o speaks it; nginx calls it malformed"),
    # Targets
    Input("9112 3.2.2", "absolute form",
        request("http://elsewhere.example/"), "200 kept", ABSOLUTE),
    Input("9112 3.2.2", "absolute form, Host differs",
        request("http://localhost/ten.txt?q"), "200 kept", ABSOLUTE),
    Input("9112 3.2.2", "absolute form, no Host",
        head("GET http://localhost/ HTTP/1.1"), "400 FIN",
        "HTTP/1.1 needs Host, whatever the form of the target"),
    Input("9112 3.2.2", "absolute form, no path",
        request("http://localhost"), "200 kept", ABSOLUTE),
    Input("9112 3.2.4", "asterisk form of GET", request("*"), "400 FIN",
        "it is for OPTIONS alone"),
    Input("9112 3.2.3", "authority form of GET", request("localhost:80"),
        "400 FIN", "it is for CONNECT, which is for proxies"),
    Input("9112 3.2", "relative target", request("ten.txt"), "400 FIN",
        STRICT),
    Input("9112 3.2", "fragment in target", request("/ten.txt#part"),
        "400 FIN", "a target has none: the client did not split its URL"),
    Input("9112 3.2", "8-bit target", request("/\xe4"), "404 kept",
        "a URI is ASCII; which file is meant would be a guess"),
    Input("9112 3.2", "control in target", request("/\1"), "400 FIN"),
    # Host
    Input("9112 3.2", "no Host", head("GET / HTTP/1.1"), "400 FIN",
        "HTTP/1.1 needs Host"),
    Input("9112 3.2", "no Host, HTTP/1.0", head("GET / HTTP/1.0"),
        "200 FIN"),
    Input("9112 3.2", "two Hosts", request("/", "Host: b"), "400 FIN",
        STRICT),
    Input("9112 3.2", "the same Host twice",
        request("/", "Host: localhost"), "400 FIN", STRICT),
    Input("9110 7.2", "empty Host", host("Host:"), "200 kept",
        "the field is there; RFC 3986 lets a host be empty"),
    Input("9110 7.2", "Host with a space", host("Host: a b"), "400 FIN",
        STRICT),
    Input("9110 7.2", "Host with a path", host("Host: a/b"), "400 FIN",
        STRICT),
    Input("9110 7.2", "Host with a user", host("Host: u@a"), "400 FIN",
        STRICT),
    Input("9110 7.2", "Host with a word for a port", host("Host: a:b"),
        "400 FIN", STRICT),
    Input("9110 7.2", "Host is an IPv6 address", host("Host: [::1]:80"),
        "200 kept"),
    Input("9110 7.2", "Host is half an IPv6 address", host("Host: [::1"),
        "400 FIN", STRICT),
    # Fields
    Input("9112 5", "field without value", request("/", "A:"), "200 kept"),
    Input("9112 5", "tabs around a value", request("/", "A:\t b \t"),
        "200 kept"),
    Input("9112 5", "space before colon", request("/", "A : b"), "400 FIN"),
    Input("9112 5", "empty name", request("/", ": b"), "400 FIN"),
    Input("9112 5", "no colon", request("/", "A"), "400 FIN", STRICT),
    Input("9110 5.1", "name that is no token", request("/", "A(: b"),
        "400 FIN", STRICT),
    Input("9110 5.1", "underscore in name", request("/", "A_B: c"),
        "200 kept"),
    Input("9112 5.2", "obs-fold", request("/", "A: b", " c"), "400 FIN",
        STRICT),
    Input("9110 5.5", "bare CR in value", request("/", "A: b\rC: d"),
        "400 FIN"),
    Input("9112 2.2", "bare LF behind a field", b"GET / HTTP/1.1\r\n"
        b"Host: localhost\r\nA: b\nC: d\r\n\r\n", "400 FIN", STRICT),
    Input("9110 5.5", "NUL in value", request("/", "A: b\0c"), "400 FIN"),
    Input("9110 5.5", "control in value", request("/", "A: b\1c"),
        "400 FIN", STRICT),
    Input("9110 5.5", "8-bit value", request("/", "A: \xe4"), "200 kept"),
    # Limits
    Input("9112 3", "target of 8193 bytes", request("/" + 8192 * "x"),
        "414 FIN", BY_NAME),
    Input("6585 5", "101 fields", request("/", *100 * ["A: b"]),
        "431 FIN", "100 is our limit, for each costs memory and time"),
    Input("6585 5", "head of over 32 KiB",
        request("/", *9 * ["A: " + 4000 * "x"]), "431 FIN", BY_NAME),
]
