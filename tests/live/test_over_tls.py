"""
Live tests of HTTP once more, over TLS: the switch CHECK_TLS=1 of the kit. Here
are those that take little time; any other is run so by

    CHECK_TLS=1 make check TESTS=tests/live/test_paces.py

and with CHECK_TLS=1.2 it is the older version. A test that says clear_only()
why is left out.
"""

import os
import pathlib
import subprocess
import sys

import pytest
from server import HTDOCS, assert_refused, run
from shaken import NOT_BUILT, TLS_ADDRESS, needs_tls

HERE = pathlib.Path(__file__).parent
MODULES = """
    http requests bodies ranges codings headers echo words words_refused
    faults_on_purpose
""".split()
MOST = 120  # seconds for one of them


@needs_tls
@pytest.mark.parametrize("module", MODULES)
def test_over_tls(module):
    asked = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [*asked, HERE / f"test_{module}.py"],
        env={**os.environ, "CHECK_TLS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=MOST,
    )
    assert ran.returncode == 0, ran.stdout


@pytest.mark.skipif(not NOT_BUILT, reason="a build with OpenSSL")
def test_build_without_openssl_says_what_to_install():
    result = run("-l", TLS_ADDRESS, HTDOCS)
    assert_refused(result, 2, TLS_ADDRESS, "apt-get install libssl-dev")
