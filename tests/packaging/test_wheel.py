import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = "import sys, setuptools.build_meta as b; print(b.build_wheel(sys.argv[1]))"


def test_resources_travel_in_the_wheel_and_are_found_there(tmp_path):
    sources = tmp_path / "sources"
    _copy_sources(sources)
    (sources / "resources" / "icons").mkdir(exist_ok=True)
    (sources / "resources" / "icons" / "deep.svg").write_text("<svg/>")
    command = [sys.executable, "-c", BUILD, str(tmp_path)]
    subprocess.run(command, cwd=sources, check=True, capture_output=True)

    (built,) = tmp_path.glob("nabla_lab-*.whl")
    with zipfile.ZipFile(built) as wheel:
        names = set(wheel.namelist())
        wheel.extractall(tmp_path / "installed")
    resources = [f for f in (sources / "resources").rglob("*") if f.is_file()]
    wanted = {
        f"lab/_resources/{f.relative_to(sources / 'resources').as_posix()}" for f in resources
    }
    assert wanted <= names
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {"lab"}

    question = "from lab.resources import path; print(path('icons', 'deep.svg'))"
    answer = subprocess.run(
        [sys.executable, "-c", question],
        cwd=tmp_path / "installed",
        check=True,
        capture_output=True,
        text=True,
    )
    installed = tmp_path / "installed" / "lab" / "_resources" / "icons" / "deep.svg"
    assert Path(answer.stdout.strip()) == installed


def _copy_sources(target: Path) -> None:
    """Copy what a wheel is made from; a build leaves folders behind beside its sources."""
    for pattern in ("pyproject.toml", "LICENSE", "README.md", "lab/**/*", "resources/**/*"):
        for file in ROOT.glob(pattern):
            _copy(file, target)
    _copy(ROOT / "packaging" / "wheel_resources.py", target)


def _copy(file: Path, target: Path) -> None:
    if file.is_file() and "__pycache__" not in file.parts:
        copy = target / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
