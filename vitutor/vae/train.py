"""Fitting a VAE: minibatches, one draw of z for each datum, Adam on the ELBO. (Lesson 10)

The data live on the device and are shuffled once an epoch; every epoch's order and noise follow
from (seed, epoch), so a run that was cut off goes on bit for bit as if it had not been.
"""

import torch

from vitutor.errors import ArgumentTypeError
from vitutor.vae.progress import watched
from vitutor.vae.randomness import generator
from vitutor.vae.run import Run
from vitutor.vae.step import Step
from vitutor.validation import count, positive, real_array

SCORING = 2**32  # stands for the validation noise where else an epoch's number stands


def train(
    model,
    x,
    *,
    n_epochs,
    batch_size=128,
    learning_rate=1e-3,
    beta=1.0,
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
    patience : int, stop after so many epochs without a better validation ELBO.
    checkpoint : path, written every few seconds and at the end; where it exists, the run goes on
        from there, and CheckpointError says so if it was a different run.
    progress : True, False, or None for a bar where somebody watches a long run.

    Raises NonFiniteError, naming the step, when the ELBO is NaN or infinite. The keyboard's
    interrupt ends the run quietly. After either the model holds the weights to keep so far.
    """
    n_epochs, batch_size = count("n_epochs", n_epochs), count("batch_size", batch_size)
    learning_rate = float(positive("learning_rate", real_array("learning_rate", learning_rate, ())))
    beta, seed = float(real_array("beta", beta, ())), count("seed", seed, at_least=0)
    x = model.data(x)
    if validation is not None:
        validation = model.data(validation, "validation")
    elif patience is not None:
        raise ArgumentTypeError(
            "patience", got=f"{patience!r} alone", wanted="validation data beside it"
        )
    patience = n_epochs if patience is None else count("patience", patience)

    step = Step(model, learning_rate, beta=beta, batch_size=batch_size)
    settings = {
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "beta": beta,
        "seed": seed,
        "scored": validation is not None,
    }
    run = Run(model, step.optimiser, x, settings, checkpoint)
    stopped = "finished"
    try:
        for epoch in watched(range(run.epoch, n_epochs), progress):
            terms = _one_epoch(step, x, generator(model.device, seed, epoch))
            run.record(terms, None if validation is None else _score(model, validation, seed))
            if run.epoch - run.best_epoch >= patience:
                stopped = "early"
                break
        run.write()
    except KeyboardInterrupt:
        stopped = "interrupted"
    finally:
        model.load_state_dict(run.best)
    return run.history(stopped)


def _one_epoch(step, x, rng):
    """Each datum's reconstruction and KL, (2, N) in the order in which they came up."""
    order = torch.randperm(len(x), generator=rng, device=x.device)
    eps = _noise(step.latent_dim, x, rng)
    batches = zip(x[order].split(step.batch_size), eps.split(step.batch_size), strict=True)
    terms = zip(*(step(*batch) for batch in batches), strict=True)
    return torch.stack([torch.cat(term) for term in terms])


@torch.no_grad()
def _score(model, validation, seed):
    rng = generator(model.device, seed, SCORING)
    return float(model.elbo(validation, _noise(model.latent_dim, validation, rng)).mean())


def _noise(latent_dim, x, rng):
    return torch.empty(len(x), latent_dim, device=x.device, dtype=x.dtype).normal_(generator=rng)
