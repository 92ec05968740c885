"""Fitting q: the package's loop beside the same loop written by hand in NumPy.

Run with `make bench`. 2000 steps of Adam, 10 draws, 1 datum, two latent dimensions, the bound
recorded every tenth step: so little arithmetic that anything else shows. Both take the same steps.
A ratio is ours / by hand, the median of paired rounds with its quartiles; the target is the
project's own.
"""

import numpy as np
from _timing import Table, paired
from threadpoolctl import threadpool_limits

from vitutor.families import FullRankGaussian, MeanFieldGaussian
from vitutor.fit import fit
from vitutor.gradients import reparameterised
from vitutor.models import LinearGaussian
from vitutor.optim import Adam

N_STEPS, N_DRAWS = 2000, 10
MODEL = LinearGaussian(
    weight=[[1.0, 0.5], [0.3, -1.2], [0.8, 0.7]],
    bias=[0.1, -0.2, 0.3],
    noise_cov=[[0.5, 0.1, 0.0], [0.1, 0.4, 0.05], [0.0, 0.05, 0.6]],
)
X = np.array([[1.2, -0.7, 0.4]])
LOG_2PI = np.log(2 * np.pi)


def ours(q):
    q, _ = fit(
        MODEL,
        X,
        q,
        gradient=reparameterised,
        optimiser=Adam(0.05),
        n_steps=N_STEPS,
        n_draws=N_DRAWS,
        rng=np.random.default_rng(0),
    )
    return q.params


def by_hand(params, unpack, pull_back):
    """What somebody would write who knows the model, the family and one datum."""
    rng = np.random.default_rng(0)
    trace_rng = rng.spawn(1)[0]
    whitener = np.linalg.inv(np.linalg.cholesky(MODEL.noise_cov))
    weight, x = whitener @ MODEL.weight, whitener @ (X[0] - MODEL.bias)
    constant = np.log(np.diag(whitener)).sum() - 2.5 * LOG_2PI
    mean_grad, mean_square = np.zeros_like(params), np.zeros_like(params)
    bounds = []
    for step in range(1, N_STEPS + 1):
        mean, factor, log_det = unpack(params)
        eps = rng.standard_normal((N_DRAWS, 2))
        z = mean + eps @ factor.T
        grad_z = (x - z @ weight.T) @ weight - z
        gradient = pull_back(eps, grad_z, factor)
        mean_grad = 0.9 * mean_grad + 0.1 * gradient
        mean_square = 0.999 * mean_square + 0.001 * gradient**2
        size = np.sqrt(mean_square / (1 - 0.999**step)) + 1e-8
        params = params + 0.05 / (1 - 0.9**step) * mean_grad / size
        if step % 10 == 0:
            mean, factor, log_det = unpack(params)
            eps = trace_rng.standard_normal((N_DRAWS, 2))
            z = mean + eps @ factor.T
            log_joint = constant - 0.5 * ((x - z @ weight.T) ** 2).sum(1) - 0.5 * (z**2).sum(1)
            log_w = log_joint + 0.5 * (eps**2).sum(1) + log_det + LOG_2PI
            bounds.append((log_w.mean(), log_w.std(ddof=1) / np.sqrt(N_DRAWS)))
    return params


def unpack_mean_field(params):
    return params[:2], np.diag(np.exp(params[2:])), params[2:].sum()


def pull_back_mean_field(eps, grad_z, factor):
    # The entropy's share is known without draws: one in each log scale.
    return np.concatenate([grad_z, grad_z * eps * np.diag(factor) + 1], axis=1).mean(axis=0)


def unpack_full_rank(params):
    a, c = np.exp(params[2]), np.exp(params[4])
    return params[:2], np.array([[a, 0.0], [params[3], c]]), params[2] + params[4]


def pull_back_full_rank(eps, grad_z, factor):
    of_factor = grad_z.T @ eps / N_DRAWS
    of_mean = grad_z.mean(axis=0)
    return np.array(
        [
            *of_mean,
            of_factor[0, 0] * factor[0, 0] + 1,
            of_factor[1, 0],
            of_factor[1, 1] * factor[1, 1] + 1,
        ]
    )


def compare(table, what, q, unpack, pull_back):
    def hand():
        return by_hand(q.params[0], unpack, pull_back)

    assert np.allclose(ours(q)[0], hand(), rtol=0, atol=1e-9)
    table.add(f"{what} fit, {N_STEPS} steps / by hand", "<= 3", *paired(lambda: ours(q), hand))


if __name__ == "__main__":
    table = Table("fit")
    with threadpool_limits(1):
        start = MeanFieldGaussian([[3.0, -2.0]], [[2.0, 0.2]])
        compare(table, "mean-field", start, unpack_mean_field, pull_back_mean_field)
        start = FullRankGaussian([[3.0, -2.0]], [[[4.0, 0.1], [0.1, 0.04]]])
        compare(table, "full-rank", start, unpack_full_rank, pull_back_full_rank)
    table.keep()
