import threading
from types import FunctionType

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton

from lab.ui.controls import Banner, ElidedLabel
from lab.ui.panel import PanelFrame, PanelSpec
from lab.ui.titlebar import TitleBar


@pytest.fixture
def frame(qtbot):
    made = PanelFrame()
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    return made


def test_bands_have_the_heights_of_the_look(frame):
    button = QPushButton("Play")
    frame.add_control(button)
    picture = QLabel("picture")
    frame.set_picture(picture)
    frame.set_reading("Step 1")
    frame.grab()
    top = picture.mapTo(frame, picture.rect().topLeft()).y()
    assert (top, frame.height() - top - picture.height()) == (40, 31)


def test_controls_stand_left_and_right_in_the_order_they_came(frame, qtbot):
    names = [("a", False), ("x", True), ("b", False), ("y", True)]
    made = {n: QPushButton(n) for n, _right in names}
    for name, at_right in names:
        frame.add_control(made[name], at_right=at_right)
    qtbot.waitUntil(made["y"].isVisible)
    frame.grab()
    places = {n: b.x() for n, b in made.items()}
    assert sorted(places, key=places.get) == ["a", "b", "x", "y"]
    assert places["x"] > 200


def test_a_new_picture_takes_the_place_of_the_old(frame, qtbot):
    old, new = QLabel("old"), QLabel("new")
    frame.set_picture(old)
    with qtbot.waitSignal(old.destroyed):
        frame.set_picture(new)
    assert frame.picture() is new


def test_the_reading_is_plain_cut_on_the_screen_and_copied_whole(frame, qtbot):
    text = "<b>loss</b> " + "and so on " * 40
    frame.set_reading(text)
    assert frame._reading.textFormat() == Qt.TextFormat.PlainText
    qtbot.mouseClick(frame._copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == " ".join(text.split())
    frame.grab()
    assert frame._reading.toolTip() == frame.reading()
    assert frame.width() == 400


def test_a_banner_says_acts_and_goes(frame, qtbot):
    banner = frame.show_banner("error", "The <i>loss</i> is not finite.", "Go back")
    assert banner.isVisible()
    with qtbot.waitSignal(frame.banner_acted):
        banner._button.click()
    again = frame.show_banner("info", "Something else.")
    assert again is banner
    assert not banner._button.isVisible()
    with qtbot.waitSignal(banner.dismissed):
        banner._cross.click()
    assert not banner.isVisible()


def test_words_of_banners_are_never_markup(qtbot):
    banner = Banner("warning", "<img src=file:///etc/passwd>")
    qtbot.addWidget(banner)
    assert banner._words.textFormat() == Qt.TextFormat.PlainText
    assert banner.text() == "<img src=file:///etc/passwd>"


def test_progress_shows_what_is_left_and_can_be_cancelled(frame, qtbot):
    frame.show_progress(0.25, "Surface", 12.4)
    assert frame._progress._estimate.text() == "about 12 s left"
    with qtbot.waitSignal(frame.cancelled):
        frame._progress._cancel.click()
    frame.show_progress(None)
    assert frame._progress._bar.maximum() == 0
    frame.hide_progress()
    assert not frame._progress.isVisible()


def test_an_empty_panel_says_one_sentence_with_one_button(frame, qtbot):
    picture = QLabel()
    frame.set_picture(picture)
    frame.set_empty("No data yet.", "Choose data")
    assert frame.is_empty()
    with qtbot.waitSignal(frame.empty_pressed):
        frame._empty._button.click()
    assert frame.picture() is picture
    frame.show_picture()
    assert not frame.is_empty()


def test_the_subtitle_reaches_the_title_bar_once(frame, qtbot):
    bar = TitleBar("Loss")
    qtbot.addWidget(bar)
    frame.subtitle_changed.connect(bar.set_subtitle)
    frame.set_subtitle("cross-entropy")
    with qtbot.assertNotEmitted(frame.subtitle_changed):
        frame.set_subtitle("cross-entropy")
    assert bar._subtitle.text() == "cross-entropy"


def test_the_title_bar_is_32_high_and_tells_its_buttons(qtbot):
    bar = TitleBar("Loss", "nats")
    qtbot.addWidget(bar)
    assert bar.height() == 32
    with qtbot.waitSignals([bar.maximise_pressed, bar.close_pressed]):
        bar._maximise.click()
        bar._close.click()
    with qtbot.waitSignal(bar.maximise_pressed):
        qtbot.mouseDClick(bar, Qt.MouseButton.LeftButton)
    bar.set_maximised(True)
    assert bar._maximise.accessibleName() == "Restore Loss"


@pytest.mark.fault("T6")
def test_public_methods_assert_the_thread_of_the_window(frame):
    errors = []

    def touch():
        try:
            frame.set_reading("from a worker")
        except AssertionError as error:
            errors.append(str(error))

    worker = threading.Thread(target=touch)
    worker.start()
    worker.join(timeout=5)
    assert errors == ["PanelFrame.set_reading: called from another thread than the window's"]
    assert frame.reading() == ""


@pytest.mark.fault("T6")
def test_every_public_method_of_a_panel_and_a_plot_has_that_guard():
    from lab.ui.plots import Plot

    for owner in (PanelFrame, Plot):
        methods = {n: m for n, m in vars(owner).items() if isinstance(m, FunctionType)}
        public = {n for n in methods if n.islower() and not n.startswith("_")} - {"event"}
        assert public
        assert all(hasattr(methods[n], "__wrapped__") for n in public), public


def test_a_spec_is_frozen_and_makes_a_widget(qtbot):
    spec = PanelSpec(
        name="loss", title="Loss", make=lambda _bridge: PanelFrame(), shortcut=None
    )
    widget = spec.make(None)
    qtbot.addWidget(widget)
    with pytest.raises(AttributeError):
        spec.name = "other"


def test_a_long_line_never_widens_the_window(qtbot):
    label = ElidedLabel("x" * 100_000)
    qtbot.addWidget(label)
    assert label.minimumSizeHint().width() < 60
    assert len(label.text()) <= 4096
