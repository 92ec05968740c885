"""Training: reproducible, resumable bit for bit, and clear about why it cannot go on."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from vitutor import data, vae
from vitutor.errors import ArgumentTypeError, CheckpointError, DomainError, NonFiniteError
from vitutor.vae import files, run, step

X = data.digits()[0][:60]
HELD_OUT = data.digits()[0][60:100]
SETTINGS = {"batch_size": 16, "learning_rate": 3e-3, "seed": 4}


def model(**more):
    return vae.build(64, 3, hidden=8, seed=1, device="cpu", **more)


def weights(m):
    return torch.cat([p.detach().flatten() for p in m.parameters()])


def trained(n_epochs, m=None, x=X, **more):
    m = m or model()
    return m, vae.train(m, x, n_epochs=n_epochs, **{**SETTINGS, **more})


def test_it_climbs_and_says_so(capfd):
    m, history = trained(40)
    assert history.elbo.shape == (40,) and history.best_epoch == 40
    assert history.stopped == "finished" and history.validation is None
    assert history.elbo[-1] > history.elbo[0] + 10
    np.testing.assert_allclose(history.elbo, history.reconstruction - history.kl)
    held = vae.elbo(m, X, n_draws=20, seed=0).value.mean()
    assert abs(held - history.elbo[-1]) < 1.0  # the ELBO it reports is the one of evaluate
    assert capfd.readouterr() == ("", "")


def test_same_seed_same_weights_and_the_callers_state_is_kept():
    before = torch.random.get_rng_state()
    first, _ = trained(3)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(99)
    assert torch.equal(weights(first), weights(trained(3)[0]))
    assert not torch.equal(weights(first), weights(trained(3, seed=5)[0]))
    _, still = trained(3, learning_rate=1e-30)
    assert len(set(still.elbo)) == 3  # the model stands still, but every epoch draws anew


def test_beta_prices_the_kl():
    rates = [trained(60, beta=beta)[1].kl[-1] for beta in (0.2, 1.0, 5.0)]
    assert rates[0] > 1.3 * rates[1] > 1.3 * 1.3 * rates[2]


def test_importance_weights_buy_log_p_with_elbo():
    plain, _ = trained(100)
    m, history = trained(100, n_importance=10)
    log_p = [vae.evaluate(each, X, n_importance=500, seed=0).value for each in (plain, m)]
    elbo = [vae.elbo(each, X, n_draws=100, seed=0).value for each in (plain, m)]
    assert (log_p[1] - log_p[0]).mean() > 0.2 and (elbo[1] - elbo[0]).mean() < -0.2
    np.testing.assert_allclose(history.elbo, history.reconstruction - history.kl)


def test_the_importance_weighted_bound_is_climbed_along_its_gradient():
    m, rng = model().double(), torch.Generator().manual_seed(0)
    x, eps = m.data(X[:5]), torch.randn(4, 5, 3, generator=rng, dtype=torch.float64)
    before = {name: p.detach().clone() for name, p in m.named_parameters()}
    rate = 1e-3
    step.Step(m, rate, beta=1.0, batch_size=5)(x, eps)
    twin = model().double()
    log_w = twin.log_weights(x, eps)
    (log_w.exp().mean(0).log()).mean().backward()
    for name, p in twin.named_parameters():  # Adam's first step is rate x sign of the gradient
        moved = dict(m.named_parameters())[name].detach() - before[name]
        big = p.grad.abs() > 1e-5
        torch.testing.assert_close(moved[big], rate * p.grad.sign()[big], rtol=1e-2, atol=0)


def test_frozen_parameters_stay():
    m = model(n_components=3)
    m.decoder.requires_grad_(False)
    decoder, encoder = m.decoder[0].weight.clone(), m.head.weight.clone()
    trained(2, m)
    assert torch.equal(m.decoder[0].weight, decoder) and not torch.equal(m.head.weight, encoder)


@pytest.mark.parametrize(
    "kind",
    [
        {"n_components": 3},
        {"n_couplings": 2},
        {"likelihood": "gaussian"},
        {"likelihood": "categorical", "n_values": 2},
        {"likelihood": "discretised_gaussian", "n_values": 2},
        {"hidden": (), "encoder_hidden": (6, 5)},
    ],
    ids=str,
)
def test_every_kind_learns(kind):
    m = vae.build(64, 3, seed=1, device="cpu", **{"hidden": 8, **kind})
    moved = {name: p.clone() for name, p in m.named_parameters()}
    _, history = trained(30, m)
    assert history.elbo[-1] > history.elbo[0] + 5
    still = [name for name, p in m.named_parameters() if torch.equal(p, moved[name])]
    assert still == []


def test_validation_keeps_the_best_epoch_and_patience_stops():
    few = X[:12]  # few enough to be learnt by heart
    m, history = trained(400, x=few, validation=HELD_OUT, patience=15, learning_rate=0.02)
    best = history.validation.argmax()
    assert history.stopped == "early" and history.best_epoch == best + 1
    assert len(history.elbo) == best + 1 + 15 < 400
    again, _ = trained(int(best) + 1, x=few, learning_rate=0.02)
    assert torch.equal(weights(m), weights(again))


def test_a_run_that_stopped_early_stays_stopped(tmp_path):
    few = {"x": X[:12], "validation": HELD_OUT, "patience": 5, "learning_rate": 0.02}
    first = trained(400, checkpoint=tmp_path / "run.pt", **few)[1]
    second = trained(400, checkpoint=tmp_path / "run.pt", **few)[1]
    assert first.stopped == second.stopped == "early"
    np.testing.assert_array_equal(first.validation, second.validation)


@pytest.mark.parametrize(
    "more",
    [{}, {"validation": HELD_OUT}, {"n_importance": 3, "validation": HELD_OUT}],
    ids=["plain", "validated", "weighted"],
)
def test_a_run_in_two_parts_is_the_run_in_one(tmp_path, more):
    whole, history = trained(7, **more)
    path = tmp_path / "run.pt"
    trained(3, checkpoint=path, **more)
    m, resumed = trained(7, checkpoint=path, **more)
    assert torch.equal(weights(m), weights(whole))
    np.testing.assert_array_equal(resumed.elbo, history.elbo)
    assert resumed.best_epoch == history.best_epoch
    again, finished = trained(7, checkpoint=path, **more)  # nothing left to do
    assert torch.equal(weights(again), weights(whole)) and len(finished.elbo) == 7
    assert torch.equal(weights(vae.load(path)), weights(whole))


KILLED = """
import sys
from vitutor import data, vae
from vitutor.vae import run
run.CHECKPOINT_SECONDS = 0.0
m = vae.build(64, 3, hidden=8, seed=1, device="cpu")
x = data.digits()[0][:60]
vae.train(m, x, n_epochs=10**6, batch_size=16, learning_rate=3e-3, seed=4, checkpoint=sys.argv[1])
"""


def test_killed_and_resumed_gives_the_same_weights(tmp_path):
    path = tmp_path / "run.pt"
    process = subprocess.Popen([sys.executable, "-c", KILLED, path])
    try:
        deadline = time.monotonic() + 300
        while not path.exists() or len(files.read(path)["run"]["records"]) < 5:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL
    n_epochs = len(files.read(path)["run"]["records"]) + 3
    m, _ = trained(n_epochs, checkpoint=path)
    assert torch.equal(weights(m), weights(trained(n_epochs)[0]))


def interrupt_at(m, call, error):
    """Make the model's forward raise, or return NaN, at its n-th call."""
    forward, calls = m.forward, iter(range(10**6))

    def spoilt(x, eps):
        reconstruction, kl = forward(x, eps)
        if next(calls) + 1 == call:
            if error is KeyboardInterrupt:
                raise KeyboardInterrupt
            reconstruction = reconstruction * torch.nan
        return reconstruction, kl

    m.forward = spoilt
    return m


def test_an_interrupt_keeps_the_last_whole_epoch(tmp_path):
    m, history = trained(9, interrupt_at(model(), 4 * 2 + 3, KeyboardInterrupt))
    assert history.stopped == "interrupted" and len(history.elbo) == 2
    assert torch.equal(weights(m), weights(trained(2)[0]))


def test_an_interrupt_keeps_the_best_validated_epoch_and_the_run_goes_on(tmp_path):
    path = tmp_path / "run.pt"
    few = {"x": X[:12], "validation": HELD_OUT, "learning_rate": 0.02}
    whole, history = trained(120, **few)
    assert history.best_epoch < 100
    m, cut = trained(120, interrupt_at(model(), 100, KeyboardInterrupt), checkpoint=path, **few)
    assert cut.stopped == "interrupted" and torch.equal(weights(m), weights(whole))
    m, resumed = trained(120, checkpoint=path, **few)
    assert torch.equal(weights(m), weights(whole))
    np.testing.assert_array_equal(resumed.validation, history.validation)


def test_nan_names_the_step_and_keeps_what_was_good(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "CHECKPOINT_SECONDS", 0.0)
    path = tmp_path / "run.pt"
    m = interrupt_at(model(), 4 * 2 + 3, "nan")
    with pytest.raises(NonFiniteError, match=r"step 11, in epoch 3.*run\.pt.*learning_rate"):
        trained(9, m, checkpoint=path)
    good, _ = trained(2)
    assert torch.equal(weights(m), weights(good))
    assert torch.equal(weights(vae.load(path)), weights(good))
    assert torch.equal(weights(trained(5, checkpoint=path)[0]), weights(trained(5)[0]))


def test_weights_that_overflow_in_the_last_step_are_not_kept():
    m = model()
    with pytest.raises(NonFiniteError, match="epoch 1"):
        trained(1, m, batch_size=60, learning_rate=1e39)
    assert torch.equal(weights(m), weights(model()))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"seed": 5}, "another seed"),
        ({"learning_rate": 1e-3, "beta": 2.0}, "another learning_rate and another beta"),
        ({"x": X[1:]}, "another data"),
        ({"validation": HELD_OUT}, "another scored"),
        ({"m": model(n_components=2)}, "another model"),
    ],
)
def test_the_checkpoint_of_another_run_is_refused(tmp_path, changed, words):
    path = tmp_path / "run.pt"
    trained(1, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=words):
        trained(2, checkpoint=path, **changed)
    assert path.read_bytes() == before


def test_a_finished_model_is_no_checkpoint(tmp_path):
    path = tmp_path / "model.pt"
    vae.save(model(), path)
    with pytest.raises(CheckpointError, match="finished model"):
        trained(1, checkpoint=path)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"n_epochs": 0}, DomainError),
        ({"n_epochs": 1.5}, ArgumentTypeError),
        ({"batch_size": 0}, DomainError),
        ({"learning_rate": -1.0}, DomainError),
        ({"learning_rate": np.nan}, NonFiniteError),
        ({"beta": np.inf}, NonFiniteError),
        ({"seed": np.random.default_rng(0)}, ArgumentTypeError),
        ({"patience": 3}, ArgumentTypeError),
        ({"n_importance": 0}, DomainError),
        ({"beta": 2.0, "n_importance": 2}, DomainError),
        ({"validation": HELD_OUT / 2}, DomainError),
        ({"x": X * np.nan}, NonFiniteError),
    ],
)
def test_train_refuses(more, error):
    m = model()
    before = weights(m)
    with pytest.raises(error, match=next(iter(more))):
        vae.train(m, more.pop("x", X), **{"n_epochs": 1, **SETTINGS, **more})
    assert torch.equal(weights(m), before)


def test_a_bar_is_shown_to_who_asks(capsys):
    trained(2, progress=True)
    assert "epoch" in capsys.readouterr().err
