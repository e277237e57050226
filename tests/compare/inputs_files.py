"""Inputs: conditional requests, ranges, codings, paths. See tree.py."""

from wire import request
from probe import Input

SAME = "Sun, 06 Nov 1994 08:49:37 GMT"
EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT"
LATER = "Mon, 07 Nov 1994 08:49:37 GMT"

EVALUATED = "a precondition that a client sends is evaluated"
AMPLIFIES = "more bytes than the file has: such a Range is ignored"
INVALID = "an invalid Range is as none"
LISTS = "a list of tags, compared weakly, or * for any"


def condition(section, name, fields, ours, why=""):
    """/ten.txt with these lines; ours is the status of a kept connection."""
    data = request("/ten.txt", *fields)
    return Input(f"9110 {section}", name, data, f"{ours} kept", why)


def ranges(section, name, value, ours, why="", fields=()):
    """/ten.txt with this Range; ours is status and Content-Range."""
    data = request("/ten.txt", f"Range: {value}", *fields)
    status, _, content = ours.partition(" ")
    ours = f"{status} {content or '-'} kept"
    return Input(f"9110 {section}", name, data, ours, why, ("Content-Range",))


def coding(name, value, ours, why="", target="/page.html"):
    """This Accept-Encoding; ours is Content-Encoding."""
    fields = [] if value is None else [f"Accept-Encoding: {value}"]
    data = request(target, *fields)
    ours = f"200 {ours} kept"
    return Input(
        "9110 12.5.3", name, data, ours, why, ("Content-Encoding",)
    )


def vary(name, target, ours, why=""):
    data = request(target, "Accept-Encoding: gzip")
    ours = f"200 {ours} kept"
    return Input("9110 12.5.5", name, data, ours, why, ("Vary",))


def path(section, name, target, ours, why="", show=()):
    return Input(section, name, request(target), ours, why, show)


INPUTS = [
    condition("13.1.2", "entity tag matches", ["If-None-Match: @ETAG@"],
        304),
    condition("13.1.2", "in a list", ['If-None-Match: "x", @ETAG@'], 304,
        LISTS),
    condition("13.1.2", "in the second line",
        ['If-None-Match: "x"', "If-None-Match: @ETAG@"], 304,
        "lines of one name are one list"),
    condition("13.1.2", "weak", ["If-None-Match: W/@ETAG@"], 304, LISTS),
    condition("13.1.2", "*", ["If-None-Match: *"], 304, LISTS),
    condition("13.1.2", "another entity tag", ['If-None-Match: "x"'], 200),
    condition("13.1.3", "another, with its date",
        ['If-None-Match: "x"', f"If-Modified-Since: {SAME}"], 200),
    condition("13.1.3", "not modified", [f"If-Modified-Since: {SAME}"], 304),
    condition("13.1.3", "not modified for long",
        [f"If-Modified-Since: {LATER}"], 304,
        "not modified since means no later than"),
    condition("13.1.3", "modified", [f"If-Modified-Since: {EARLIER}"], 200),
    condition("5.6.7", "date of RFC 850",
        ["If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"], 304,
        "all three formats are read"),
    condition("5.6.7", "date of asctime",
        ["If-Modified-Since: Sun Nov  6 08:49:37 1994"], 304,
        "all three formats are read"),
    condition("13.1.3", "no date", ["If-Modified-Since: today"], 200),
    condition("13.1.1", "If-Match", ["If-Match: @ETAG@"], 200),
    condition("13.1.1", "If-Match *", ["If-Match: *"], 200),
    condition("13.1.1", "If-Match, another", ['If-Match: "x"'], 412,
        EVALUATED),
    condition("13.1.1", "If-Match, weak", ["If-Match: W/@ETAG@"], 412,
        EVALUATED),
    condition("13.2.2", "If-Match before If-None-Match",
        ['If-Match: "x"', "If-None-Match: @ETAG@"], 412, EVALUATED),
    condition("13.1.4", "unmodified", [f"If-Unmodified-Since: {SAME}"], 200),
    condition("13.1.4", "modified since",
        [f"If-Unmodified-Since: {EARLIER}"], 412, EVALUATED),
    condition("13.1.4", "unmodified since no date",
        ["If-Unmodified-Since: today"], 200,
        "an invalid date is as none"),
    condition("13.2.2", "If-Match wins over the date",
        ["If-Match: @ETAG@", f"If-Unmodified-Since: {EARLIER}"], 200,
        "the date counts only without If-Match"),
    Input("9110 13.2.1", "If-Match on nothing",
        request("/none", "If-Match: *"), "404 kept"),
    # Ranges
    ranges("14.1.2", "first four bytes", "bytes=0-3", "206 bytes 0-3/10"),
    ranges("14.1.2", "last three", "bytes=-3", "206 bytes 7-9/10"),
    ranges("14.1.2", "from the eighth on", "bytes=8-", "206 bytes 8-9/10"),
    ranges("14.1.2", "last beyond the end", "bytes=8-99",
        "206 bytes 8-9/10"),
    ranges("14.1.2", "suffix over the size", "bytes=-99",
        "206 bytes 0-9/10"),
    ranges("14.1.2", "last of 2^64", f"bytes=8-{1 << 64}",
        "206 bytes 8-9/10", "it is a number, beyond the end"),
    ranges("14.1.2", "first beyond the end", "bytes=10-", "416 bytes */10"),
    ranges("14.1.2", "first of 2^64", f"bytes={1 << 64}-",
        "416 bytes */10"),
    ranges("14.1.2", "suffix of none", "bytes=-0", "416 bytes */10"),
    ranges("14.1.2", "backwards", "bytes=3-1", "200", INVALID),
    ranges("14.2", "no numbers", "bytes=a-b", "200", INVALID),
    ranges("14.2", "another unit", "lines=0-3", "200",
        "an unknown unit is as no Range"),
    ranges("14.1", "unit in capitals", "BYTES=0-3", "206 bytes 0-3/10",
        "a range unit is compared without case"),
    ranges("14.2", "two ranges", "bytes=0-1,4-5", "206"),
    ranges("14.2", "twenty ranges",
        "bytes=" + ",".join(f"{i}-{i}" for i in range(20)), "206",
        "those behind the end are left out"),
    ranges("14.2", "one of two beyond the end", "bytes=0-1,20-",
        "206 bytes 0-1/10"),
    ranges("14.2", "the whole, three times", "bytes=0-,0-,0-", "200",
        AMPLIFIES),
    Input("9110 14.2", "Range of HEAD",
        request("/ten.txt", "Range: bytes=0-3", method="HEAD"),
        "200 10 kept", "it is defined for GET alone",
        ("Content-Length",)),
    Input("9110 15.3.7", "type of two ranges",
        request("/ten.txt", "Range: bytes=0-1,4-5"),
        "206 multipart/byteranges kept", show=("Content-Type",)),
    ranges("13.2.2", "Range and If-None-Match", "bytes=0-3", "304",
        fields=["If-None-Match: @ETAG@"]),
    ranges("13.1.5", "If-Range matches", "bytes=0-3", "206 bytes 0-3/10",
        fields=["If-Range: @ETAG@"]),
    ranges("13.1.5", "If-Range, another", "bytes=0-3", "200",
        "the file is not the one that the client has a part of",
        ['If-Range: "x"']),
    ranges("13.1.5", "If-Range, weak", "bytes=0-3", "200",
        "parts of files that are only alike do not fit together",
        ["If-Range: W/@ETAG@"]),
    ranges("13.1.5", "If-Range, its date", "bytes=0-3", "206 bytes 0-3/10",
        fields=[f"If-Range: {SAME}"]),
    ranges("13.1.5", "If-Range, a later date", "bytes=0-3", "200",
        "the date has to be the same", [f"If-Range: {LATER}"]),
    # Codings: page.html has .br and .gz, gz.html .gz, stale.html an old one
    coding("none named", None, "-"),
    coding("gzip", "gzip", "gzip"),
    coding("GZIP", "GZIP", "gzip"),
    coding("x-gzip", "x-gzip", "gzip", "an old name of gzip (8.4.1.3)"),
    coding("gzip or br", "gzip, br", "br", "nginx has no brotli here"),
    coding("gzip rather than br", "gzip, br;q=0.5", "gzip"),
    coding("gzip forbidden", "gzip;q=0", "-"),
    coding("identity preferred", "identity, gzip;q=0.5", "-",
        "what the client wants more comes first"),
    coding("anything but identity", "*, identity;q=0", "br",
        "the asterisk stands for all that are not named"),
    coding("unknown", "x", "-"),
    coding("only .gz is there", "br, gzip;q=0.1", "gzip",
        "the client wants both",
        target="/gz.html"),
    coding("sibling is stale", "gzip", "-",
        "who changed the file meant it to be seen", "/stale.html"),
    coding("no sibling", "gzip", "-", target="/ten.txt"),
    vary("Vary", "/page.html", "Accept-Encoding"),
    vary("no Vary", "/ten.txt", "-",
        "without a sibling all get the same"),
    # Paths
    path("3986 2.1", "percent-encoded", "/%74en.txt", "200 kept"),
    path("ours", "many slashes", "///ten.txt", "200 kept"),
    path("3986 5.2.4", "dot segments", "/./dir/../ten.txt", "200 kept"),
    path("3986 5.2.4", "above the root", "/../ten.txt", "400 FIN",
        "no honest client asks for it"),
    path("3986 5.2.4", "above the root, encoded", "/%2e%2e/outside.txt",
        "400 FIN", "no honest client asks for it"),
    path("3986 2.2", "encoded slash", "/dir%2findex.html", "200 kept"),
    path("3986 5.2.4", "above the root, by slashes", "/%2f..%2foutside.txt",
        "400 FIN", "no honest client asks for it"),
    path("ours", "encoded backslash", "/..%5coutside.txt", "404 kept"),
    path("3986 7.3", "encoded NUL", "/ten.txt%00", "400 FIN",
        "behind it a name would be cut short"),
    path("3986 2.4", "encoded twice", "/%252e%252e/outside.txt", "404 kept"),
    path("3629 3", "overlong UTF-8", "/%c0%ae%c0%ae/outside.txt", "404 kept"),
    path("3986 2.1", "half a percent", "/%7", "400 FIN",
        "malformed; what is meant would be a guess"),
    path("ours", "file with a slash", "/ten.txt/", "404 kept"),
    path("ours", "name of 300 bytes", "/" + 300 * "x", "404 kept",
        "no file can have that name"),
    path("9110 10.2.2", "directory", "/dir?a=b", "301 /dir/?a=b kept",
        "a path: right behind a proxy that has another name",
        ("Location",)),
    path("9110 10.2.2", "directory after //", "//dir", "301 /dir/ kept",
        "one slash: never another host", ("Location",)),
    path("9110 10.2.2", "directory after %2f", "/%2fdir", "301 /dir/ kept",
        "one slash: never another host", ("Location",)),
    path("ours", "its index", "/dir/", "200 kept"),
    path("ours", "no index", "/bare/", "404 kept",
        "which directories there are is not told"),
    path("ours", "dot file", "/.hidden.txt", "404 kept",
        "it was not meant for all"),
    path("8615 3", ".well-known", "/.well-known/shown.txt", "200 kept"),
    path("ours", "link out of the root", "/outside.txt", "404 kept",
        "what is not below the root is not served"),
    path("ours", "link to itself", "/loop.txt", "404 kept",
        "there is nothing at its end"),
    # The last one: h2o is good for nothing after it.
    path("ours", "FIFO", "/fifo.txt", "404 kept",
        "it is no file, and to open it may block"),
]
