"""What the figure of encoders says and draws, beside gaps that are known."""

import numpy as np
import pytest

from vitutor import widgets

TEST = {4: np.array([5.0, 1.0, 3.0]), 64: np.array([0.0, 2.0, 1.0])}
TRAINING = {4: np.array([2.0, 2.0]), 64: np.array([0.2, 0.6])}


@pytest.fixture
def figure():
    return widgets.encoder_width(TEST, TRAINING, family=0.14)


def test_sentence_has_the_means_of_the_width_chosen(figure):
    assert "With 4 hidden units" in figure.sentence
    assert "3.0 nats short of log p(x) on a test image, and 2.0 on a training" in figure.sentence
    figure.set(width=64)
    assert "1.0 nats short of log p(x) on a test image, and 0.4 on a training" in figure.sentence
    assert "family would be 0.1 short" in figure.sentence


def test_curves_are_the_sorted_gaps_and_none_is_left_out(figure):
    figure.set(width=64)
    figure._draw(figure._stage.axes, figure.data)
    drawn = [tuple(line.get_ydata()) for line in figure._stage.axes[0].get_lines()]
    assert sorted(drawn) == [(0.01, 1.0, 2.0), (0.2, 0.6)]
