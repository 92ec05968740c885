"""Fitting a VAE: minibatches, one draw of z for each datum, Adam on the ELBO. (Lesson 10)

The data live on the device and are shuffled once an epoch; every epoch's order and noise follow
from (seed, epoch), so a run that was cut off goes on bit for bit as if it had not been.
"""

import torch

from vitutor.errors import ArgumentTypeError, DomainError
from vitutor.vae.evaluate import mean_bound
from vitutor.vae.progress import watched
from vitutor.vae.randomness import generator
from vitutor.vae.run import Run
from vitutor.vae.step import Step
from vitutor.validation import count, positive, real_array

VALIDATION_DRAWS = 64
SCORING = 2**32  # stands for the validation noise where else an epoch's number stands


def train(
    model,
    x,
    *,
    n_epochs,
    batch_size=128,
    learning_rate=1e-3,
    beta=1.0,
    n_importance=1,
    seed,
    validation=None,
    patience=None,
    checkpoint=None,
    progress=None,
):
    """Maximise E[log p(x | z)] - beta KL(q || p(z)) in place, and return the History.

    Parameters whose requires_grad is False stay as they are. Started by torchrun, after
    torch.distributed.init_process_group, it shares each batch out among the processes.

    Parameters
    ----------
    x : (N, D). validation : (M, D), whose ELBO is taken after each epoch, always at the same
        noise; the weights kept are then the best epoch's, and without it the last epoch's.
    patience : int, stop after so many epochs without a better validation.
    n_importance : int, draws of z a datum. More than one makes the bound the importance-weighted
        one, in validation of 64 draws: log p(x) gains, q and so the ELBO lose (Burda et al.
        2016; Rainforth et al. 2018).
    checkpoint : path, written every few seconds and at the end; where it exists, the run goes on
        from there, and CheckpointError says so if it was a different run.
    progress : True, False, or None for a bar where somebody watches a long run.

    Raises NonFiniteError, naming the step, when the ELBO is NaN or infinite. The keyboard's
    interrupt ends the run quietly. After either the model holds the weights to keep so far.
    """
    n_epochs, batch_size = count("n_epochs", n_epochs), count("batch_size", batch_size)
    learning_rate = float(positive("learning_rate", real_array("learning_rate", learning_rate, ())))
    beta, seed = float(real_array("beta", beta, ())), count("seed", seed, at_least=0)
    n_importance = count("n_importance", n_importance)
    if n_importance > 1 and beta != 1:
        raise DomainError(
            "beta",
            got=f"{beta:g} with n_importance={n_importance}",
            wanted="1: the importance-weighted bound has no KL of its own to price",
        )
    x = model.data(x)
    if validation is not None:
        validation = model.data(validation, "validation")
    elif patience is not None:
        raise ArgumentTypeError(
            "patience", got=f"{patience!r} alone", wanted="validation data beside it"
        )
    patience = n_epochs if patience is None else count("patience", patience)

    step = Step(model, learning_rate, beta=beta, batch_size=batch_size)
    n_draws = () if n_importance == 1 else (n_importance,)
    settings = {
        "batch_size": batch_size,
        "n_importance": n_importance,
        "learning_rate": learning_rate,
        "beta": beta,
        "seed": seed,
        "scored": validation is not None,
    }
    run = Run(model, step.optimiser, x, settings, checkpoint)
    stopped = "finished"
    try:
        for epoch in watched(range(run.epoch, n_epochs), progress):
            if run.epoch - run.best_epoch >= patience:
                stopped = "early"
                break
            terms = _one_epoch(step, x, n_draws, generator(model.device, seed, epoch))
            scored = None if validation is None else _score(model, validation, n_draws, seed)
            run.record(terms, scored)
        run.write()
    except KeyboardInterrupt:
        stopped = "interrupted"
    finally:
        model.load_state_dict(run.best)
    return run.history(stopped)


def _one_epoch(step, x, n_draws, rng):
    """Each datum's reconstruction and KL, (2, N) in the order in which they came up."""
    order = torch.randperm(len(x), generator=rng, device=x.device)
    eps = _noise(x, n_draws, step.latent_dim, rng)
    batches = zip(x[order].split(step.batch_size), eps.split(step.batch_size, -2), strict=True)
    terms = zip(*(step(*batch) for batch in batches), strict=True)
    terms = torch.stack([torch.cat(term, -1) for term in terms])
    return terms.mean(1) if n_draws else terms


@torch.no_grad()
def _score(model, validation, n_draws, seed):
    if n_draws:
        # At n_importance draws q's overfitting would hide that p(x) still improves.
        return mean_bound(model, validation, VALIDATION_DRAWS, seed)
    noise = _noise(validation, (), model.latent_dim, generator(model.device, seed, SCORING))
    return float(model.elbo(validation, noise).mean())


def _noise(x, n_draws, latent_dim, rng):
    shape = (*n_draws, len(x), latent_dim)
    return torch.empty(shape, device=x.device, dtype=x.dtype).normal_(generator=rng)
