import subprocess
import sys

import pytest
import system_packages
from problems import SetupError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Debian's names")


def test_a_library_that_the_loader_misses_is_named_by_its_package():
    missing = system_packages.missing(False, has_library=lambda name: name != "libEGL.so.1")
    assert missing == ["libegl1"]


def test_only_the_tests_need_a_screen_without_a_monitor():
    def nothing(name):
        return False

    assert "xvfb" not in system_packages.missing(False, nothing, nothing)
    assert system_packages.missing(True, nothing, nothing)[-2:] == ["xvfb", "xauth"]


def test_the_loader_itself_is_asked():
    assert system_packages.is_found("libc.so.6")
    assert not system_packages.is_found("libno-such-thing.so.9")


def test_who_is_not_root_gets_the_line_to_type():
    with pytest.raises(SetupError) as refusal:
        system_packages.install(["libgl1", "xvfb"], may_install=False)
    assert str(refusal.value).splitlines()[-1] == "sudo apt-get install -y libgl1 xvfb"


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """Put a stand-in for apt-get on the PATH; return a function that tells its calls."""

    def put(script):
        path = tmp_path / "apt-get"
        path.write_text(f'#!/bin/sh\ncd "{tmp_path}"\necho "$@" >> calls\n{script}\n')
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    def calls():
        lines = (tmp_path / "calls").read_text().splitlines()
        return [line.split("Timeout=120 ")[1] for line in lines]

    put.calls = calls
    return put


def test_root_installs_at_once_where_the_lists_are_there(apt):
    apt("exit 0")
    system_packages.install(["libgl1"], may_install=True)
    assert apt.calls() == ["install -y --no-install-recommends libgl1"]


def test_root_fetches_the_lists_where_there_are_none(apt):
    apt('case "$*" in *update*) touch lists;; *) test -e lists;; esac')
    system_packages.install(["libgl1"], may_install=True)
    assert [call.split()[0] for call in apt.calls()] == ["install", "update", "install"]


def test_apts_own_reason_is_passed_on(apt):
    apt("echo 'E: Unable to locate package libgl1' >&2; exit 100")
    with pytest.raises(SetupError, match=r"libgl1 \(E: Unable to locate package libgl1\)"):
        system_packages.install(["libgl1"], may_install=True)


def test_the_names_are_packages_of_this_debian():
    if not system_packages.is_debian_like():
        pytest.skip("no apt here")
    found = [p for p in system_packages.LIBRARIES.values() if _is_installed(p)]
    libraries = {package: name for name, package in system_packages.LIBRARIES.items()}
    assert all(system_packages.is_found(libraries[package]) for package in found)


def _is_installed(package: str) -> bool:
    answer = subprocess.run(["dpkg-query", "-s", package], capture_output=True, text=True)
    return "Status: install ok installed" in answer.stdout
