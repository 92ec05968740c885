"""The MNIST loader, with OpenML played by a stand-in: there is no network in the tests."""

import urllib.error
import warnings

import numpy as np
import pytest
import sklearn.datasets

from vitutor import data
from vitutor.errors import DownloadError


class Answer:
    """As much of what fetch_openml returns as is used: pixels that add up to MNIST's sums."""

    def __init__(self, wrong=0):
        self.data = np.zeros((70_000, 784))
        for half, total in zip(
            (self.data[:60_000], self.data[60_000:]), data.MNIST_SUMS, strict=True
        ):
            whole, rest = divmod(total, 255)
            half.reshape(-1)[:whole] = 255
            half.reshape(-1)[whole] = rest
        self.data[-1, -1] += wrong


@pytest.fixture
def openml(tmp_path, monkeypatch):
    """A list of what the next calls of fetch_openml return or raise, and an empty data folder."""
    answers = []

    def fetch(name, version, **_):
        assert (name, version) == ("mnist_784", 1)
        warnings.warn("A network error occurred. Retrying...", stacklevel=1)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    return answers


def test_it_splits_binarises_and_needs_the_network_once(openml):
    openml.append(Answer())
    grey, grey_test = data.mnist(binarize=False)
    assert grey.shape == (60_000, 784) and grey_test.shape == (10_000, 784)
    assert grey.sum(dtype=float) == data.MNIST_SUMS[0]
    binary, _ = data.mnist()
    assert openml == []
    np.testing.assert_array_equal(binary, grey >= 128)


@pytest.mark.parametrize(
    "answer",
    [
        urllib.error.URLError("Name or service not known"),
        ConnectionResetError("by peer"),
        ValueError("md5 checksum of local file does not match"),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_without_a_network_it_names_what_there_is(openml, answer):
    openml.append(answer)
    with pytest.raises(DownloadError, match=r"data\.digits\(\) needs no network"):
        data.mnist()


def test_another_data_set_is_refused_and_not_kept(openml, tmp_path):
    openml += [Answer(wrong=1), Answer()]
    with pytest.raises(DownloadError, match="264923201"):
        data.mnist()
    assert list(tmp_path.iterdir()) == []
    cached = tmp_path / "vitutor_mnist.npy"
    np.save(cached, np.zeros((3, 784), np.uint8))
    with pytest.raises(DownloadError, match=r"\(3, 784\)"):
        data.mnist()
    cached.write_bytes(cached.read_bytes()[:-9])
    with pytest.raises(DownloadError, match="damaged"):
        data.mnist()
