"""Close the window in mid-training, many times: exit code 0, and how long it takes.

Run: ``python tests/benchmarks/close_in_training.py [TIMES]`` (50). Exits with 1 if a process
did not end with code 0 within two seconds of the close.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 2.0

CODE = """
import sys, time
from PySide6.QtCore import QTimer
from lab import app
from lab.shell.main_window import MainWindow

qt = app.application()
asked = []

def look():
    found = [w for w in qt.topLevelWidgets() if isinstance(w, MainWindow)]
    window = found[0] if found else None
    if window is None or window.bridge is None or not window.start_page.cards()[0].isEnabled():
        return
    if not asked:
        asked.append(True)
        window.files.open_preset("digits-mlp")
    elif window.bridge.look is not None and window.bridge.look.step > 50:
        timer.stop()
        print("closing", flush=True)
        window.close()

timer = QTimer()
timer.timeout.connect(look)
timer.start(20)
app.leave(app.open_window())  # as it does by itself where no one made an application before
"""


def close_once() -> tuple[int, float]:
    """Return exit code, and seconds from the close to the end of the process."""
    with tempfile.TemporaryDirectory() as home:
        env = {"QT_QPA_PLATFORM": "offscreen"} | os.environ | {"NABLA_HOME": home}
        process = subprocess.Popen(
            [sys.executable, "-c", CODE], env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        began = time.perf_counter()
        code = process.wait(timeout=60)
        process.stdout.close()
        return code, time.perf_counter() - began


def main(times: int = 50) -> int:
    """Close so many times and report."""
    results = [close_once() for _ in range(times)]
    good = sum(code == 0 and took <= LIMIT_S for code, took in results)
    slowest = max(took for _code, took in results)
    print(f"{good} of {times} closed with code 0 within {LIMIT_S:g} s; slowest {slowest:.2f} s")
    return 0 if good == times else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
