import os
import shutil
import subprocess
import sys
from pathlib import Path

import interpreters
import pytest
import stamp

ENOUGH = 3e9


def start(project: Path, environment: dict[str, str], *arguments: str):
    command = [sys.executable, str(project / "packaging" / "bootstrap.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_a_set_up_fails_in_one_sentence_resumes_and_is_then_skipped(project, wheels, offline):
    if shutil.disk_usage(project).free < ENOUGH:
        pytest.skip("the set-up itself refuses to start on so full a disk")
    venv = project / ".venv"

    failed = start(project, offline, "run")
    assert failed.returncode == 1
    assert failed.stdout == ""
    last = failed.stderr.splitlines()[-1]
    assert last.startswith("A download of setuptools"), failed.stderr
    assert "run the same command again" in last
    assert "Traceback" not in failed.stderr
    assert stamp.read(venv) is None
    made = os.stat(venv / "pyvenv.cfg").st_mtime_ns

    resumed = start(project, offline | {"PIP_FIND_LINKS": str(wheels)}, "run", "--json", "a b")
    assert resumed.stdout == "started with --json a b\n", resumed.stderr
    assert resumed.returncode == 7
    assert os.stat(venv / "pyvenv.cfg").st_mtime_ns == made
    assert stamp.read(venv).extras == {"full"}

    shutil.rmtree(stamp.site_packages(venv) / "pip")  # a second start has no use for it
    second = start(project, offline, "run")
    assert (second.returncode, second.stdout, second.stderr) == (7, "started with\n", "")


@pytest.mark.parametrize("arguments", [(), ("walk",)])
def test_a_wrong_command_is_answered_with_the_usage(project, arguments):
    answer = start(project, dict(os.environ), *arguments)
    assert answer.returncode == 2
    assert answer.stderr.startswith("Usage:")


def test_all_checks_are_made_though_one_fails(monkeypatch, capfd, tmp_path):
    import commands

    checks = {
        "first": ("-c", "import sys; sys.exit(3)"),
        "pytest": ("-c", "import os, sys; print(os.environ['OMP_NUM_THREADS'], sys.argv[1:])"),
    }
    monkeypatch.setattr(commands, "CHECKS", checks)
    monkeypatch.setattr(interpreters, "python_of", lambda venv: Path(sys.executable))
    monkeypatch.setattr(commands, "set_up", lambda *_, **__: "")
    assert commands.test(tmp_path, ["-k", "name"]) == 1
    written = capfd.readouterr().out
    assert "1 ['-k', 'name']" in written
    assert written.endswith("== failed: first\n")
