"""How large a foreign file may be, all in one table.

Starting values: large enough for the data of a lab, small enough that no file can take the
machine down. Each refusal names its limit.
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


@dataclass(frozen=True)
class Limits:
    """Bounds on what is read and written; bytes unless the name says otherwise."""

    bad_share: float = 0.01  # of rows or pictures, beyond which the whole file is refused
    listed: int = 10  # bad rows, files or levels named in a message

    table_file: int = 4 * GIB
    table_columns: int = 4_096
    table_cells: int = 200_000_000
    table_field: int = 1 * MIB
    table_line: int = 16 * MIB
    header_characters: int = 200
    category_levels: int = 1_000
    few_levels: int = 20  # so few distinct whole numbers are taken for classes

    array_file: int = 2 * GIB
    array_entries: int = 1_000
    array_header: int = 10_000
    array_rank: int = 32

    archive_directory: int = 4 * MIB
    archive_ratio: int = 200
    archive_free: int = 64 * MIB  # below this, the ratio does not matter

    picture_most: int = 8_192
    picture_pixels: int = 64_000_000
    picture_file: int = 256 * MIB
    picture_files: int = 1_000_000
    pictures_bytes: int = 4 * GIB
    pictures_values: int = 2 * GIB
    picture_side: int = 64  # the median side of unlike pictures is capped at this

    weights_file: int = 16 * GIB
    weights_header: int = 8 * MIB
    weights_tensors: int = 20_000
    weights_rank: int = 8
    weights_name: int = 512
    weights_side: int = 2**40
    memory_share: float = 0.5  # of what is available, for one file
    child_seconds: float = 60.0
    child_spare: int = 1 * GIB

    text_file: int = 1 * MIB
    spare_disk: int = 1 * MIB


LIMITS = Limits()


def in_words(size: float) -> str:
    """Return a number of bytes as a person writes it: ``1.5 MiB``."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < KIB or unit == "GiB":
            break
        size /= KIB
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
