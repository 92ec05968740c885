"""CITATION.cff is one, and cites the version that is here."""

from pathlib import Path

import yaml

import vitutor

ROOT = Path(__file__).parent.parent


def test_citation():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == vitutor.__version__
    assert citation["license"] == "MIT"
    assert citation["type"] == "software"
    assert [author["name"] for author in citation["authors"]] == ["vitutor contributors"]
    assert {"message", "title"} <= set(citation)
