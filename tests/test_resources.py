from pathlib import Path

import pytest

from lab import resources

ROOT = Path(__file__).resolve().parents[1]


def test_a_checkout_reads_its_own_folder():
    assert resources.path() == ROOT / "resources"
    assert "lab.resources" in resources.path("README.md").read_text(encoding="utf-8")


def test_what_is_missing_is_named_with_what_to_do():
    with pytest.raises(FileNotFoundError, match=r"no-such\.svg.*install it again"):
        resources.path("icons", "no-such.svg")
