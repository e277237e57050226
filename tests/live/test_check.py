"""--check: what would be served, and what would not, without a trace."""

import os
import re

import pytest
from server import HTDOCS, assert_refused, obey_modes, run


def test_check_of_what_is_good():
    result = run("--check", "-l", "127.0.0.1:0", HTDOCS)
    assert result.returncode == 0 and result.stderr == ""
    assert re.fullmatch(r"[^\n]+\n", result.stdout)


def test_check_of_a_root_that_is_not(tmp_path):
    missing = tmp_path / "missing"
    assert_refused(run("--check", missing), 1, missing)


def check_log(path):
    return run(
        "--check", "-l", "0", "--log=combined", f"--log-file={path}", HTDOCS
    )


def test_check_makes_no_log(tmp_path):
    path = tmp_path / "access.log"
    assert check_log(path).returncode == 0
    assert not path.exists()
    path.write_text("before\n")
    assert check_log(path).returncode == 0
    assert path.read_text() == "before\n"


@pytest.mark.parametrize(
    "name", ["missing/access.log", "fifo", "file/access.log", "directory", ""]
)
def test_check_of_a_log_that_cannot_be_written(tmp_path, name):
    os.mkfifo(tmp_path / "fifo")  # which nobody reads
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()
    path = tmp_path / name
    assert_refused(check_log(path), 1, path)


def test_check_of_a_log_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    path = tmp_path / "access.log"
    result = run(
        "--check",
        "-l",
        "0",
        "--log=combined",
        f"--log-file={path}",
        HTDOCS,
        preexec_fn=obey_modes,
    )
    tmp_path.chmod(0o700)
    assert_refused(result, 1, path)
