"""The harder cases of the tests' homework."""

import numpy as np

from vitutor.checks import Function


def hidden(constants):
    rate = constants.rate
    return {
        "1.1": Function(
            "",
            truth=lambda x: np.log(rate) - rate * x,
            draw_case=lambda rng: (rng.exponential(size=(3, 2)),),
            tolerance=1e-9,
            because="",
            mistakes=(),
            hint="SECRET WORDS OF A HIDDEN CHECK",
        )
    }
