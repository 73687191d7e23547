"""What the tests of the command line share: a way to call it, in this process or in another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from lab.cli.program import program

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def nabla(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call ``nabla`` in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(program(), list(arguments))

    return call


@pytest.fixture
def refused(nabla: Callable[..., Result], tmp_path: Path) -> Callable[..., str]:
    """Call ``nabla`` with a wrong request: exit 2, one sentence, nothing left behind."""

    def call(*arguments: str, code: int = 2) -> str:
        before = sorted(tmp_path.rglob("*"))
        result = nabla(*arguments)
        assert (result.exit_code, result.stdout) == (code, ""), result.output
        assert result.stderr.count("\n") == 1
        assert result.stderr.endswith((".\n", "?\n"))
        assert "Traceback" not in result.stderr
        assert sorted(tmp_path.rglob("*")) == before
        return result.stderr.strip()

    return call


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Call ``nabla``, or other Python code, in a process of its own."""

    def call(
        *arguments: str, code: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        start = ["-c", code] if code else ["-m", "lab"]
        env = dict(os.environ) | {"PYTHONPATH": str(ROOT)} | environment
        return subprocess.run(
            [sys.executable, "-W", "error", *start, *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={k: v for k, v in env.items() if v},
            timeout=120,
        )

    return call
