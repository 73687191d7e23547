"""Put ``resources/`` into the wheel, as the folder ``lab/_resources``.

Why a build step: the folder stands beside ``lab/`` in a checkout, and as a package of its own
it would claim the name ``resources`` for every program of an installation. Nothing is copied
for an editable installation; `lab.resources` finds the folder of the checkout there.
"""

from __future__ import annotations

from setuptools.command.build_py import build_py  # type: ignore[import-untyped] # has none

PACKAGE = "lab._resources"


class BuildWithResources(build_py):  # type: ignore[misc] # its base has no types
    """Builds the modules, and the resources as data of one more package."""

    packages: list[str]
    package_dir: dict[str, str]
    package_data: dict[str, list[str]]

    def finalize_options(self) -> None:
        """Add the package to those that setuptools found."""
        super().finalize_options()
        self.packages = [*self.packages, PACKAGE]
        self.package_dir = {**self.package_dir, PACKAGE: "resources"}
        self.package_data = {**self.package_data, PACKAGE: ["**"]}
