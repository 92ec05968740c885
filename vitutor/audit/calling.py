"""Call somebody else's function so that whatever it does is a finding, never a crash."""

import sys
import warnings
from contextlib import contextmanager

import numpy as np

from vitutor.audit.diagnosis import Finding

# What a loss may want: among others, other ways to say the log-variance.
ROLES = {
    "recon": lambda point: point["recon"],
    "x": lambda point: point["x"],
    "mu": lambda point: point["mu"],
    "logvar": lambda point: point["logvar"],
    "logstd": lambda point: point["logvar"] / 2,
    "std": lambda point: np.exp(point["logvar"] / 2),
    "var": lambda point: np.exp(point["logvar"]),
}


class Broken(Exception):
    """The audited function cannot be measured or explained; `findings` say why."""

    def __init__(self, kind, detail, where="the function"):
        super().__init__(detail)
        self.findings = [Finding.of(kind, where, detail)]


class AuditedLoss:
    """A loss, called with copies: NumPy arrays if it takes them, else torch tensors.

    torch is never imported here: a loss that needs it has loaded it. Tensors are float64, or
    float32 for a loss that takes nothing else.
    """

    def __init__(self, loss_fn, arguments, data_shape):
        self._loss_fn, self._arguments, self._data_shape = loss_fn, arguments, data_shape
        self._convert = None
        self.changed, self.per_datum = set(), False
        self.epsilon = np.finfo(np.float64).eps

    @property
    def is_torch(self):
        return self._convert not in (None, np.array)

    def __call__(self, point):
        """The loss at a point (recon, x, mu, logvar), summed if it has one value for each datum."""
        return self.value(self.inputs(point))

    def look(self, point):
        """The loss at a point, watched: Broken if it is another number when it is called again."""
        inputs = self.inputs(point)
        if self._convert is None:
            self._convert = self._choose_library(inputs)
        given, kept = ([self._convert(array) for array in inputs.values()] for _ in range(2))
        first = self._number(self._run(given), len(point["mu"]))
        for role, now, before in zip(inputs, given, kept, strict=True):
            if not np.array_equal(_numpy(now), _numpy(before)):
                self.changed.add(role)
        second = self.value(inputs)
        if not np.allclose(first, second, rtol=1e-12, atol=0):
            raise Broken("not-deterministic", f"{first:.6g} and {second:.6g}")
        return first

    def inputs(self, point):
        """What the loss is handed at a point, by role and in order: NumPy arrays."""
        shape = self._data_shape
        inputs = {role: ROLES[role](point) for role in self._arguments}
        if shape is not None:
            inputs.update({role: inputs[role].reshape(-1, *shape) for role in ("recon", "x")})
        return inputs

    def value(self, inputs):
        """The loss of these inputs, summed if it has one value for each datum."""
        given = [self._convert(array) for array in inputs.values()]
        return self._number(self._run(given), len(inputs["mu"]))

    def gradient(self, inputs):
        """Autograd's gradient by role, as arrays; zeros where nothing flows back."""
        leaves = {role: self._convert(a).requires_grad_() for role, a in inputs.items()}
        with sys.modules["torch"].enable_grad():
            # Clones, since writing to a leaf in place is an error of another kind.
            result = self._run([leaf.clone() for leaf in leaves.values()])
            if getattr(result, "requires_grad", False):
                result.sum().backward()
        return {
            role: np.zeros(leaf.shape) if leaf.grad is None else _numpy(leaf.grad)
            for role, leaf in leaves.items()
        }

    def _choose_library(self, inputs):
        for convert in _converters():
            try:
                result = self._run([convert(array) for array in inputs.values()])
            except Broken as broken:
                failure = broken
                continue
            # NumPy in and a tensor out: it made its own tensors, and is at home in torch.
            if convert is not np.array or not hasattr(result, "detach"):
                return convert
        raise failure

    def _run(self, given):
        try:
            return self._loss_fn(*given)
        except (Exception, SystemExit) as error:
            library = type(given[0]).__module__.partition(".")[0]
            shapes = ", ".join(str(tuple(array.shape)) for array in given)
            said = f"given {library} arrays of shapes {shapes}: {quote(error)}"
            raise Broken("raises", said) from error

    def _number(self, result, n_data):
        value = as_numbers(result, n_data)
        self.per_datum = value.ndim == 1
        self.epsilon = max(self.epsilon, float(np.finfo(value.dtype).eps))
        return float(value.astype(np.float64).sum())


def as_numbers(result, n_data):
    """The result as floats, of shape () or (N,); Broken for anything else."""
    try:
        value = np.asarray(_numpy(getattr(result, "value", result)))
    except ValueError:
        value = np.asarray(None)
    if value.dtype.kind not in "iuf":
        raise Broken("wrong-output", f"it is a {type(result).__name__}")
    if value.size == 1:
        value = value.reshape(())
    elif value.shape != (n_data,):
        raise Broken("wrong-output", f"shape {value.shape} for {n_data} data")
    if not np.isfinite(value).all():
        raise Broken("not-finite", f"{value}")
    return value if value.dtype.kind == "f" else value.astype(np.float64)


def quote(error):
    """An exception as its own last line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"


@contextmanager
def quietly():
    """Without warnings: what they warn of comes back as a value, and is judged there."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _converters():
    yield np.array
    # Looked up after NumPy was tried: a function may import torch when it is first called.
    torch = sys.modules.get("torch")
    if torch is not None:
        for dtype in (np.float64, np.float32):
            yield lambda array, dtype=dtype: torch.from_numpy(np.array(array, dtype=dtype))


def _numpy(value):
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value
