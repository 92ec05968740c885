"""The table of the benchmarks holds every row that was measured, and says what was not."""

import json
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
import table

KEPT = sorted(table.RESULTS.glob("*.json"))


def test_every_benchmark_has_its_place():
    scripts = {path.stem for path in table.RESULTS.parent.glob("[!_]*.py")} - {"table"}
    assert scripts <= set(table.TITLES)
    assert {path.stem for path in KEPT} <= set(table.TITLES)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_every_row_is_in_the_table(path):
    kept = json.loads(path.read_text(encoding="utf-8"))
    text = table.section(path.stem, "A title")
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    n_rows = len(kept.get("rows", "1"))
    expected = 1 + 2 * n_rows if path.stem == "vae_quality" else n_rows
    assert len(lines) == expected
    assert kept["machine"] in text


def test_the_table_is_of_what_was_measured_last():
    assert (table.RESULTS / "table.md").read_text(encoding="utf-8") == table.text()


def test_a_ratio_is_this_over_that(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "RESULTS", tmp_path)
    ratio = {"q25": 0.4, "median": 0.5, "q75": 0.8}
    row = {"claim": "a / b", "target": "<= 1", "ours_s": 1.0, "other_s": 2.0, "ratio": ratio}
    (tmp_path / "fit.json").write_text(json.dumps({"machine": "here", "rows": [row]}))
    assert "| a / b | 1 s | 2 s | 0.50 (0.40–0.80) | ≤ 1 |" in table.section("fit", "Fitting")
    faster = {"q25": 2.0, "median": 4.0, "q75": 5.0}
    row = {"contender": "ours", "size": "small", "times_as_fast": faster}
    row |= {"ms_an_epoch": 2.0, "tutorial_ms_an_epoch": 8.0}
    (tmp_path / "vae_speed.json").write_text(json.dumps({"machine": "here", "rows": [row]}))
    assert "| 2.0 | 8.0 | 0.25 (0.20–0.50) |" in table.section("vae_speed", "Training")
    row = {"claim": "many / one", "this": 6e7, "that": 2e6, "target": "≥ 6.4"}
    (tmp_path / "vae_gpu.json").write_text(json.dumps({"machine": "a card", "rows": [row]}))
    assert "| many / one | 60,000,000 | 2,000,000 | 30.00 | ≥ 6.4 |" in table.section("vae_gpu", "")


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "RESULTS", tmp_path)
    assert len(re.findall("Not measured", table.text())) == len(table.TITLES)
