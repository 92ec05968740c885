"""The bound on log p(x) of a VAE: vitutor.vae.evaluate beside torch.distributions.

Run with `make bench`. 5000 draws for each of the 360 test digits, one thread, a new net of 8
latents and 128 hidden units. The other is what a tutorial writes: fifty draws at a time, densities
by torch.distributions, all log weights kept, one logsumexp at the end. Ours also returns standard
errors, effective sample sizes and Pareto k. The memory is that of the whole process. The last
row is what no bound can do without: the decoder's two matrix products, at as many codes.
"""

import math
import resource

import numpy as np
import torch
from _timing import Table, paired
from torch.distributions import Bernoulli, Normal

from vitutor import data, vae

N_DRAWS, BLOCK = 5000, 50
X = data.digits()[1]
MODEL = vae.build(64, 8, hidden=128, seed=0, device="cpu")


def ours():
    return vae.evaluate(MODEL, X, n_importance=N_DRAWS, seed=0)


@torch.no_grad()
def by_distributions():
    x = torch.as_tensor(X, dtype=torch.float32)
    mean, log_scale = MODEL.head(MODEL.features(x)).chunk(2, -1)
    q, prior = Normal(mean, log_scale.exp()), Normal(0.0, 1.0)
    log_w = []
    for _ in range(N_DRAWS // BLOCK):
        z = q.sample((BLOCK,))
        log_likelihood = Bernoulli(logits=MODEL.decoder(z)).log_prob(x).sum(-1)
        log_w.append(log_likelihood + prior.log_prob(z).sum(-1) - q.log_prob(z).sum(-1))
    return torch.cat(log_w).logsumexp(0) - math.log(N_DRAWS)


@torch.no_grad()
def products():
    z, hidden = torch.randn(4096, 8), torch.randn(4096, 128)
    inner, outer = MODEL.decoder[0].weight.T, MODEL.decoder[2].weight.T
    for _ in range(N_DRAWS * len(X) // len(z)):
        z @ inner
        hidden @ outer


if __name__ == "__main__":
    torch.set_num_threads(1)
    table = Table("vae_evaluate")
    bound = ours()
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    difference = bound.value - by_distributions().numpy()
    error = np.sqrt(2 * (bound.std_error**2).sum()) / len(X)
    assert abs(difference.mean()) < 5 * error
    claim = "IWAE-5000 of a VAE, 360 digits / torch.distributions"
    target = "ours <= 1 s, <= 1024 MiB"
    table.add(claim, target, *paired(ours, by_distributions), peak_mib)
    claim = "IWAE-5000 of a VAE, 360 digits / its matrix products alone"
    table.add(claim, "", *paired(ours, products))
    table.keep()
