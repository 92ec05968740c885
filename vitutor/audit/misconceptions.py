"""What goes wrong in ELBOs: one sentence and one correction each, for auditor, checks and homework.

The sentences say what the mistake does to the bound, so that they hold whoever finds it. KL_j
stands for ½ (mu_j² + exp(logvar_j) - logvar_j - 1), what latent j costs under the prior N(0, 1).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Misconception:
    """One sentence and one line of maths; `legal` marks what is worth a note but is not wrong."""

    says: str
    mend: str
    legal: bool = False


_KL = "KL = Σ_j ½ (mu_j² + exp(logvar_j) - logvar_j - 1)"
_GAUSSIAN = "-log p(x|z) = Σ_d (x_d - recon_d)² / (2 σ²) + D/2 · log(2π σ²)"
_BERNOULLI = "-log p(x|z) = -Σ_d [x_d log recon_d + (1 - x_d) log(1 - recon_d)]"

MISCONCEPTIONS = {
    # Reductions
    "kl-mean-over-latents": Misconception(
        "The KL is averaged over the latents, but the KL of independent latents is their sum: "
        "the more latents, the less each of them is charged.",
        _KL + ": sum over j, mean over the batch only",
    ),
    "recon-mean-over-pixels": Misconception(
        "The reconstruction term is averaged over the pixels, but the log-likelihood of a datum "
        "is their sum: against the KL, the data weigh D times too little.",
        "log p(x|z) = Σ_d log p(x_d|z): sum over d, mean over the batch only",
    ),
    "batch-mean-twice": Misconception(
        "There is a mean over the batch where one was taken already, so the step size follows the "
        "batch size.",
        "loss = 1/N · Σ_n (-ELBO_n)",
    ),
    "batch-reductions-differ": Misconception(
        "One term is summed over the batch and the other averaged, so the weight between them is "
        "the batch size.",
        "loss = 1/N · Σ_n (-log p(x_n|z_n) + KL_n): the same reduction for both",
    ),
    "batch-sum": Misconception("Summed over the batch.", "loss / N", legal=True),
    "batch-mean": Misconception("Averaged over the batch.", "loss · N", legal=True),
    "per-datum": Misconception("One value for each datum.", "1/N · Σ_n loss_n", legal=True),
    "scaled": Misconception(
        "Both terms carry the same factor: the optimum is the ELBO's, the value is not in nats a "
        "datum.",
        "loss / factor",
        legal=True,
    ),
    # Halves, variances, directions
    "kl-half-missing": Misconception(
        "The ½ of the Gaussian log-density is missing from the KL, which is the number beta = 2.",
        _KL,
    ),
    "recon-half-missing": Misconception(
        "The ½ of the Gaussian log-density is missing from the squared error.", _GAUSSIAN
    ),
    "logvar-as-logstd": Misconception(
        "The log-variance is used as if it were the log of the standard deviation.",
        "σ² = exp(logvar), log σ² = logvar, σ = exp(½ logvar)",
    ),
    "std-as-variance": Misconception(
        "The standard deviation stands where the variance belongs.",
        "σ² = exp(logvar), log σ² = logvar = 2 log σ",
    ),
    "kl-reversed": Misconception(
        "This is KL(p‖q), with its arguments the wrong way round: the gap of the ELBO is in "
        "KL(q‖p).",
        _KL,
    ),
    "kl-to-posterior": Misconception(
        "The KL is measured to a posterior, not to the prior: data are counted twice, and the "
        "result can pass log p(x), so it bounds nothing.",
        "ELBO = E_q[log p(x|z)] - KL(q(z|x) ‖ p(z))",
    ),
    "single-argument-order": Misconception(
        "Two arguments of one term have changed places.",
        "BCE(input=recon, target=x);  KL(mu, logvar)",
    ),
    # Signs
    "sign": Misconception(
        "What should be made small has the wrong sign: minimising this makes the data less likely.",
        "loss = -ELBO = -log p(x|z) + KL",
    ),
    "kl-sign": Misconception(
        "The two terms pull the same way because one sign is wrong: q is paid for what it should "
        "be charged for.",
        "ELBO = E_q[log p(x|z)] - KL(q‖p) = E_q[log p(x, z)] + H(q)",
    ),
    # Terms and weights
    "kl-missing": Misconception(
        "The KL is missing, or part of it: nothing holds q near the prior.", _KL
    ),
    "recon-missing": Misconception(
        "The reconstruction term is missing: the loss does not look at how x is drawn.",
        "loss = -log p(x|z) + KL",
    ),
    "beta": Misconception(
        "The two terms are weighted differently: this is the ELBO of another model, or of none.",
        "loss = -log p(x|z) + 1 · KL",
    ),
    # Likelihoods
    "normaliser-missing": Misconception(
        "A constant of the density is left out: gradients are right, values are not nats and "
        "cannot be compared between models.",
        _GAUSSIAN,
        legal=True,
    ),
    "normaliser-wrong": Misconception(
        "The constant is not the normaliser of the squared error beside it.", _GAUSSIAN
    ),
    "squared-error-without-noise": Misconception(
        "A bare squared error names no noise, and so decides on one silently: σ² = ½.", _GAUSSIAN
    ),
    "grey-bernoulli": Misconception(
        "A Bernoulli log-likelihood is evaluated at grey values, where it is not a density: "
        "it lacks a normaliser that moves with the decoder, worth log 2 a pixel or more.",
        _BERNOULLI + " for x_d in {0, 1}; else binarise, or use the continuous Bernoulli",
    ),
    "binary-only": Misconception(
        "What is said here holds for pixels of 0 and 1 only: others are refused, or changed.",
        "x_d in {0, 1}",
        legal=True,
    ),
    "rescaled-target": Misconception(
        "Recon is compared with a rescaled x: the likelihood is one of the rescaled data.",
        "log p(x|z) = log p(a + b x|z) + D log |b|",
        legal=True,
    ),
    "other-prior": Misconception(
        "The KL is measured to a fixed Gaussian other than N(0, I): right if that is your prior.",
        "p(z) = N(0, I)",
        legal=True,
    ),
    # Draws
    "detached-sample": Misconception(
        "The value moves with its argument and the gradient does not: what was drawn from q has "
        "been cut off from q, and q does not learn from it.",
        "z = mu + exp(½ logvar) · eps, kept in the graph: no .detach(), .item(), .numpy(), .data",
    ),
    "log-of-mean": Misconception(
        "This is the log of the mean weight, a tighter bound (IWAE), not the mean of the log "
        "weights, which is the ELBO.",
        "ELBO = 1/S · Σ_s log w_s",
    ),
    "draws-not-averaged": Misconception(
        "The draws are not averaged over: the value grows with their number.",
        "ELBO = 1/S · Σ_s [log p(x, z_s) - log q(z_s)]",
    ),
    "one-draw": Misconception(
        "Only the first draw is used: right on average, and as noisy as one draw.",
        "ELBO = 1/S · Σ_s [log p(x, z_s) - log q(z_s)]",
        legal=True,
    ),
    "own-draws": Misconception(
        "The draws handed over are ignored, and others are used.",
        "use the z that was given",
        legal=True,
    ),
    "prior-twice": Misconception(
        "The prior is counted twice: log p(x, z) holds it already, and so does the KL.",
        "ELBO = E_q[log p(x|z)] - KL(q‖p(z)) = E_q[log p(x, z)] + H(q)",
    ),
    # The function itself
    "raises": Misconception(
        "The function raises an exception.",
        "what the exception says; if the size of x is built in: audit_loss(loss, data_shape=784)",
    ),
    "wrong-output": Misconception(
        "The function does not return one number, or one for each datum.",
        "return a scalar, or shape (N,)",
    ),
    "not-finite": Misconception(
        "The function returns NaN or infinity for ordinary inputs.",
        "log-variances are any real number; for a loss of σ: arguments=(recon, x, mu, std)",
    ),
    "changes-inputs": Misconception(
        "The function changes its inputs in place: whoever passed them is left with other numbers.",
        "write y = x + 1, not x += 1",
    ),
    "not-deterministic": Misconception(
        "Two calls with the same inputs give two values, and a value that moves cannot be "
        "explained to rounding.",
        "draw the noise outside, or use the closed form of the KL",
    ),
    "unexplained": Misconception(
        "No combination of known terms gives these values, and no guess is made.",
        "compare term by term with -log p(x|z) + KL",
    ),
}
