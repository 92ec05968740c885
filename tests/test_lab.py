"""A missing browser is a clear skip, and an error where it must be there."""

import lab
import pytest


@pytest.mark.parametrize("missing", ["CHROMIUM", "PLAYWRIGHT"])
def test_missing_browser(monkeypatch, missing):
    monkeypatch.setattr(lab, "CHROMIUM", "/usr/bin/chromium")
    monkeypatch.setattr(lab, "PLAYWRIGHT", "playwright")
    monkeypatch.setenv("CI", "true")
    lab.require_browser()
    monkeypatch.setattr(lab, missing, None)
    with pytest.raises(RuntimeError, match=f"CI needs {missing.capitalize()}|{missing.lower()}"):
        lab.require_browser()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="needs"):
        lab.require_browser()
