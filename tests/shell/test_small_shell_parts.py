from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab.engine.series import Envelope
from lab.shell import drops, layouts, matching, ruler, settings, workspaces
from lab.shell.phases import phases_to
from lab.shell.settings import Settings
from lab.shell.starts import StartGuard

# -- matching -----------------------------------------------------------------------------


def test_the_start_of_a_word_beats_its_middle_and_letters_in_order():
    texts = ["Reset layout", "Preset: Spiral", "Run everything slowly except this"]
    scores = [matching.score("res", t) for t in texts]
    assert scores[0] > scores[1]
    assert matching.score("zq", "Reset layout") is None


def test_every_typed_word_must_be_found():
    assert matching.score("export onnx", "Export: Network, ONNX") is not None
    assert matching.score("export csv", "Export: Network, ONNX") is None


@given(st.text(max_size=60))
def test_any_text_finds_itself_and_a_letter_it_lacks_finds_nothing(text):
    assert matching.score(text, text) is not None
    absent = next(c for c in map(chr, range(0x4E00, 0x4F00)) if c not in text)
    assert matching.score(f"{text} {absent}", text) is None


# -- ruler --------------------------------------------------------------------------------


@given(st.integers(1, 10**9), st.integers(2, 20))
def test_ticks_are_in_order_few_and_end_at_the_last_step(last, most):
    found = ruler.ticks(last, most)
    assert found[0] == 0
    assert found[-1] == last
    assert found == sorted(set(found))
    assert len(found) <= most + 2


@pytest.mark.parametrize(
    ("step", "words"), [(950, "950"), (1000, "1k"), (12_000, "12k"), (1_500_000, "1500k")]
)
def test_steps_are_written_short(step, words):
    assert ruler.short(step) == words


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=20))
@example([3.2e295, -1.7e308])
def test_heights_stay_between_floor_and_ceiling(values):
    heights = ruler.Heights(values)
    assert all(0 <= heights.of(v) <= 1 for v in values)


def test_a_steep_fall_is_drawn_by_its_logarithm():
    heights = ruler.Heights([1.0, 0.1, 0.001])
    assert heights.is_log
    assert heights.of(0.1) > 0.5
    assert not ruler.Heights([1.0, 0.5]).is_log


# -- phases -------------------------------------------------------------------------------


@pytest.mark.parametrize("reached", range(4))
@pytest.mark.parametrize("target", range(1, 5))
def test_a_click_ends_with_the_phase_clicked(reached, target):
    count = phases_to(target, reached)
    assert count >= 1
    assert (reached + count) % 4 == target % 4


# -- settings and starts ------------------------------------------------------------------


def test_settings_come_back(tmp_path):
    kept = Settings(theme="dark", workspace="Lecture", own_workspaces=["Mine"])
    for number in range(12):
        kept.opened(f"/data/{number}.csv")
    kept.opened("/data/5.csv")
    assert settings.write(kept, tmp_path) == ""
    found = settings.read(tmp_path)
    assert found == kept
    assert found.recent[0] == "/data/5.csv"
    assert len(found.recent) == settings.RECENT


@pytest.mark.parametrize(
    "text", ["", "garbage", "[1, 2]", "[" * 100_000, '{"theme": 3, "recent": [1]}', "\x00"]
)
def test_broken_settings_are_the_default(tmp_path, text):
    (tmp_path / settings.FILE).write_text(text)
    assert settings.read(tmp_path) == Settings()


def test_one_bad_field_does_not_cost_the_others(tmp_path):
    stored = {"theme": "pink", "workspace": "Mine", "unknown": 1}
    (tmp_path / settings.FILE).write_text(json.dumps(stored))
    assert settings.read(tmp_path) == Settings(workspace="Mine")


def test_settings_that_cannot_be_written_say_so(tmp_path):
    assert "folder" in settings.write(Settings(), tmp_path / "missing")


def test_the_fourth_start_after_three_failures_is_safe(tmp_path):
    assert [StartGuard(tmp_path).begin() for _ in range(4)] == [False, False, False, True]
    StartGuard(tmp_path).done()
    assert not StartGuard(tmp_path).begin()


def test_a_garbage_count_of_starts_is_none(tmp_path):
    (tmp_path / "starting").write_bytes(b"\xff\xfe many")
    assert not StartGuard(tmp_path).begin()


# -- layouts ------------------------------------------------------------------------------


def test_a_layout_comes_back_only_unharmed():
    seal = layouts.sealed(b"a layout of Qt", ("run", "loss"))
    assert layouts.opened(seal, ("run", "loss")) == b"a layout of Qt"
    assert layouts.opened(seal, ("run", "loss", "data")) is None
    assert layouts.opened(seal | {"qt": "6.2.0"}, ("run", "loss")) is None
    assert layouts.opened(None, ()) is None
    assert layouts.opened({"state": "?", "qt": 3}, ()) is None


def test_every_flipped_byte_is_seen():
    blob = bytes(range(253))
    seal = layouts.sealed(blob, ())
    for place in range(len(blob)):
        harmed = bytearray(blob)
        harmed[place] ^= 0x40
        wrong = seal | {"state": base64.b64encode(bytes(harmed)).decode()}
        assert layouts.opened(wrong, ()) is None


# -- workspaces ---------------------------------------------------------------------------


def test_only_workspaces_whose_hero_exists_are_offered():
    there = ("run", "network", "data", "loss")
    assert [w.name for w in workspaces.present(there)] == ["Build", "Lecture"]
    assert workspaces.find("Build", ("network", "loss")).panels == ("network", "loss")
    assert workspaces.find("Gone", ("run", "network")).name == "Build"
    assert workspaces.present(("loss",))[0].panels == ("loss",)


# -- drops --------------------------------------------------------------------------------


def test_the_first_supported_file_is_chosen_and_the_rest_listed():
    drop = drops.chosen(["/a/x.exe", "/a/t.csv", *(f"/a/{i}.toml" for i in range(998))])
    assert (drop.path.name, drop.kind) == ("t.csv", "csv")
    assert drop.others.startswith("Not opened: x.exe, 0.toml")
    assert "and 994 more" in drop.others


def test_what_cannot_be_opened_is_refused_in_words():
    assert drops.chosen(["/a/film.mkv"]) is None
    assert "film.mkv" in drops.refusal(["/a/film.mkv"])
    assert "none of 2 files" in drops.refusal(["/a/b.exe", "/c.exe"])
    assert "this machine" in drops.refusal([""])


# -- the status line ----------------------------------------------------------------------


def test_a_network_is_named_by_its_widths():
    from lab import presets
    from lab.shell.status import shortened, widths

    assert widths(presets.load("playground").layers, 1) == [4, 2, 1]
    assert widths(presets.load("digits-mlp").layers, 10) == [128, 128, 10]
    inside = {"kind": "residual", "layers": [{"kind": "linear", "units": 5}, "tanh"]}
    deep = presets.load("playground").changed({"layers": [inside, "linear"]})
    assert widths(deep.layers, 1) == [5, 1]
    assert shortened(["4", "32", "32", "32", "32", "1", "1"]) == ["4", "32\u00d74", "1", "1"]


def test_a_thinned_curve_keeps_its_end_and_every_peak():
    rows = np.arange(1.0, 5001.0)
    values = np.sin(rows)
    values[1234] = 50.0
    fine = Envelope(rows[4000:], *(values[4000:],) * 3)
    coarse = values[:4000].reshape(-1, 16)
    means = coarse.mean(axis=1)
    blocks = Envelope(rows[:4000:16], coarse.min(axis=1), coarse.max(axis=1), means)
    made = ruler.thinned([blocks, fine], 100)
    assert len(made) <= 101
    assert made[-1][0] == 5000
    assert max(high for _step, _mean, high in made) == 50.0
    gaps = np.diff([step for step, _mean, _high in made])
    assert gaps[1:-1].max() <= 70
    assert ruler.thinned([], 10) == []
