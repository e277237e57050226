"""
What clients may say, at random, and what is to be answered: by the RFCs and
README.md, not by what the program does. Each maker takes a random.Random.
"""

import random
from typing import NamedTuple, Optional

from wire import head, request

MAX_BODY = 65536  # that the server is told
PAGE = b"<p>the page\n"
MISSING = b"<p>nothing here\n"


def filled(size, seed):
    """Bytes of which no range looks like another."""
    return random.Random(seed).randbytes(size)


# What the server copies, lends from memory, and sends from the disk, and what
# lies at the bounds between these.
FILES = {
    "hello.html": PAGE,
    "404.html": MISSING,
    "empty": b"",
    "ten": b"0123456789",
    "copied": filled(16384, 1),
    "lent": filled(16385, 2),
    "cached": filled(256 << 10, 3),
    "sent": filled((256 << 10) + 1, 4),
    "large": filled(700_000, 5),
    "dir/hello.html": b"<p>below\n",
}


def plant(root):
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


def make_body(size):
    """Of a body: what is not skipped of it would be answered."""
    text = b"GET /ten HTTP/1.1\r\nHost: a\r\n\r\n"
    return (text * (size // len(text) + 1))[:size]


class Answer(NamedTuple):
    """One that is to come."""

    status: int
    body: Optional[bytes] = None  # None: a line that says what is wrong
    parts: tuple = ()  # (first, last) of each of several ranges of the body
    fields: tuple = ()  # (name, value) that it has
    bare: bool = False  # it has the length of its body, and no body
    closes: bool = False  # it says so, and ends the connection


class Exchange(NamedTuple):
    """What a client sends, and what it gets."""

    data: bytes
    answer: Answer
    head_size: int  # of the data
    expects: bool = False  # the client may wait for a 100 before the body
    whole: bool = True  # there is no answer before the last byte is there
    asks_close: bool = False  # the client has said that it is the last one
    sleeps: bool = False  # who leaves meanwhile gets no answer


class Asked:
    """A request on the way to be one, and what it is to be answered."""

    def __init__(self, chance):
        self.chance = chance
        self.method = "GET"
        self.target = "/"
        self.version = "1.1"
        self.fields = []
        self.body = b""
        self.answer = Answer(200, PAGE)
        self.keeps = True
        self.asks_close = False
        self.expects = False
        self.whole = True
        self.sleeps = False

    def refuse(self, status, answer=None):
        """Before all of it is there: the connection can't go on."""
        self.answer = answer or Answer(status)
        self.keeps = self.whole = self.asks_close = self.sleeps = False

    def exchange(self):
        answer = self.answer._replace(closes=not self.keeps)
        if self.method == "HEAD" and answer.status not in (204, 304):
            answer = answer._replace(bare=True)
        fields = list(self.fields)
        self.chance.shuffle(fields)
        top = request(
            self.target, *fields, method=self.method, version=self.version
        )
        empty = self.chance.choice([0, 0, 0, 0, 1, 4]) * b"\r\n"
        return Exchange(
            empty + top + self.body,
            answer,
            len(empty + top),
            self.expects,
            self.whole,
            self.asks_close,
            self.sleeps,
        )


# Targets


def ask_for_file(asked):
    chance = asked.chance
    name = chance.choice([*FILES, "", "dir/"])
    content = FILES.get(name) or FILES.get(name + "hello.html", b"")
    forms = [f"/{name}", f"//{name}", f"/./{name}", f"/a/../{name}"]
    forms += [f"/{name}?a=b", f"http://anybody:80/{name}", f"/x/%2e%2E/{name}"]
    if name:
        forms.append(f"/%{ord(name[0]):02x}{name[1:]}")
        forms.append(f"/x%2f..%2F{name.replace('/', '%2f')}")
    asked.target = chance.choice([forms[0], chance.choice(forms)])
    asked.answer = Answer(200, content)
    chance.choice([no_condition, no_condition, add_ranges, add_condition])(
        asked
    )


def ask_for_nothing(asked):
    asked.target = asked.chance.choice(["/none", "/dir/none", "/.hidden"])
    asked.answer = Answer(404, MISSING)


def ask_for_directory(asked):
    asked.target = asked.chance.choice(["/dir?q", "//dir?q", "/%2fdir?q"])
    asked.answer = Answer(301, fields=(("Location", "/dir/?q"),))


def ask_to_sleep(asked):
    asked.sleeps = True
    asked.target = f"/sleep/{asked.chance.choice([0, 1, 3, 10])}ms"
    asked.answer = Answer(200, PAGE)


def ask_to_sleep_wrongly(asked):
    asked.target = asked.chance.choice(["/sleep/x", "/sleep/11m", "/sleep/"])
    asked.answer = Answer(400)


def ask_above(asked):
    asked.target = asked.chance.choice(["/../etc", "/%zz", "/a%2f..%2f..%2fb", "/%00"])
    asked.answer = Answer(400)
    asked.keeps = False


TARGETS = [ask_for_file] * 8 + [ask_to_sleep] * 2
TARGETS += [ask_for_nothing, ask_for_directory, ask_to_sleep_wrongly]
TARGETS += [ask_above]


# Conditions and ranges of a file


def no_condition(asked):
    del asked


def add_condition(asked):
    field, status, body = asked.chance.choice(
        [
            ("If-None-Match: *", 304, b""),
            ('If-None-Match: "x"', 200, asked.answer.body),
            ('If-Match: "x"', 412, None),
            ("If-Match: *", 200, asked.answer.body),
        ]
    )
    asked.fields.append(field)
    asked.answer = Answer(status, body)


def make_spec(chance, size):
    """One range as (text, first, last): last < first where there is none."""
    first, last = chance.randrange(size + 3), chance.randrange(size + 3)
    kind = chance.choice("bbbos")
    if kind == "o":
        return f"{first}-", first, size - 1
    if kind == "s":
        return f"-{last}", max(0, size - last), size - 1
    first, last = min(first, last), max(first, last)
    return f"{first}-{last}", first, min(last, size - 1)


def add_ranges(asked):
    """RFC 9110 14.2: all that are satisfiable, or what is there whole."""
    chance, content = asked.chance, asked.answer.body
    size = len(content)
    specs = [
        make_spec(chance, size) for _ in range(chance.choice([1, 1, 1, 2, 3]))
    ]
    texts, *_ = zip(*specs)
    asked.fields.append(f"Range: bytes={', '.join(texts)}")
    if asked.method != "GET":
        return
    spans = [(a, b) for _, a, b in specs if a <= b]
    if sum(b - a + 1 for a, b in spans) > size:
        return
    if not size and any(t[0] == "-" and t != "-0" for t in texts):
        return  # satisfiable, but no Content-Range can say so
    if not spans:
        where = ("Content-Range", f"bytes */{size}")
        asked.answer = Answer(416, fields=(where,))
    elif len(spans) == 1:
        first, last = spans[0]
        where = ("Content-Range", f"bytes {first}-{last}/{size}")
        part = content[first : last + 1]
        asked.answer = Answer(206, part, fields=(where,))
    else:
        asked.answer = Answer(206, content, tuple(spans))


# Methods


def use_method(asked):
    chance = asked.chance
    asked.method = chance.choice(["POST", "PUT", "OPTIONS", "FOO", "CONNECT"])
    allow = ("Allow", "GET, HEAD, OPTIONS")
    asked.target = "/ten"
    if asked.method == "OPTIONS":
        asked.target = chance.choice(["*", "/ten"])
        asked.answer = Answer(204, b"", fields=(allow,))
    elif asked.method == "FOO":
        asked.answer = Answer(501)
    else:
        asked.answer = Answer(405, fields=(allow,))
    if asked.method == "CONNECT":
        asked.target = "localhost:80"
        asked.keeps = False


# Bodies


def add_length(asked):
    size = asked.chance.choice([0, 1, 2, 700, 9000, MAX_BODY])
    asked.fields.append(f"Content-Length: {size}")
    asked.body = make_body(size)


def chunks(chance, size):
    """The content in chunks of any size, and the last one."""
    left = make_body(size)
    while left:
        some = chance.choice([1, 2, chance.randint(1, len(left)), len(left)])
        digits = chance.choice(["{:x}", "{:X}", "{:04x}"])
        line = digits.format(min(some, len(left)))
        line += chance.choice(["", "", ";a=b", ' ;a="b c"', ";"])
        yield line.encode() + b"\r\n" + left[:some] + b"\r\n"
        left = left[some:]
    yield chance.choice([b"0", b"000", b"0;last"]) + b"\r\n"
    yield chance.choice([b"", b"", b"Trailer: x\r\n", b"a:\r\nb: c\r\n"])
    yield b"\r\n"


def add_chunks(asked):
    size = asked.chance.choice([0, 1, 5, 300, 5000, MAX_BODY])
    asked.fields.append("Transfer-Encoding: chunked")
    if size > 1000:
        asked.body = b"%x\r\n%s\r\n0\r\n\r\n" % (size, make_body(size))
    else:
        asked.body = b"".join(chunks(asked.chance, size))


def add_faulty_chunks(asked):
    """They are refused where the fault is, whatever the answer was to be."""
    asked.fields.append("Transfer-Encoding: chunked")
    good = b"".join(b"1\r\nx\r\n" for _ in range(asked.chance.randrange(3)))
    fault, status = asked.chance.choice(
        [
            (b"x\r\n", 400),
            (b"3\r\nabcd\r\n", 400),
            (b"3\r\nab\r\n\r\n0\r\n\r\n", 400),
            (b"3 \r\nabc\r\n", 400),
            (b"3\nabc\r\n", 400),
            (b"10000000000000000\r\n", 400),
            (b"0\r\nname\r\n\r\n", 400),
            (b"0\r\n folded: x\r\n\r\n", 400),
            (b"%x\r\n" % (MAX_BODY + 1), 413),
            (b"1;" + 33000 * b"a", 413),
        ]
    )
    asked.body = good + fault
    asked.refuse(status)


def add_too_much(asked):
    asked.fields.append(f"Content-Length: {MAX_BODY + 1}")
    asked.body = make_body(asked.chance.choice([0, 1, 3000]))
    asked.refuse(413)


def add_expectation(asked):
    """RFC 9110 10.1.1: a 100 before the body, or the last word at once."""
    asked.fields.append("Expect: 100-continue")
    if asked.version == "1.0":
        return
    if asked.answer.status >= 400:
        asked.refuse(asked.answer.status, asked.answer)
    else:
        asked.expects = True


# Versions and connections


def add_connection(asked):
    chance = asked.chance
    if chance.randrange(6) == 0:
        asked.version = chance.choice(["1.0", "1.0", "1.9"])
    option = chance.choice(["", "", "", "", "", "close", "keep-alive", "x"])
    if option:
        asked.fields.append(f"Connection: {option}")
    old = asked.version == "1.0"
    if option == "close" or (old and option != "keep-alive"):
        asked.keeps = False
        asked.asks_close = True


def add_fields(asked):
    for number in range(asked.chance.choice([0, 0, 1, 3, 40])):
        asked.fields.append(f"X-{number}: {number * 'v'}")


def make_good(chance):
    """What is answered by what it asks for."""
    asked = Asked(chance)
    add_connection(asked)
    if chance.randrange(8) == 0:
        use_method(asked)
    else:
        asked.method = chance.choice(["GET", "GET", "GET", "HEAD"])
        chance.choice(TARGETS)(asked)
    add_fields(asked)
    if chance.randrange(3) == 0:
        bodies = [add_length, add_length]
        if asked.version != "1.0":
            bodies += [add_chunks, add_chunks, add_faulty_chunks]
        bodies.append(add_too_much)
        chance.choice(bodies)(asked)
        if asked.whole and asked.body and chance.randrange(2) == 0:
            add_expectation(asked)
    return asked.exchange()


# Heads that are refused, each where its fault is, and the connection with it.

HOST = "Host: localhost"
REFUSED = [
    (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    (b"GET  / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1 \r\n\r\n", 400),
    (b"GET / http/1.1\r\n\r\n", 400),
    (b"G\0T / HTTP/1.1\r\n\r\n", 400),
    (b"\0", 400),
    (b"\x16\x03\x01\x02\0\x01\0\x01", 400),
    (5 * b"\r\n" + request(), 400),
    (head("GET / HTTP/2.0", HOST), 505),
    (head("GET / HTTP/1.1"), 400),
    (head("GET / HTTP/1.1", HOST, HOST), 400),
    (head("GET / HTTP/1.1", "Host: a b"), 400),
    (head("GET * HTTP/1.1", HOST), 400),
    (head("GET ftp://a/ HTTP/1.1", HOST), 400),
    (head("GET / HTTP/1.0", "Transfer-Encoding: chunked"), 400),
    (request("/", "Name : x"), 400),
    (request("/", ": x"), 400),
    (request("/", "a: b", " folded"), 400),
    (request("/", "a: b\rc"), 400),
    (request("/", "a: b\0c"), 400),
    (request("/", "Content-Length: 1, 2"), 400),
    (request("/", "Content-Length: 1", "Content-Length: 2"), 400),
    (request("/", "Content-Length: -1"), 400),
    (request("/", "Content-Length: 18446744073709551616"), 400),
    (request("/", "Content-Length: 1", "Transfer-Encoding: chunked"), 400),
    (request("/", "Transfer-Encoding: chunked, chunked"), 400),
    (request("/", "Transfer-Encoding: gzip"), 400),
    (request("/", "Transfer-Encoding: gzip, chunked"), 501),
    (request("/", "Expect: the worst"), 417),
    (request("/", method=33 * "M"), 501),
    (request("/" + 8192 * "a"), 414),
    (request("/", "a: " + 33000 * "b"), 431),
    (request("/", *(f"a: {n}" for n in range(100))), 431),
]


def make_refused(chance):
    data, status = chance.choice(REFUSED)
    answer = Answer(status, closes=True)
    return Exchange(data, answer, len(data), whole=False)


# Dialogues


class Dialogue(NamedTuple):
    """What is said on one connection, and how."""

    exchanges: tuple
    junk: bytes = b""  # behind an answer that closes; nobody answers it
    seed: int = 0  # of how it is sent; 0: at once
    end: str = "half-close"  # of HALF, or else how it is cut
    cut: int = 0  # bytes from the end of what is not sent any more


ENDS = ["half-close", "half-close", "half-close", "wait", "close", "reset"]


def make(chance, one_each=False):
    """Of one request each, where the connections are for one."""
    exchanges = []
    while len(exchanges) < chance.choice([1, 2, 4, 8]):
        maker = make_refused if chance.randrange(8) == 0 else make_good
        exchanges.append(maker(chance))
        if exchanges[-1].answer.closes:
            break
    if one_each:
        first = exchanges[0]
        closing = first.answer._replace(closes=True)
        exchanges = [first._replace(answer=closing)]
    junk = b""
    if exchanges[-1].answer.closes and chance.randrange(2) == 0:
        junk = chance.choice([request("/ten"), b"\r\n", 999 * b"j"])
    end = chance.choice(ENDS)
    last = exchanges[-1]
    cut = 0
    if end == "half-close" and last.whole and chance.randrange(4) == 0:
        junk, cut = b"", chance.randint(1, len(last.data) - 1)
    return Dialogue(
        tuple(exchanges), junk, chance.randrange(1, 1 << 30), end, cut
    )
