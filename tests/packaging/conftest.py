"""A project of three lines to set up, and wheels to set it up from, without a network."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "packaging"))

PYPROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "tiny"
version = "1.0"
optional-dependencies = { full = ["tiny-part==1.0"], dev = [] }
[tool.setuptools]
packages = ["lab"]
"""
PROGRAM = """
import sys
import tiny_part
print("started with", *sys.argv[1:])
sys.exit(7)
"""
METADATA = "Metadata-Version: 2.1\nName: tiny-part\nVersion: 1.0\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with the real packaging folder, but only one small dependency."""
    root = tmp_path / "a checkout"
    sources = shutil.ignore_patterns("__pycache__", "constraints.txt")
    shutil.copytree(ROOT / "packaging", root / "packaging", ignore=sources)
    pins = f"tiny-part==1.0\nsetuptools=={distribution('setuptools').version}\n"
    (root / "packaging" / "constraints.txt").write_text(pins)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "lab").mkdir()
    (root / "lab" / "__init__.py").touch()
    (root / "lab" / "__main__.py").write_text(PROGRAM)
    return root


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels that the small project needs."""
    folder = tmp_path_factory.mktemp("wheels")
    info = "tiny_part-1.0.dist-info"
    with zipfile.ZipFile(folder / "tiny_part-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_part.py", "")
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-part\nVersion: 1.0\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    _repack("setuptools", folder)
    return folder


def _repack(name: str, folder: Path) -> None:
    """Make a wheel again of an installed distribution."""
    found = distribution(name)
    files = [f for f in found.files or [] if ".." not in f.parts and f.suffix != ".pyc"]
    with zipfile.ZipFile(folder / f"{name}-{found.version}-py3-none-any.whl", "w") as wheel:
        for file in files:
            wheel.write(found.locate_file(file), file.as_posix())


@pytest.fixture
def offline(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine whose package index does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]  # closed again below, so nobody answers there
    mine = {name: text for name, text in os.environ.items() if not name.startswith("PIP_")}
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(tmp_path))
    return (
        mine
        | temporary
        | {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": f"http://127.0.0.1:{port}/simple",
            "PIP_RETRIES": "0",
            "PIP_NO_CACHE_DIR": "1",
        }
    )
