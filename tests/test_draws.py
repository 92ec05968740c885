"""Draws: a right mean passes, a wrong one is named, and so is one that costs too much."""

from functools import partial

import numpy as np
import pytest

from vitutor.checks import Draws, Mistake

ASK = Draws(
    "Draw from N(m, scale^2).",
    truth=lambda m, scale: m,
    draw_case=lambda rng: (rng.normal(size=2), rng.uniform(1, 2)),
    because="Its mean is m.",
    mistakes=(
        Mistake(lambda m, scale: m + scale**2 / 2, "That is a log-normal's mean."),
        Mistake(lambda m, scale: -m, "The sign is wrong."),
    ),
    hint="What is the mean?",
    largest_se=lambda m, scale: 1.2 * scale / np.sqrt(10_000),
    too_noisy="More noise than one standard normal each.",
)


def draws(shift=0.0, sign=1.0, widen=1.0):
    def f(m, scale, n_draws, *, rng):
        eps = rng.standard_normal((n_draws, 2))
        return sign * m + shift * scale**2 / 2 + widen * scale * eps

    return f


@pytest.mark.parametrize(
    ("answer", "right", "says"),
    [
        (draws(), True, "Its mean is m"),
        (lambda m, scale, n_draws, rng: np.tile(m, (n_draws, 1)), False, "are the same"),
        (draws(shift=1), False, "log-normal"),
        (draws(sign=-1), False, "sign"),
        (draws(shift=0.5), False, "What is the mean"),
        (draws(widen=3), False, "More noise"),
        (lambda m, scale, n_draws, rng: np.full((n_draws, 2), 7.0), False, "are the same"),
        (lambda m, scale, n_draws, rng: rng.normal(size=n_draws), False, r"shape (10000,)"),
        (lambda m, scale, n_draws, rng: np.full((n_draws, 2), np.nan), False, "not a number"),
        (lambda m, scale, n_draws, rng: "draws", False, "real numbers"),
        (lambda m: m, False, "TypeError"),
        (3.0, False, "function itself"),
        (..., None, "Draw from"),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_verdicts(answer, right, says, seed):
    verdict = ASK.judge(answer, seed=seed)
    assert verdict.right is right
    assert says in verdict.says


def test_log_weights_are_held_against_the_log_of_their_mean():
    ask = Draws(
        "",
        truth=lambda m: m + 0.5,
        draw_case=lambda rng: (rng.normal(),),
        because="",
        mistakes=(Mistake(lambda m: m, "That is the mean of the logarithm."),),
        hint="",
        largest_se=lambda m: 0.05,
        too_noisy="",
        log=True,
    )
    assert ask.judge(lambda m, n_draws, rng: m + rng.normal(size=n_draws), seed=0).right
    flat = ask.judge(lambda m, n_draws, rng: m + 1e-3 * rng.normal(size=n_draws), seed=0)
    assert "mean of the logarithm" in flat.says


def test_a_heavy_tail_is_told_before_a_mistake_that_lies_hardly_nearer_than_the_truth():
    """Weights of mean one and infinite variance: as a rule too low, by more than they can know."""
    ask = Draws(
        "",
        truth=lambda: 0.0,
        draw_case=lambda rng: (),
        because="",
        mistakes=(Mistake(lambda: -0.05, "A little too low."), Mistake(lambda: -3.0, "Twenty.")),
        hint="Look at the tails.",
        largest_se=lambda: np.inf,
        too_noisy="",
        log=True,
    )

    def pareto(n_draws, rng, low=0.0, shape=1.25):
        return np.log((shape - 1) / shape) - np.log(rng.random(n_draws)) / shape - low

    verdicts = [ask.judge(pareto, seed=seed) for seed in range(30)]
    wrong = [verdict.says for verdict in verdicts if not verdict.right]
    assert len(wrong) > 5
    assert all("heavy tail" in says and "Look at the tails." in says for says in wrong)
    assert "Twenty" in ask.judge(partial(pareto, low=3.0), seed=0).says


def test_a_seed_repeats_the_cases_and_none_is_fresh():
    seen = []
    for seed in (1, 1, None, None):
        ASK.judge(lambda m, scale, n_draws, rng: seen.append((*m, rng.random())), seed=seed)
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3
