"""Flows against torch autograd, against the slogdet of the Jacobian, and as a posterior."""

import numpy as np
import pytest
import torch

from vitutor import elbo, evidence, gradients
from vitutor.divergences import kl
from vitutor.errors import ArgumentTypeError, DomainError, IntractableError, ShapeError
from vitutor.estimate import Estimate
from vitutor.families import FullRankGaussian, MeanFieldGaussian
from vitutor.flows import AffineCoupling, Flow, PlanarFlow
from vitutor.grid import GridPosterior
from vitutor.models import Decoder

N_DATA, DIM = 2, 3


def base(rng, n_data=N_DATA, dim=DIM):
    factor = rng.normal(size=(n_data, dim, dim)) / 2
    return FullRankGaussian(
        rng.normal(size=(n_data, dim)), factor @ factor.transpose(0, 2, 1) + 0.5 * np.eye(dim)
    )


def moved(part, rng, scale=1.0):
    """The same family or step, with every parameter off where it was."""
    return part.with_params(part.params + scale * rng.normal(size=part.params.shape))


def planar(rng, n_data=N_DATA, dim=DIM):
    return moved(PlanarFlow.identity(n_data, dim, rng=rng), rng)


def coupling(rng, n_data=N_DATA, dim=DIM, flip=False):
    step = AffineCoupling.identity(n_data, dim, n_hidden=4, rng=rng, flip=flip)
    return moved(step, rng, scale=0.5)


def flipped(rng, n_data=N_DATA, dim=DIM):
    return coupling(rng, n_data, dim, flip=True)


STEPS = {"planar": [planar], "coupling": [coupling], "flipped": [flipped]}
STACKS = STEPS | {"all": [planar, coupling, flipped, planar], "none": []}


@pytest.fixture(params=STACKS.values(), ids=STACKS)
def flow(request):
    rng = np.random.default_rng(5)
    return Flow(base(rng), [make(rng) for make in request.param])


@pytest.fixture(params=STEPS.values(), ids=STEPS)
def step(request):
    return request.param[0](np.random.default_rng(6))


def noise(n_draws, seed=0, shape=(N_DATA, DIM)):
    return np.random.default_rng(seed).standard_normal((n_draws, *shape))


def numeric_jacobian(f, z, step=1e-6):
    """d f / d z of f from (S, N, D) to (S, N, ...), the derivative's axis last."""
    columns = []
    for d in range(z.shape[-1]):
        shift = step * (np.arange(z.shape[-1]) == d)
        columns.append((f(z + shift) - f(z - shift)) / (2 * step))
    return np.stack(columns, axis=-1)


def test_log_det_is_the_slogdet_of_the_jacobian(step):
    z = 2 * noise(20)
    jacobian = numeric_jacobian(lambda z: step.forward(z)[0], z)
    sign, log_det = np.linalg.slogdet(jacobian)
    assert (sign > 0).all()
    np.testing.assert_allclose(step.forward(z)[1], log_det, atol=1e-8)


def test_inverse_undoes_forward(step):
    z = 3 * noise(500)
    np.testing.assert_allclose(step.inverse(step.forward(z)[0]), z, atol=1e-12)


def test_a_step_that_would_fold_is_mended():
    # Without the mend the map runs backwards across the plane, wherever normal · direction < -1.
    step = PlanarFlow([[-30.0, 4.0]], [[2.0, 1.0]], [0.3])
    z = noise(500, shape=(1, 2))
    there, log_det = step.forward(z)
    assert np.isfinite(log_det).all()
    np.testing.assert_allclose(step.inverse(there), z, atol=1e-6)


def in_torch(step, theta, z):
    """The step's forward, written again in torch: theta (N, P) with a gradient, z (S, N, D)."""
    dim = step.shape[1]
    if isinstance(step, PlanarFlow):
        u, w, b = theta[:, :dim], theta[:, dim:-1], theta[:, -1]
        overlap = (u * w).sum(-1)
        along = torch.log1p(torch.exp(overlap + np.log(np.e - 1))) - 1
        push = u + ((along - overlap) / (w * w).sum(-1))[:, None] * w
        ridge = torch.tanh((z * w).sum(-1) + b)
        return z + push * ridge[..., None], torch.log(1 + (1 - ridge**2) * (push * w).sum(-1))
    kept = list(range(dim // 2, dim)) if step.flip else list(range(dim // 2))
    rest = [d for d in range(dim) if d not in kept]
    shapes = [step.in_weight.shape, step.in_bias.shape, step.out_weight.shape, step.out_bias.shape]
    sizes = [int(np.prod(shape[1:])) for shape in shapes]
    parts = zip(theta.split(sizes, dim=1), shapes, strict=True)
    in_weight, in_bias, out_weight, out_bias = (part.reshape(shape) for part, shape in parts)
    hidden = torch.tanh(torch.einsum("nhd,snd->snh", in_weight, z[..., kept]) + in_bias)
    out = torch.einsum("nkh,snh->snk", out_weight, hidden) + out_bias
    log_scale, shift = out.chunk(2, dim=2)
    there = z.clone()
    there[..., rest] = z[..., rest] * torch.exp(log_scale) + shift
    return there, log_scale.sum(-1)


@pytest.mark.one_seed
def test_pull_back_of_a_step_is_torchs(step):
    n_draws, volume = 4, 0.7
    z, grad = noise(n_draws, 1), noise(n_draws, 2)
    of_z, of_params = step.pull_back(z, grad, volume)
    theta = torch.tensor(step.params, requires_grad=True)
    at = torch.tensor(z, requires_grad=True)
    there, log_det = in_torch(step, theta, at)
    np.testing.assert_allclose(step.forward(z)[0], there.detach(), rtol=1e-12)
    np.testing.assert_allclose(step.forward(z)[1], log_det.detach(), rtol=1e-9)
    objective = (torch.tensor(grad) * there).sum(-1) + volume * log_det
    for s in range(n_draws):
        torchs = torch.autograd.grad(objective[s].sum(), [at, theta], retain_graph=True)
        np.testing.assert_allclose(of_z[s], torchs[0].numpy()[s], rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(of_params[s], torchs[1].numpy(), rtol=1e-9, atol=1e-11)


def test_the_density_is_that_of_the_draws(flow):
    eps = noise(30, 3)
    z = flow.transform(eps)
    jacobian = numeric_jacobian(flow.transform, eps)
    log_normal = -0.5 * (eps**2).sum(axis=2) - DIM / 2 * np.log(2 * np.pi)
    log_q = log_normal - np.linalg.slogdet(jacobian)[1]
    np.testing.assert_allclose(flow.log_prob(z), log_q, atol=1e-7)
    one, another = (np.random.default_rng(4) for _ in range(2))
    z, log_q = flow.sample_and_log_prob(30, rng=one)
    np.testing.assert_allclose(z, flow.sample(30, rng=another), rtol=1e-12)
    np.testing.assert_allclose(log_q, flow.log_prob(z), atol=1e-9)


@pytest.mark.one_seed
@pytest.mark.parametrize("make", [planar, coupling, flipped])
def test_the_density_sums_to_one(make):
    rng = np.random.default_rng(7)
    flow = Flow(base(rng, 1, 2), [make(rng, 1, 2), make(rng, 1, 2)])
    axis = np.linspace(-20, 20, 401)
    z = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 1, 2)
    mass = np.exp(flow.log_prob(z)).sum() * (axis[1] - axis[0]) ** 2
    np.testing.assert_allclose(mass, 1, atol=1e-4)


def test_gradients_are_finite_differences_of_the_density(flow):
    z = flow.sample(5, rng=np.random.default_rng(8))
    in_z = numeric_jacobian(flow.log_prob, z)
    np.testing.assert_allclose(flow.grad_z_log_prob(z), in_z, atol=2e-6 * np.abs(in_z).max())
    in_params = by_params(flow, lambda q: q.log_prob(z))
    np.testing.assert_allclose(flow.score(z), in_params, atol=2e-6 * np.abs(in_params).max())


def test_gradients_along_a_draw_are_finite_differences(flow):
    eps, grad_z = noise(5, 9), noise(5, 10)
    along = by_params(flow, lambda q: (grad_z * q.transform(eps)).sum(axis=2))
    np.testing.assert_allclose(flow.pull_back(eps, grad_z), along, atol=1e-7 * np.abs(along).max())
    volume = by_params(flow, lambda q: -q.log_prob(q.transform(eps)))
    np.testing.assert_allclose(flow.grad_log_det(eps), volume, atol=2e-6 * np.abs(volume).max())


def by_params(flow, f, step=1e-6):
    columns = []
    for i in range(flow.params.shape[1]):
        shift = step * (np.arange(flow.params.shape[1]) == i)
        up, down = (f(flow.with_params(flow.params + s)) for s in (shift, -shift))
        columns.append((up - down) / (2 * step))
    return np.stack(columns, axis=-1)


def test_params_make_the_same_flow(flow):
    again = flow.with_params(flow.params)
    z = noise(3)
    assert flow.params.shape[0] == N_DATA
    np.testing.assert_allclose(again.params, flow.params, rtol=1e-12)
    np.testing.assert_allclose(again.log_prob(z), flow.log_prob(z), rtol=1e-12)
    changed = flow.with_params(flow.params + 0.1)
    assert (np.abs(changed.log_prob(z) - flow.log_prob(z)) > 1e-6).all()


@pytest.mark.parametrize("n_shared", [1, N_DATA])
def test_one_datum_does_not_touch_another(flow, n_shared):
    z = noise(4, shape=(n_shared, DIM))
    log_q = flow.log_prob(z)
    assert log_q.shape == (4, N_DATA)
    lone = Flow(row(flow.base), [row(step) for step in flow.steps])
    np.testing.assert_allclose(lone.log_prob(z[:, -1:])[:, 0], log_q[:, -1], rtol=1e-9)


def row(part):
    """The family or step of the last datum alone."""
    names = [name for name in part.__match_args__ if name != "flip"]
    rest = [part.flip] if hasattr(part, "flip") else []
    return type(part)(*(getattr(part, name)[-1:] for name in names), *rest)


def test_identity_steps_do_nothing_and_are_ready_to_learn():
    rng = np.random.default_rng(11)
    gaussian = base(rng)
    steps = [PlanarFlow.identity(N_DATA, DIM, rng=rng)]
    steps += [AffineCoupling.identity(N_DATA, DIM, 4, rng=rng, flip=flip) for flip in (0, 1)]
    flow, z = Flow(gaussian, steps), noise(5)
    np.testing.assert_allclose(flow.log_prob(z), gaussian.log_prob(z), rtol=1e-12)
    own = flow.score(z)[:, :, gaussian.params.shape[1] :]
    assert (np.abs(own).max(axis=(0, 1)) > 0).mean() > 0.3


# x measures the height of z above a parabola: the posterior is a banana.
BANANA = Decoder(
    decode=lambda z: (z[..., 1] - z[..., 0] ** 2)[..., None],
    noise_scale=0.4,
    latent_dim=2,
    decode_jacobian=lambda z: np.stack([-2 * z[..., 0], np.ones(z.shape[:2])], axis=-1)[:, :, None],
)
BANANA_X = np.array([[-0.5]])


def climb(q, n_steps, n_draws, rng):
    """Adam, with a step size that falls to nothing."""
    mean_grad = mean_square = np.zeros(q.params.shape)
    for t in range(1, n_steps + 1):
        draws = gradients.reparameterised(BANANA, BANANA_X, q, n_draws, rng=rng)
        mean_grad = 0.9 * mean_grad + 0.1 * draws.mean(axis=0)
        mean_square = 0.99 * mean_square + 0.01 * draws.mean(axis=0) ** 2
        size = np.sqrt(mean_square / (1 - 0.99**t)) + 1e-8
        rate = 0.03 * (1 - t / (n_steps + 1))
        q = q.with_params(q.params + rate * mean_grad / (1 - 0.9**t) / size)
    return q


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(12)
    gaussian = climb(FullRankGaussian(np.zeros((1, 2)), np.eye(2)[None]), 600, 20, rng)
    steps = [AffineCoupling.identity(1, 2, 6, rng=rng, flip=flip) for flip in (0, 1)]
    return gaussian, climb(Flow(MeanFieldGaussian.standard(1, 2), steps), 1000, 30, rng)


def test_a_flow_closes_the_gap_on_the_banana(fitted):
    gaussian, flow = fitted
    posterior = GridPosterior(BANANA, BANANA_X)
    gap, closer = kl(gaussian, posterior), kl(flow, posterior)
    assert 0.4 < gap < 0.5 and closer < 0.1 * gap
    exact = elbo.evidence_minus_gap(BANANA, BANANA_X, flow)
    z = flow.sample(4000, rng=np.random.default_rng(13))
    assert elbo.joint_minus_log_q(BANANA, BANANA_X, flow, z).within(exact.value)
    weighed = evidence.importance(BANANA, BANANA_X, flow, 4000, rng=np.random.default_rng(14))
    assert weighed.within(posterior.log_evidence.value)


@pytest.mark.parametrize(
    "estimator",
    [
        gradients.score_function,
        gradients.reparameterised,
        lambda *a, **k: gradients.reparameterised(*a, **k, sticking_the_landing=True),
    ],
)
def test_gradient_estimators_take_flows(fitted, estimator):
    # Moved off the optimum, so that the slope along a direction is not zero.
    rng = np.random.default_rng(15)
    q = fitted[1].with_params(fitted[1].params + 0.05)
    uphill = gradients.reparameterised(BANANA, BANANA_X, q, 500, rng=rng).mean(axis=0)
    direction = uphill / np.linalg.norm(uphill)
    draws = estimator(BANANA, BANANA_X, q, 10_000, rng=rng) @ direction[0]
    up, down = (
        elbo.evidence_minus_gap(BANANA, BANANA_X, q.with_params(q.params + step)).value
        for step in (1e-4 * direction, -1e-4 * direction)
    )
    slope = (up - down) / 2e-4
    assert Estimate.from_draws(draws).within(slope)
    assert not Estimate.from_draws(draws).within([0.0], n_se=10)


def test_there_is_no_closed_entropy(flow):
    with pytest.raises(IntractableError, match="joint_minus_log_q"):
        elbo.energy_plus_entropy(BANANA, BANANA_X, flow, noise(2))
    with pytest.raises(IntractableError, match="a Flow and a MeanFieldGaussian"):
        kl(flow, MeanFieldGaussian.standard(N_DATA, DIM))


def test_what_does_not_fit():
    rng = np.random.default_rng(16)
    with pytest.raises(ShapeError, match=r"steps\[1\]: got a step .*\(2, 2\)"):
        Flow(base(rng), [planar(rng), planar(rng, 2, 2)])
    with pytest.raises(DomainError, match="normal"):
        PlanarFlow([[0.0, 1.0]], [[0.0, 0.0]], [0.0])
    with pytest.raises(ShapeError, match="offset"):
        PlanarFlow([[0.0, 1.0]], [[1.0, 0.0]], [0.0, 0.0])
    with pytest.raises(DomainError, match="latent_dim: got 1"):
        AffineCoupling.identity(1, 1, 4, rng=rng)
    with pytest.raises(ArgumentTypeError, match="rng"):
        AffineCoupling.identity(1, 2, 4, rng=0)
    with pytest.raises(ArgumentTypeError, match="rng"):
        PlanarFlow.identity(1, 2, rng=None)
    flow = Flow(base(rng), [planar(rng)])
    with pytest.raises(ShapeError, match="params"):
        flow.with_params(np.zeros((N_DATA, 3)))
    with pytest.raises(ShapeError, match="z: got shape"):
        flow.log_prob(np.zeros((5, N_DATA, DIM + 1)))
    with pytest.raises(DomainError, match="n_draws"):
        flow.sample(0, rng=rng)
