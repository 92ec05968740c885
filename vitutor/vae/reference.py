"""The whole VAE in NumPy, its gradient derived by hand: nothing in a VAE is magic. (Lesson 10)

One hidden layer of rectifiers in either net, Bernoulli pixels, Gaussian q, prior N(0, I). All
weights are one vector theta, in the order of the torch model's parameters, so that either can be
held against the other. What the names mean, for a batch x (N, D) and noise eps (N, Dz):

    h = relu(W1 x + b1)    mean, s = W2 h + b2    z = mean + e^s eps
    g = relu(W3 z + b3)    l = W4 g + b4
    ELBO = log p(x | l) - KL(N(mean, e^2s) || N(0, I))

Reference: Kingma & Welling 2014, appendix B and C.
"""

import numpy as np

from vitutor.validation import count, generator


def initial(data_dim, hidden, latent_dim, *, rng, dtype=np.float32):
    """Draw theta (P,): every layer uniform within +-1 / sqrt(number of its inputs)."""
    generator(rng)
    shapes = _shapes(data_dim, hidden, latent_dim)
    layers = zip(shapes[::2], shapes[1::2], strict=True)
    bounds = [(w, b, 1 / np.sqrt(w[1])) for w, b in layers]
    draws = [rng.uniform(-r, r, np.prod(s)) for w, b, r in bounds for s in (w, b)]
    return np.concatenate(draws).astype(dtype)


def weights(theta, data_dim, hidden, latent_dim):
    """Views W1, b1, ..., W4, b4 into theta (P,)."""
    shapes = _shapes(data_dim, hidden, latent_dim)
    cuts = np.cumsum([int(np.prod(s)) for s in shapes])[:-1]
    return [part.reshape(s) for part, s in zip(np.split(theta, cuts), shapes, strict=True)]


def elbo_and_gradient(parameters, x, eps, gradient):
    """Return the ELBO of each datum, nats (N,), and write the gradient of its mean.

    `parameters` and `gradient` are lists as `weights` makes them; the latter is overwritten.
    """
    w1, b1, w2, b2, w3, b3, w4, b4 = parameters
    n, n_latent = eps.shape
    h = np.maximum(x @ w1.T + b1, 0)
    head = h @ w2.T + b2
    mean, s = head[:, :n_latent], head[:, n_latent:]
    scale = np.exp(s)
    z = mean + scale * eps
    g = np.maximum(z @ w3.T + b3, 0)
    logits = g @ w4.T + b4

    # log p(x | l) = x l - log(1 + e^l), the logarithm in a form that cannot overflow.
    e = np.exp(-np.abs(logits))
    log_likelihood = x * logits - np.maximum(logits, 0) - np.log(1 + e)
    kl = 0.5 * (mean**2 + scale**2 - 1) - s
    elbo = log_likelihood.sum(1) - kl.sum(1)

    d_logits = (x - np.where(logits > 0, 1, e) / (1 + e)) / n  # x minus its probability
    d_z = _layer(d_logits, w4, g, gradient[6:8])
    d_z = _layer(d_z * (g > 0), w3, z, gradient[4:6])
    # z = mean + e^s eps: the gradient passes through the draw, eps held still. KL adds its own.
    d_mean = d_z - mean / n
    d_s = d_z * eps * scale - (scale**2 - 1) / n
    d_h = _layer(np.concatenate([d_mean, d_s], 1), w2, h, gradient[2:4])
    np.matmul((d_h := d_h * (h > 0)).T, x, out=gradient[0])
    d_h.sum(0, out=gradient[1])
    return elbo


def train(
    x, *, hidden, latent_dim, n_epochs, batch_size=128, learning_rate=1e-3, rng, dtype=np.float32
):
    """Maximise the ELBO of x (N, D), zeros and ones, by Adam: theta (P,), mean ELBO (n_epochs,).

    Reference: Kingma & Ba 2015, algorithm 1, in the order of operations of section 2.
    """
    x = np.asarray(x, dtype)
    size = (x.shape[1], count("hidden", hidden), count("latent_dim", latent_dim))
    theta = initial(*size, rng=rng, dtype=dtype)
    ascent = Adam(theta, learning_rate)
    gradient = np.empty_like(theta)
    parameters, gradients = weights(theta, *size), weights(gradient, *size)
    trace = []
    for _ in range(n_epochs):
        shuffled = x[rng.permutation(len(x))]
        eps = rng.standard_normal((len(x), latent_dim), dtype)
        total = 0.0
        for start in range(0, len(x), batch_size):
            batch = slice(start, start + batch_size)
            total += elbo_and_gradient(parameters, shuffled[batch], eps[batch], gradients).sum()
            ascent.step(gradient)
        trace.append(total / len(x))
    return theta, np.array(trace)


class Adam:
    """Adam's ascent on theta (P,), in place."""

    def __init__(self, theta, learning_rate, decay=(0.9, 0.999), epsilon=1e-8):
        self.theta, self.learning_rate, self.decay, self.epsilon = (
            theta,
            learning_rate,
            decay,
            epsilon,
        )
        self.n_steps, self.first, self.second = 0, np.zeros_like(theta), np.zeros_like(theta)

    def step(self, gradient):
        """Move theta uphill; `gradient` (P,) is used up as working memory."""
        self.n_steps += 1
        a, b = self.decay
        self.first *= a
        self.first += (1 - a) * gradient
        self.second *= b
        gradient *= gradient
        gradient *= 1 - b
        self.second += gradient
        size = self.learning_rate / (1 - a**self.n_steps)
        np.sqrt(self.second, out=gradient)
        gradient /= np.sqrt(1 - b**self.n_steps)
        gradient += self.epsilon
        np.divide(self.first, gradient, out=gradient)
        gradient *= size
        self.theta += gradient


def _layer(d_out, weight, inputs, gradient):
    """Write the gradient of a layer's weight and bias; return that of its inputs."""
    np.matmul(d_out.T, inputs, out=gradient[0])
    d_out.sum(0, out=gradient[1])
    return d_out @ weight


def _shapes(data_dim, hidden, latent_dim):
    widths = (
        (data_dim, hidden),
        (hidden, 2 * latent_dim),
        (latent_dim, hidden),
        (hidden, data_dim),
    )
    return [shape for n_in, n_out in widths for shape in ((n_out, n_in), (n_out,))]
