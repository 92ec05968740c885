"""Bets and questions of lesson 10, the variational autoencoder."""

import numpy as np

from vitutor.checks import Bet, Choice, Function, Mistake, Number

BETS = {
    "10.detach": Bet(
        "10.detach",
        "In the ELBO we put `z.detach()` where the decoder should get `z`, so that no gradient passes through "
        "the draw. What becomes of $q(z \\mid x)$?",
        {
            "a": (
                "It shrinks to a point.",
                "That is what a reconstruction without a KL would do. Here only the KL still reaches the encoder.",
            ),
            "b": (
                "It becomes the prior, for every image.",
                "Of the ELBO only the KL to the prior still reaches the encoder, and nothing pays for what $z$ "
                "tells.",
            ),
            "c": (
                "It learns, but more slowly.",
                "The part of the gradient that is missing is the one that tells images apart.",
            ),
        },
        right="b",
    ),
    "10.split": Bet(
        "10.split",
        "The gap on test images has two parts: no diagonal Gaussian fits the posterior (approximation), and the "
        "encoder does not find the best one (amortisation). Which part is the larger, on average?",
        {
            "a": (
                "Approximation.",
                "Sixty-four pixels pin two numbers down, so the posteriors are nearly Gaussian hills; it is a net, in "
                "one glance, that misses them.",
            ),
            "b": (
                "Amortisation.",
                "Most of the gap can be had back by fitting $q$ to the image itself.",
            ),
            "c": (
                "They are equal.",
                "They have different causes; here one is several times larger.",
            ),
        },
        right="b",
    ),
    "10.size": Bet(
        "10.size",
        "We keep the decoder, and train new encoders for it, 30 epochs each, with 4, 8, 16, and so on to 512 hidden units. "
        "What happens to the mean gap on the test images?",
        {
            "a": (
                "It halves whenever the width doubles.",
                "From 4 to 32 units it falls to a third, not to an eighth, and from 128 to 512 hardly.",
            ),
            "b": (
                "It falls to the family's part: a large net can be any function.",
                "It can. Thirty epochs do not find that function, not even for the images that it sees.",
            ),
            "c": (
                "It falls, then stops well above the family's part.",
                "Beyond some width it is not units that the encoder lacks. Little of what stays is the family's.",
            ),
        },
        right="c",
    ),
    "10.longer": Bet(
        "10.longer",
        "The encoder of 512 units, trained for 30 epochs, is trained for 50 more at a third of the rate, the decoder still "
        "held. What becomes of its mean gap?",
        {
            "a": (
                "It falls by as much on the test images as on the training images.",
                "That would be so if nothing but training were lacking. On images that it has never seen, that buys less.",
            ),
            "b": (
                "It falls on the training images, and by less on the test images.",
                "The encoder learns the posteriors of the images it sees; what it knows of others it guesses from those.",
            ),
            "c": (
                "It falls on the training images, and rises on the test images.",
                "So it goes when a model is fitted for too long. Here only the inference is fitted, and a smaller "
                "step helps it on all images.",
            ),
        },
        right="b",
    ),
}

_MEAN, _SCALE = np.array([0.6, -1.0]), np.array([0.5, 0.25])
_KL = 0.5 * (_MEAN**2 + _SCALE**2 - 1) - np.log(_SCALE)
_EXACT, _BEST, _ENCODER = -19.0, -19.2, -20.1


def _elbo(x, logits, mean, log_scale):
    log_likelihood = (x * logits - np.logaddexp(0, logits)).sum(axis=1)
    return log_likelihood - _kl(mean, log_scale).sum(axis=1)


def _kl(mean, log_scale):
    return 0.5 * (mean**2 + np.exp(2 * log_scale) - 1) - log_scale


def _likelihood(x, logits):
    return x * logits - np.logaddexp(0, logits)


def _draw_case(rng):
    x = (rng.random((3, 5)) < 0.5).astype(float)
    return x, rng.normal(size=(3, 5)), rng.normal(size=(3, 2)), rng.normal(size=(3, 2))


QUESTIONS = {
    "10.1": Function(
        "**Question 1.** Write `elbo(x, logits, mean, log_scale)` in NumPy: pixels and logits (N, D), and the encoder's "
        "output (N, Dz). It returns the ELBO of each image at its one draw, (N,), with the KL in closed form.",
        truth=_elbo,
        draw_case=_draw_case,
        tolerance=1e-8,
        because="Sums over pixels, and over latents; one number for each image.",
        mistakes=(
            Mistake(
                lambda x, logits, mean, s: _likelihood(x, logits).sum(1) - _kl(mean, s).mean(1),
                "The KL is averaged over the latents. It is a sum, as the log likelihood is one over pixels: the mean "
                "charges only $1/D_z$ of the price.",
            ),
            Mistake(
                lambda x, logits, mean, s: _likelihood(x, logits).mean(1) - _kl(mean, s).sum(1),
                "The log likelihood is averaged over the pixels: the KL now weighs $D$ times too much.",
            ),
            Mistake(
                lambda x, logits, mean, s: _elbo(x, logits, mean, s / 2),
                "`log_scale` is the log of the standard deviation; you read it as the log of the variance.",
            ),
            Mistake(
                lambda x, logits, mean, s: -_elbo(x, logits, mean, s),
                "This is the loss. What is called *elbo* in this course is maximised.",
            ),
            Mistake(
                lambda x, logits, mean, s: _likelihood(x, logits).sum(1),
                "This is the reconstruction alone; the KL to the prior is to be subtracted.",
            ),
            Mistake(
                lambda x, logits, mean, s: _likelihood(x, logits).sum(1) + _kl(mean, s).sum(1),
                "The sign of the KL: it is a price, so subtract it.",
            ),
        ),
        hint="$\\log p(x \\mid z)$ is the sum over pixels of $x\\,l - \\log(1 + e^l)$; from it goes the sum over latents of "
        "$\\tfrac12(m^2 + s^2 - 1) - \\log s$.",
    ),
    "10.2": Number(
        f"**Question 2.** For one image $\\log p(x) = {_EXACT}$, the best diagonal Gaussian has an ELBO of {_BEST}, and the "
        f"encoder's $q$ one of {_ENCODER}. How large is the amortisation gap, in nats?",
        truth=_BEST - _ENCODER,
        tolerance=1e-3,
        because="The ELBO of the best member of the family, minus that of the encoder's.",
        mistakes=(
            Mistake(
                _EXACT - _BEST, "This is the approximation gap: what even the best member loses."
            ),
            Mistake(_EXACT - _ENCODER, "This is the whole gap. Take the approximation gap off."),
            Mistake(
                _ENCODER - _BEST,
                "The sign: the best ELBO is the larger, and a gap is not negative.",
            ),
        ),
        hint="Amortisation: what is lost because the encoder did not find the best $q$ of its family.",
    ),
    "10.3": Choice(
        "**Question 3.** The amortisation gap of a VAE is large on the test images and small on the training images. What "
        "helps, without touching the decoder?",
        {
            "a": (
                "More draws of $z$ when the ELBO is estimated.",
                "They make the estimate calmer. The ELBO, and its gap, stay.",
            ),
            "b": (
                "A few gradient steps on the $q$ of each test image.",
                "They go from the encoder's $q$ towards the best one: the test image's own.",
            ),
            "c": (
                "A flow, or a full covariance, in $q$.",
                "They make the family larger, which helps against the approximation gap.",
            ),
            "d": (
                "A lower learning rate for the decoder.",
                "The decoder is not to be touched; and it decides $\\log p(x)$, not how well $q$ is found.",
            ),
        },
        right="b",
    ),
}
