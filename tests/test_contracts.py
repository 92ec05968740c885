"""What every model and every family keeps, a row a class: a new one is a new row."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from examples import MODELS, StudentT, central_difference, covariance, data_and_latents
from refusals import BAD_COUNTS, BAD_RNGS, bad_arrays, refusals, refused

from vitutor.distributions import Bernoulli, Categorical
from vitutor.errors import DomainError, ShapeError
from vitutor.families import FullRankGaussian, MeanFieldGaussian
from vitutor.models import check_model

N_DATA, N_DRAWS = 5, 4
RNG = np.random.default_rng(0)

FAMILIES = {
    "mean field": MeanFieldGaussian(RNG.normal(size=(5, 3)), np.exp(RNG.normal(size=(5, 3)))),
    "full rank": FullRankGaussian(RNG.normal(size=(5, 3)), [covariance(RNG, 3) for _ in range(5)]),
    "one-dimensional": FullRankGaussian(RNG.normal(size=(5, 1)), np.full((5, 1, 1), 0.3)),
    "one datum": MeanFieldGaussian(RNG.normal(size=(1, 2)), np.ones((1, 2))),
}
DISCRETE = {
    "Bernoulli": Bernoulli(RNG.normal(size=(5, 3))),
    "categorical": Categorical(np.log(RNG.dirichlet(np.ones(4), size=5))),
}
EVERYTHING = MODELS | FAMILIES | DISCRETE

models = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
families = pytest.mark.parametrize("q", FAMILIES.values(), ids=FAMILIES)
distributions = pytest.mark.parametrize(
    "q", (FAMILIES | DISCRETE).values(), ids=FAMILIES | DISCRETE
)
everything = pytest.mark.parametrize("thing", EVERYTHING.values(), ids=EVERYTHING)


def arrays_of(thing):
    return {name: value for name, value in vars(thing).items() if isinstance(value, np.ndarray)}


def having(method):
    """The models that have it, as a parameter."""
    names = [name for name, model in MODELS.items() if hasattr(model, method)]
    return pytest.mark.parametrize("model", [MODELS[name] for name in names], ids=names)


def global_state():
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    return kind, keys.tolist(), *rest


@everything
def test_it_cannot_be_changed(thing):
    assert arrays_of(thing)
    for name, array in arrays_of(thing).items():
        assert array.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            array.flat[0] = 1
        with pytest.raises(FrozenInstanceError):
            setattr(thing, name, array)


@everything
def test_it_does_not_change_with_the_arrays_it_was_made_from(thing):
    fields = [f for f in thing.__dataclass_fields__.values() if f.init]
    made_from = {
        field.name: value.copy() if isinstance(value, np.ndarray) else value
        for field, value in ((field, getattr(thing, field.name)) for field in fields)
    }
    copy = type(thing)(**made_from)
    for value in made_from.values():
        if isinstance(value, np.ndarray):
            value[...] = 7
    for name, array in arrays_of(thing).items():
        assert np.array_equal(getattr(copy, name), array)


@everything
def test_chance_comes_from_rng_alone(thing):
    def draw(seed):
        drawn = thing.sample(6, rng=np.random.default_rng(seed))
        return drawn if isinstance(drawn, tuple) else (drawn,)

    before = global_state()
    first, again, other = draw(0), draw(0), draw(1)
    assert global_state() == before
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


# Models


@pytest.mark.parametrize("n_data", [1, 2, N_DATA])
@pytest.mark.parametrize(
    "model", [*MODELS.values(), StudentT(5.0)], ids=[*MODELS, "a learner's own"]
)
def test_check_model_finds_nothing(model, n_data):
    x = np.random.default_rng(0).normal(size=(n_data, 3))[:, : data_dim(model)]
    assert check_model(model, x) == []


def data_dim(model):
    return 1 if isinstance(model, StudentT) else data_and_latents(model)[0].shape[1]


@models
def test_draws_first_data_second_event_last(model):
    x, z = data_and_latents(model)
    assert z.shape == (N_DRAWS, N_DATA, model.latent_dim)
    drawn_z, drawn_x = model.sample(7, rng=np.random.default_rng(0))
    assert drawn_z.shape == (7, model.latent_dim) and drawn_x.shape == (7, x.shape[1])
    for log_density in (model.log_prior(z), model.log_likelihood(x, z), model.log_joint(x, z)):
        assert log_density.shape == (N_DRAWS, N_DATA) and log_density.dtype == np.float64
    assert np.array_equal(model.log_joint(x, z), model.log_prior(z) + model.log_likelihood(x, z))


@models
def test_data_share_draws_that_have_one_datum(model):
    x, z = data_and_latents(model)
    shared = np.broadcast_to(z[:, :1], z.shape)
    assert np.allclose(model.log_likelihood(x, z[:, :1]), model.log_likelihood(x, shared))
    assert np.allclose(model.log_joint(x, z[:, :1]), model.log_joint(x, shared))
    # and one datum goes with any draws
    one = np.broadcast_to(x[:1], x.shape)
    assert np.allclose(model.log_likelihood(x[:1], z), model.log_likelihood(one, z))


@models
@pytest.mark.parametrize("kind", [np.float32, int, list])
def test_float32_integers_and_lists_are_taken(model, kind):
    x, z = data_and_latents(model)
    x, z = np.round(x), np.round(np.clip(z, 0, 2))
    expected = model.log_joint(x, z)
    as_kind = (lambda a: a.tolist()) if kind is list else (lambda a: a.astype(kind))
    result = model.log_joint(as_kind(x), as_kind(z))
    assert result.dtype == np.float64 and np.allclose(result, expected, rtol=1e-12)
    for name in ("grad_z_log_joint", "grad_params_log_joint"):
        if hasattr(model, name):
            gradient = getattr(model, name)
            assert np.allclose(gradient(as_kind(x), as_kind(z)), gradient(x, z))


@having("grad_z_log_joint")
def test_gradient_in_z_is_the_finite_difference(model):
    x, z = data_and_latents(model)
    numeric = central_difference(lambda shift: model.log_joint(x, z + shift), np.zeros(z.shape[2]))
    gradient = model.grad_z_log_joint(x, z)
    assert gradient.shape == z.shape
    assert np.allclose(gradient, numeric, rtol=1e-6, atol=1e-6 * np.abs(numeric).max())
    shared = model.grad_z_log_joint(x, z[:, :1])
    assert np.allclose(shared, model.grad_z_log_joint(x, np.broadcast_to(z[:, :1], z.shape)))


@having("grad_params_log_joint")
def test_gradient_in_theta_is_the_finite_difference(model):
    x, z = data_and_latents(model)
    numeric = central_difference(
        lambda theta: model.with_params(theta).log_joint(x, z), model.params
    )
    gradient = model.grad_params_log_joint(x, z)
    assert gradient.shape == (*z.shape[:2], len(model.params))
    assert np.allclose(gradient, numeric, rtol=1e-6, atol=1e-6 * np.abs(numeric).max())
    shared = model.grad_params_log_joint(x, z[:, :1])
    assert np.allclose(shared, model.grad_params_log_joint(x, np.broadcast_to(z[:, :1], z.shape)))


@having("with_params")
def test_params_make_the_model(model):
    x, z = data_and_latents(model)
    same = model.with_params(model.params)
    assert np.allclose(same.params, model.params, rtol=1e-10)
    assert np.allclose(same.log_joint(x, z), model.log_joint(x, z), rtol=1e-10)
    moved = model.params + RNG.normal(size=model.params.shape)
    assert np.allclose(model.with_params(moved).params, moved, rtol=1e-8)


def model_refusals():
    for name, model in MODELS.items():
        x, z = data_and_latents(model)
        bad_x = [*bad_arrays(x), ("another Dx", np.zeros((5, 4)), ShapeError)]
        bad_z = [*bad_arrays(z), ("another Dz", np.zeros((4, 5, 3)), ShapeError)]
        unmatched = [("of other data", np.repeat(z[:, :1], 4, axis=1), ShapeError)]
        yield f"{name}.log_prior", "z", model.log_prior, bad_z
        for method in ("log_likelihood", "log_joint", "grad_z_log_joint", "grad_params_log_joint"):
            if call := getattr(model, method, None):
                where = f"{name}.{method}"
                yield where, "x", lambda x, call=call, z=z: call(x, z), bad_x
                yield where, "z", lambda z, call=call, x=x: call(x, z), bad_z + unmatched
        for method in ("log_marginal", "posterior"):
            if call := getattr(model, method, None):
                yield f"{name}.{method}", "x", call, bad_x
        rng = np.random.default_rng(0)
        sample, prior = model.sample, model.sample_prior
        yield f"{name}.sample", "n", lambda n, f=sample, r=rng: f(n, rng=r), BAD_COUNTS
        yield f"{name}.sample", "rng", lambda rng, f=sample: f(2, rng=rng), BAD_RNGS
        where = f"{name}.sample_prior"
        yield where, "n_draws", lambda n, f=prior, r=rng: f(n, 1, rng=r), BAD_COUNTS
        yield where, "n_data", lambda n, f=prior, r=rng: f(1, n, rng=r), BAD_COUNTS
        yield where, "rng", lambda rng, f=prior: f(2, 2, rng=rng), BAD_RNGS
        if hasattr(model, "with_params"):
            too_few = ("too few", model.params[:-1], ShapeError)
            bad = [*bad_arrays(model.params), too_few]
            if len(model.params) == 1:
                bad.remove(too_few)
            yield f"{name}.with_params", "params", model.with_params, bad


def distribution_refusals():
    rng = np.random.default_rng(0)
    for name, q in (FAMILIES | DISCRETE).items():
        sample, draws = q.sample, q.sample(4, rng=rng)
        yield f"{name}.sample", "n_draws", lambda n, f=sample: f(n, rng=rng), BAD_COUNTS
        yield f"{name}.sample", "rng", lambda r, f=sample: f(2, rng=r), BAD_RNGS
        event = "x" if name == "Bernoulli" else "z"
        yield f"{name}.log_prob", event, q.log_prob, bad_arrays(draws)
    for name, q in FAMILIES.items():
        eps = rng.normal(size=(4, *q.mean.shape))
        bad = [*bad_arrays(eps), ("another Dz", np.zeros((4, len(q.mean), 4)), ShapeError)]
        if len(q.mean) > 1:
            bad.append(("of other data", np.zeros((4, 4, q.mean.shape[1])), ShapeError))
        draw = q.sample_and_log_prob
        where = f"{name}.sample_and_log_prob"
        yield where, "n_draws", lambda n, f=draw: f(n, rng=rng), BAD_COUNTS
        yield where, "rng", lambda r, f=draw: f(2, rng=r), BAD_RNGS
        for method in ("score", "grad_z_log_prob", "log_prob"):
            yield f"{name}.{method}", "z", getattr(q, method), bad
        for method in ("transform", "grad_log_det"):
            yield f"{name}.{method}", "eps", getattr(q, method), bad
        yield f"{name}.pull_back", "eps", lambda e, q=q, g=eps: q.pull_back(e, g), bad
        yield f"{name}.pull_back", "grad_z", lambda g, q=q, e=eps: q.pull_back(e, g), bad
        bad = bad_arrays(q.params)
        bad += [(f"log scale {v}", q.params * 0 + v, DomainError) for v in (-800, 800)]
        bad += [("too few", q.params[:, :-1], ShapeError)]
        yield f"{name}.with_params", "params", q.with_params, bad


@pytest.mark.parametrize(
    ("call", "kind", "argument"), refusals(*model_refusals(), *distribution_refusals())
)
def test_refusals(call, kind, argument):
    refused(call, kind, argument)


# Families and distributions


@distributions
def test_log_prob_and_entropy_belong_to_the_draws(q):
    draws = q.sample(20_000, rng=np.random.default_rng(0))
    log_prob, entropy = q.log_prob(draws), q.entropy()
    n_data = draws.shape[1]
    assert log_prob.shape == (20_000, n_data) and entropy.shape == (n_data,)
    error = log_prob.std(axis=0, ddof=1) / 20_000**0.5
    # Catches 0.1 nats: a dropped half of log 2 pi is 0.9.
    assert (error < 0.015).all()
    assert (np.abs(log_prob.mean(axis=0) + entropy) < 5 * error).all()


@distributions
def test_each_datum_has_its_own_distribution(q):
    draws = q.sample(50, rng=np.random.default_rng(0))
    order = np.random.default_rng(1).permutation(draws.shape[1])
    fields = [field.name for field in q.__dataclass_fields__.values() if field.init]
    shuffled = type(q)(**{name: getattr(q, name)[order] for name in fields})
    assert np.allclose(shuffled.log_prob(draws[:, order]), q.log_prob(draws)[:, order])
    assert np.allclose(shuffled.entropy(), q.entropy()[order])


@families
def test_sample_with_log_prob_is_sample_and_its_log_prob(q):
    z, log_prob = q.sample_and_log_prob(100, rng=np.random.default_rng(0))
    assert np.array_equal(z, q.sample(100, rng=np.random.default_rng(0)))
    assert np.allclose(log_prob, q.log_prob(z), rtol=1e-10)


@families
def test_draws_are_transformed_noise_with_the_right_moments(q):
    eps = np.random.default_rng(0).normal(size=(50_000, *q.mean.shape))
    z = q.transform(eps)
    assert np.array_equal(z, q.sample(50_000, rng=np.random.default_rng(0)))
    whole = np.einsum("snd,sne->snde", z - q.mean, z - q.mean)
    for moment, truth in ((z, q.mean), (whole, q.cov)):
        error = moment.std(axis=0, ddof=1) / 50_000**0.5
        assert (np.abs(moment.mean(axis=0) - truth) < 5 * error).all()


@families
def test_score_is_the_finite_difference(q):
    z = q.sample(3, rng=np.random.default_rng(0))
    numeric = central_difference(
        lambda step: q.with_params(q.params + step).log_prob(z), np.zeros(q.params.shape[1])
    )
    assert q.score(z).shape == (3, *q.params.shape)
    assert np.allclose(q.score(z), numeric, rtol=1e-6, atol=1e-6)


@families
def test_pull_back_is_the_finite_difference(q):
    rng = np.random.default_rng(0)
    eps, direction = rng.normal(size=(2, 3, *q.mean.shape))

    def value(step):  # of a function whose gradient at z is cos(z) * direction
        return (np.sin(q.with_params(q.params + step).transform(eps)) * direction).sum(axis=2)

    numeric = central_difference(value, np.zeros(q.params.shape[1]))
    pulled = q.pull_back(eps, np.cos(q.transform(eps)) * direction)
    assert pulled.shape == (3, *q.params.shape)
    assert np.allclose(pulled, numeric, rtol=1e-6, atol=1e-6)


@families
def test_gradient_of_the_volume_is_that_of_the_entropy(q):
    numeric = central_difference(
        lambda step: q.with_params(q.params + step).entropy(), np.zeros(q.params.shape[1])
    )
    for n_data in {1, len(q.mean)}:
        gradient = q.grad_log_det(np.zeros((3, n_data, q.mean.shape[1])))
        assert gradient.shape == (3, *q.params.shape)
        assert np.allclose(gradient, numeric, rtol=1e-6, atol=1e-6)


@families
def test_gradient_of_log_prob_in_z_is_the_finite_difference(q):
    z = q.sample(3, rng=np.random.default_rng(0))
    numeric = central_difference(lambda step: q.log_prob(z + step), np.zeros(z.shape[2]))
    assert np.allclose(q.grad_z_log_prob(z), numeric, rtol=1e-6, atol=1e-6)


@families
def test_noise_and_draws_that_all_data_share(q):
    rng = np.random.default_rng(0)
    one, gradient = rng.normal(size=(3, 1, q.mean.shape[1])), rng.normal(size=(3, *q.mean.shape))
    each = np.broadcast_to(one, gradient.shape)
    for method in (q.transform, q.log_prob, q.score, q.grad_z_log_prob):
        assert np.allclose(method(one), method(each))
    assert np.allclose(q.pull_back(one, gradient), q.pull_back(each, gradient))


@families
def test_params_make_the_distribution(q):
    same = q.with_params(q.params)
    assert type(same) is type(q)
    for name in ("mean", "cov", "params"):
        assert np.allclose(getattr(same, name), getattr(q, name), rtol=1e-12, atol=1e-14)
    moved = q.params + np.random.default_rng(0).normal(size=q.params.shape)
    there = q.with_params(moved)
    assert np.allclose(there.params, moved, rtol=1e-12)
    # A distribution made from its parameters is the one made by the constructor.
    fields = [field.name for field in q.__dataclass_fields__.values() if field.init]
    made = type(q)(**{name: getattr(there, name) for name in fields})
    z = there.sample(4, rng=np.random.default_rng(0))
    assert np.allclose(made.log_prob(z), there.log_prob(z), rtol=1e-8)
    assert np.allclose(made.entropy(), there.entropy(), rtol=1e-10)
