"""Inputs: framing of bodies, Expect, persistence, methods."""

from wire import head, request
from probe import Input

SMUGGLES = "two readings of a body's end are how requests are smuggled"
LINGERS = "nginx sends no FIN before it has read on for a while"
ALLOW = "405 names what is allowed (9110 15.5.6)"
UNKNOWN = "501 where HTTP knows no such method, 405 where we do not allow it"


def length(value, body=b"abc"):
    return request("/", f"Content-Length: {value}", body=body)


def chunked(body, coding="chunked", version="1.1"):
    field = f"Transfer-Encoding: {coding}"
    return request("/", field, body=body, version=version)


LAST = b"0\r\n\r\n"
EXPECT = "Expect: 100-continue"

INPUTS = [
    # Content-Length
    Input("9112 6.2", "body by length", length(3), "200 kept"),
    Input("9110 8.6", "the same length twice", length("3, 3"), "200 kept",
        "they say the same, so 6.3 lets us take it for one"),
    Input("9112 6.3", "different lengths",
        request("/", "Content-Length: 3", "Content-Length: 4", body=b"abc"),
        "400 FIN", SMUGGLES),
    Input("9112 6.3", "list of different lengths", length("3, 4"),
        "400 FIN"),
    Input("9112 6.3", "length with a plus", length("+3"), "400 FIN"),
    Input("9112 6.3", "negative length", length("-3"), "400 FIN"),
    Input("9112 6.3", "length in hex", length("0x3"), "400 FIN"),
    Input("9112 6.3", "empty length", length(""), "400 FIN"),
    Input("9112 6.3", "two words of digits", length("3 3"), "400 FIN"),
    Input("9112 6.3", "length of 2^64", length(1 << 64), "400 FIN"),
    Input("9110 15.5.14", "length over the limit", length(2 << 20),
        "413 FIN", LINGERS),
    # Transfer-Encoding
    Input("9112 7.1", "chunks", chunked(b"3\r\nabc\r\n" + LAST),
        "200 kept"),
    Input("9112 7", "Chunked in capitals", chunked(LAST, "CHUNKED"),
        "200 kept"),
    Input("9112 7.1.1", "extension", chunked(b"1;a=\"b\"\r\nx\r\n" + LAST),
        "200 kept"),
    Input("9112 7.1.2", "trailer", chunked(b"0\r\nA: b\r\n\r\n"),
        "200 kept"),
    Input("9112 7.1.2", "malformed trailer", chunked(b"0\r\nA : b\r\n\r\n"),
        "400 FIN", "a trailer is a field, and as strictly read"),
    Input("9112 6.1", "length and chunked",
        request("/", "Content-Length: 3", "Transfer-Encoding: chunked",
            body=LAST), "400 FIN", SMUGGLES),
    Input("9112 6.1", "chunked in HTTP/1.0",
        chunked(LAST, version="1.0"), "400 FIN", SMUGGLES),
    Input("9112 6.3", "chunked is not last", chunked(LAST, "chunked, gzip"),
        "400 FIN", SMUGGLES),
    Input("9112 6.1", "chunked twice", chunked(LAST, "chunked, chunked"),
        "400 FIN", SMUGGLES),
    Input("9112 6.1", "gzip, chunked", chunked(LAST, "gzip, chunked"),
        "501 FIN", "a coding that we do not know is to be answered so"),
    Input("9112 6.3", "identity", chunked(LAST, "identity"), "400 FIN",
        SMUGGLES),
    Input("9112 6.3", "xchunked", chunked(LAST, "xchunked"), "400 FIN",
        SMUGGLES),
    Input("9112 7.1", "size that is no number", chunked(b"g\r\n" + LAST),
        "400 FIN"),
    Input("9112 7.1", "size with 0x", chunked(b"0x1\r\nx\r\n" + LAST),
        "400 FIN", SMUGGLES),
    Input("9112 7.1", "size with a minus", chunked(b"-1\r\nx\r\n" + LAST),
        "400 FIN"),
    Input("9112 7.1", "space behind a size", chunked(b"1 \r\nx\r\n" + LAST),
        "400 FIN", SMUGGLES),
    Input("9112 7.1", "size of 2^64",
        chunked(b"10000000000000000\r\nx\r\n" + LAST), "400 FIN"),
    Input("9112 7.1", "chunk longer than its size",
        chunked(b"1\r\nxyz\r\n" + LAST), "400 FIN"),
    Input("9112 7.1", "bare LF behind a size",
        chunked(b"1\nx\r\n" + LAST), "400 FIN", SMUGGLES),
    Input("9112 7.1", "bare LF behind data",
        chunked(b"1\r\nx\n" + LAST), "400 FIN", SMUGGLES),
    # Expect
    Input("9110 10.1.1", "Expect: 100-continue",
        request("/", EXPECT, "Content-Length: 3"), "100 200 kept",
        later=b"abc"),
    Input("9110 10.1.1", "Expect in HTTP/1.0",
        request("/", EXPECT, "Content-Length: 3", version="1.0"),
        "200 FIN", "HTTP/1.0 knows no interim answers", later=b"abc"),
    Input("9110 10.1.1", "Expect with a body over the limit",
        request("/", EXPECT, "Content-Length: 9999999"), "413 FIN", LINGERS),
    Input("9110 10.1.1", "another expectation",
        request("/", "Expect: tea"), "417 FIN",
        "whoever expects something is told that it will not be"),
    # Persistence
    Input("9112 9.3", "Connection: close", request("/", "Connection: close"),
        "200 FIN"),
    Input("9112 9.3", "close in capitals, in a list",
        request("/", "Connection: x, CLOSE"), "200 FIN"),
    Input("9112 9.3", "keep-alive, close",
        request("/", "Connection: keep-alive, close"), "200 FIN",
        "close wins"),
    Input("9112 9.3", "keep-alive and close in two lines",
        request("/", "Connection: close", "Connection: keep-alive"),
        "200 FIN", "close wins"),
    Input("9112 9.3", "HTTP/1.0", request(version="1.0"), "200 FIN"),
    Input("9112 9.3", "HTTP/1.0 keep-alive",
        request("/", "Connection: keep-alive", version="1.0"),
        "200 keep-alive kept", show=("Connection",)),
    Input("9112 9.3.2", "pipelined", request() + request("/none"),
        "200 404 kept"),
    # Methods
    Input("9110 9.3.2", "HEAD", request(method="HEAD"),
        "200 9 kept", show=("Content-Length",)),
    Input("9110 9.3.2", "HEAD of nothing", request("/x", method="HEAD"),
        "404 kept"),
    Input("9110 9.3.7", "OPTIONS", request(method="OPTIONS"),
        "204 GET, HEAD, OPTIONS kept", "a question with an answer",
        show=("Allow",)),
    Input("9110 9.3.7", "OPTIONS *", request("*", method="OPTIONS"),
        "204 GET, HEAD, OPTIONS kept", "a question with an answer",
        show=("Allow",)),
    Input("9110 9.3.3", "POST",
        request("/", "Content-Length: 3", method="POST", body=b"abc"),
        "405 GET, HEAD, OPTIONS kept", ALLOW, show=("Allow",)),
    Input("9110 9.3.4", "PUT",
        request("/", "Content-Length: 3", method="PUT", body=b"abc"),
        "405 GET, HEAD, OPTIONS kept", ALLOW, show=("Allow",)),
    Input("9110 9.1", "unknown method", request(method="BREW"), "501 kept",
        UNKNOWN),
    Input("9110 9.1", "get in lower case", request(method="get"),
        "501 kept", UNKNOWN),
    Input("9110 9.3.8", "TRACE", request(method="TRACE"), "405 kept",
        "we know it, and do not allow it"),
    Input("9110 9.3.6", "CONNECT",
        head("CONNECT localhost:80 HTTP/1.1", "Host: localhost:80"),
        "405 FIN", "what follows may be meant for the tunnel"),
]
