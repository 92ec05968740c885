"""One step of ascent on the ELBO: eagerly, as a CUDA graph, or one process's share of it.

The optimiser maximises, so the ELBO is never negated.
"""

import math
import warnings

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

# Steps a side stream must have seen before a graph can be captured (torch's notes on CUDA graphs).
WARM_UP = 3


class Step:
    """Calling it with a batch x (B, D) and its noise (B, Dz) moves the model once uphill.

    Noise (S, B, Dz) makes the hill the importance-weighted bound. Returns each datum's and draw's
    reconstruction and KL from before the step, nats, without waiting for the device; in a process
    group, those of this process's share of the batch.
    """

    def __init__(self, model, learning_rate, *, beta, batch_size):
        device = model.device.type
        self.beta, self.batch_size, self.latent_dim = beta, batch_size, model.latent_dim
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.optimiser = torch.optim.Adam(
            self.parameters,
            learning_rate,
            fused=device in ("cpu", "cuda"),
            capturable=device == "cuda",
            maximize=True,
        )
        self.model, self.share, self.n_shares = model, 0, 1
        if in_group():
            self.share, self.n_shares = distributed.get_rank(), distributed.get_world_size()
            self.model = DistributedDataParallel(model, broadcast_buffers=False)
        self.graphed = device == "cuda" and self.n_shares == 1
        self.graph, self.n_warm = None, 0

    def __call__(self, x, eps):
        if not self.graphed or x.shape[-2] < self.batch_size:
            return self._step(x, eps)
        if self.n_warm < WARM_UP:
            return self._warm_up(x, eps)
        if self.graph is None and not self._capture(x, eps):
            return self._step(x, eps)
        self.x.copy_(x)
        self.eps.copy_(eps)
        self.graph.replay()
        return tuple(term.clone() for term in self.terms)

    def _step(self, x, eps):
        n = x.shape[-2]
        if self.n_shares > 1:
            x, eps = (t.tensor_split(self.n_shares, -2)[self.share] for t in (x, eps))
        reconstruction, kl = self.model(x, eps)
        bound = reconstruction - self.beta * kl
        if eps.ndim > x.ndim:
            bound = log_mean_weight(bound)
        # Summed over models, where there is a stack of them. DistributedDataParallel averages over
        # processes, whose shares may differ by one datum: hence the sum over data, and the factor.
        objective = bound.sum() * (self.n_shares / n)
        for p in self.parameters:
            p.grad = None  # as zero_grad() does, which takes 5 % of a small model's step
        objective.backward()
        self.optimiser.step()
        return reconstruction.detach(), kl.detach()

    def _warm_up(self, x, eps):
        stream, main = torch.cuda.Stream(), torch.cuda.current_stream()
        stream.wait_stream(main)
        with torch.cuda.stream(stream):
            terms = self._step(x, eps)
        main.wait_stream(stream)
        self.n_warm += 1
        return terms

    def _capture(self, x, eps):
        self.x, self.eps, graph = x.clone(), eps.clone(), torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self.terms = self._step(self.x, self.eps)
        except RuntimeError as error:
            warnings.warn(f"No CUDA graph, so launches will cost time: {error}", stacklevel=2)
            self.graphed = False
            return False
        self.graph = graph
        return True


def log_mean_weight(log_w):
    """Importance-weighted bound, nats (B,), of log weights (S, B) (Burda et al. 2016, eq. 8)."""
    return log_w.logsumexp(0) - math.log(len(log_w))


def in_group():
    """Whether torchrun's processes have been joined by torch.distributed.init_process_group."""
    return distributed.is_available() and distributed.is_initialized()
