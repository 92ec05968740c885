"""A VAE that somebody trained, judged by its weights on digits that it has not seen."""

from dataclasses import dataclass

import numpy as np

from vitutor.audit.misconceptions import MISCONCEPTIONS as OF_ELBOS
from vitutor.checks.answers import kind, plain_array
from vitutor.checks.questions import Verdict, invite

LEAST_RATE = 0.1  # nats: below it the code says nothing of the image
DEAR = 6.0  # nats: above it the code was charged too little, or not at all


@dataclass(frozen=True)
class Trained:
    """A function train(x, seed) that returns the weights of a VAE as a dictionary of arrays.

    The nets are Linear layers: features, mean and logvar; hidden and logits; with ReLU between. The
    ELBO on `x_test` has to reach `pass_mark`, nats an image.
    """

    prompt: str
    x_train: np.ndarray
    x_test: np.ndarray
    hidden: int
    latent_dim: int
    prior_scale: float
    pass_mark: float

    def draw_case(self, rng):
        """The training images in another order, and a seed."""
        return rng.permutation(self.x_train), int(rng.integers(10_000))

    def judge(self, answer, seed=None):
        """Return the Verdict on a function, or the question if the answer is `...`."""
        if answer is ...:
            return Verdict(None, f"{self.prompt}\n\n{invite('your function')}")
        if not callable(answer):
            return Verdict(False, f"Pass the function itself; this is a {kind(answer)}.")
        rng = np.random.default_rng(seed)
        try:
            weights = answer(*self.draw_case(rng))
        except Exception as error:
            return Verdict(False, f"**Not so.** It stops with {type(error).__name__}: {error}")
        weights, refusal = self._read(weights)
        if refusal:
            return Verdict(False, f"**Not so.** {refusal}")
        return self._rule(weights, rng)

    def _shapes(self):
        sizes = {
            "features": (self.hidden, self.x_train.shape[1]),
            "mean": (self.latent_dim, self.hidden),
            "logvar": (self.latent_dim, self.hidden),
            "hidden": (self.hidden, self.latent_dim),
            "logits": (self.x_train.shape[1], self.hidden),
        }
        for name, (n_out, n_in) in sizes.items():
            yield f"{name}.weight", (n_out, n_in)
            yield f"{name}.bias", (n_out,)

    def _read(self, weights):
        if not isinstance(weights, dict):
            return None, f"It returns a {kind(weights)}; a dictionary of arrays is wanted."
        plain = {}
        for name, shape in self._shapes():
            if name not in weights:
                return None, f"There is no {name!r} among the weights."
            array = plain_array(weights[name])
            if array is None or array.shape != shape:
                got = "no array" if array is None else f"shape {array.shape}"
                return None, f"{name!r} is {got}; shape {shape} is wanted."
            if not np.isfinite(array).all():
                return None, f"{name!r} is not finite: the training has run away."
            plain[name] = array
        return plain, None

    # A wild net may overflow; its infinite bill is then judged like any other.
    @np.errstate(all="ignore")
    def _bills(self, w, rng, width=0.5):
        """Distortion and rate on the test images, nats an image."""
        features = np.maximum(self.x_test @ w["features.weight"].T + w["features.bias"], 0)
        mean = features @ w["mean.weight"].T + w["mean.bias"]
        logvar = 2 * width * (features @ w["logvar.weight"].T + w["logvar.bias"])
        square = (mean**2 + np.exp(logvar)) / self.prior_scale**2
        rate = 0.5 * (square - 1 - logvar + 2 * np.log(self.prior_scale)).sum(axis=1)
        z = mean + np.exp(0.5 * logvar) * rng.normal(size=(20, *mean.shape))
        hidden = np.maximum(z @ w["hidden.weight"].T + w["hidden.bias"], 0)
        logits = hidden @ w["logits.weight"].T + w["logits.bias"]
        log_p = (self.x_test * logits - np.logaddexp(0, logits)).sum(axis=2)
        return -log_p.mean(), rate.mean()

    def _rule(self, w, rng):
        distortion, rate = self._bills(w, rng)
        elbo = -distortion - rate
        found = f"On the test images: ELBO {elbo:.2f} nats, rate {rate:.2f}."
        if elbo >= self.pass_mark:
            return Verdict(True, f"**Right.** {found}")
        if -sum(self._bills(w, rng, width=1.0)) >= self.pass_mark:
            reason = OF_ELBOS["logvar-as-logstd"].says
        elif rate < LEAST_RATE:
            reason = (
                "The code says nothing of the image. Does a gradient reach q through the draw? And "
                "is the reconstruction a sum over the pixels? The KL outweighs a mean."
            )
        elif rate > DEAR and distortion < self._coins():
            reason = "Sharp images and a dear code: " + OF_ELBOS["kl-missing"].says
        elif -elbo > self._coins():
            reason = "A table of 64 independent coins does better: check the sign, and the steps."
        else:
            reason = f"{self.pass_mark} is wanted: more epochs, another step, a smaller batch?"
        return Verdict(False, f"**Not so.** {found} {reason}")

    def _coins(self):
        """Nats an image that independent pixels cost."""
        on = (self.x_train.sum(axis=0) + 0.5) / (len(self.x_train) + 1)
        return -(self.x_test * np.log(on) + (1 - self.x_test) * np.log1p(-on)).sum(axis=1).mean()
