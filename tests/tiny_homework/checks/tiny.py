"""A homework of three automatic parts and a written one, for the tests of the grading itself."""

import numpy as np

from vitutor.checks import Choice, Draws, Function, Mistake


def constants(seed):
    rng = np.random.default_rng(seed)
    return {"rate": round(rng.uniform(1, 3), 2), "start": rng.normal(size=3).round(2)}


def parts(constants):
    rate = constants.rate
    return {
        "1.1": Function(
            "The log density of an exponential distribution.",
            truth=lambda x: np.log(rate) - rate * x,
            draw_case=lambda rng: (rng.exponential(size=4),),
            tolerance=1e-9,
            because="$\\log\\lambda - \\lambda x$.",
            mistakes=(Mistake(lambda x: -rate * x, "The normalising constant is missing."),),
            hint="Take the logarithm of the density.",
        ),
        "1.2": Draws(
            "Draws of it.",
            truth=lambda: 1 / rate,
            draw_case=lambda rng: (),
            because="The mean is $1/\\lambda$.",
            mistakes=(Mistake(lambda: rate, "NumPy's scale is $1/\\lambda$."),),
            hint="What is its mean?",
            largest_se=lambda: 1.2 / rate / 100,
            too_noisy="Noisier than one exponential variable each.",
        ),
        "1.3": Choice(
            "Which is larger?",
            options={"a": ("The mean.", "Yes."), "b": ("The median.", "It is log 2 of the mean.")},
            right="a",
        ),
    }
