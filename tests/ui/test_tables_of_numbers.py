"""Tables and histograms of numbers."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from lab.ui import motion
from lab.ui.histograms import HistogramMark
from lab.ui.plots import Plot
from lab.ui.tables import NumberTable


def table(qtbot, cells):
    made = NumberTable()
    qtbot.addWidget(made)
    made.resize(400, 200)
    made.show()
    made.show_cells(cells, "Input", "Unit")
    return made


def test_a_table_shows_its_cells_and_tells_which_was_pressed(qtbot):
    made = table(qtbot, np.array([[1.0, -2.123456789], [np.nan, 4e-9]]))
    index = made.model().index(0, 1)
    assert made.model().data(index) == "−2.123"
    tip = made.model().data(index, Qt.ItemDataRole.ToolTipRole)
    assert tip == "Unit 1, Input 2\n−2.123456789"
    assert made.model().data(made.model().index(1, 0)) == ""
    with qtbot.waitSignal(made.picked) as told:
        area = made.visualRect(index)
        qtbot.mouseClick(made.viewport(), Qt.MouseButton.LeftButton, pos=area.center())
    assert told.args == [0, 1]


def test_other_numbers_of_the_same_shape_keep_the_place(qtbot):
    made = table(qtbot, np.arange(5_000.0).reshape(500, 10))
    made.scrollTo(made.model().index(400, 0))
    place = made.verticalScrollBar().value()
    made.show_cells(np.ones((500, 10)), "Input", "Unit")
    assert made.verticalScrollBar().value() == place
    assert made.model().data(made.model().index(400, 3)) == "1"
    made.show_cells(np.ones((2, 3)))
    assert (made.model().rowCount(), made.model().columnCount()) == (2, 3)


def test_what_is_selected_is_copied_whole(qtbot):
    made = table(qtbot, np.array([[1 / 3, 2.0], [3.0, 4.0]]))
    made.selectAll()
    qtbot.keyClick(made, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    first, second = QApplication.clipboard().text().split("\n")
    assert float(first.split("\t")[0]) == 1 / 3
    assert second == "3\t4"


def test_a_place_is_gone_to_silently(qtbot):
    made = table(qtbot, np.ones((50, 50)))
    told = []
    made.picked.connect(lambda *where: told.append(where))
    made.go_to(40, 45)
    assert (made.currentIndex().row(), made.currentIndex().column()) == (40, 45)
    made.go_to(400, 1)
    assert made.currentIndex().row() == 40
    assert not told


def test_a_histogram_counts_all_that_is_finite(qtbot):
    plot = Plot("Weight", "Numbers")
    qtbot.addWidget(plot)
    mark = plot.add(HistogramMark("Weight"))
    values = np.random.default_rng(0).normal(size=1_000)
    mark.set([*values, np.nan, np.inf])
    assert mark.counts.sum() == 1_000
    assert mark.gaps == 2
    found = mark.bin_at(0.0)
    assert mark.edges[found] <= 0 <= mark.edges[found + 1]
    assert mark.words_at((0.0, 0.0), (1, 1)).endswith(f"{int(mark.counts[found]):,}")
    assert mark.bin_at(1e9) is None
    plot.resize(400, 300)
    plot.grab()
    assert set(mark.arrays("Weight", "x", "n")) == {"Weight: x", "Weight: n"}


def test_histograms_of_one_value_and_of_none(qtbot):
    mark = HistogramMark("Weight")
    mark.set(np.full(9, 3.0))
    assert mark.counts.sum() == 9
    assert mark.bounds()[0] < 3 < mark.bounds()[1]
    mark.set([])
    assert mark.bounds() is None
    assert mark.words_at((0, 0), (1, 1)) == ""


def test_motion_is_reduced_where_it_is_asked_for(qtbot, monkeypatch):
    for wish, wanted in (("1", True), ("0", False)):
        monkeypatch.setenv(motion.VARIABLE, wish)
        assert motion.is_reduced() is wanted
    monkeypatch.delenv(motion.VARIABLE)
    assert motion.is_reduced() in (True, False)
