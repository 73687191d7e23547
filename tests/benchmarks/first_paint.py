"""First painted window: Nabla's against a bare Qt window's, processes in turns.

Run: ``python tests/benchmarks/first_paint.py [ROUNDS]``. Prints both medians and their ratio,
which is to stay at or below 3.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARE = """
import sys
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        print("painted", flush=True)
        QApplication.exit(0)
app = QApplication(sys.argv)
window = Window()
window.resize(1280, 800)
window.show()
app.exec()
"""

NABLA = """
from lab import app
from lab.shell.main_window import MainWindow
class Window(MainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        print("painted", flush=True)
        import os
        os._exit(0)
app.MainWindow = Window
app.open_window()
"""


def first_paint_s(code: str, home: str) -> float:
    """Start a process and return the seconds until it says that it has painted."""
    env = os.environ | {"NABLA_HOME": home}
    root = str(Path(__file__).resolve().parents[2])
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", code], env=env, cwd=root, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        word = process.stdout.readline()
        took = time.perf_counter() - began
    assert word == "painted\n"
    return took


def main(rounds: int = 7) -> None:
    """Measure both in turns; the first round warms the disk and does not count."""
    bare, nabla = [], []
    with tempfile.TemporaryDirectory() as home:
        for _ in range(rounds + 1):
            bare.append(first_paint_s(BARE, home))
            nabla.append(first_paint_s(NABLA, home))
    a, b = statistics.median(bare[1:]), statistics.median(nabla[1:])
    print(f"bare {a * 1000:.0f} ms, Nabla {b * 1000:.0f} ms, ratio {b / a:.2f} (wanted <= 3)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
