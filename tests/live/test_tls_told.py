"""What is told of TLS: by URLs, /metrics and --version."""

import json

from shaken import https, needs_tls, shake  # noqa: F401

pytestmark = needs_tls

# URLs


def test_urls_of_who_speaks_tls(https):
    """They are https ones, unless a proxy knows better; and so is Secure."""
    client = shake(https("--httpbin", "-w", "1"))
    url = "https://localhost/anything/x"
    for method in ("GET", "POST"):
        told = json.loads(client.ask("/anything/x", method=method).body)
        assert told["url"] == url
    told = client.ask("/anything/x", "X-Forwarded-Proto: http").body
    assert json.loads(told)["url"] == url.replace("https", "http")
    for line in client.ask("/stream/3").body.splitlines():
        assert json.loads(line)["url"] == "https://localhost/stream/3"
    led = client.ask("/absolute-redirect/2").field("Location")
    assert led == "https://localhost/absolute-redirect/1"
    assert "; Secure" in client.ask("/cookies/set?a=b").field("Set-Cookie")
