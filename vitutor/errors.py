"""What vitutor says when it is given something it cannot use.

Every error names the argument, what came, what was wanted, and what to do about it, and is raised
before anything is computed. Nothing is repaired silently.
"""


class VitutorError(Exception):
    """Base of all errors of this package; catch it to catch them all."""

    def __init__(self, argument, *, got, wanted, remedy=""):
        self.argument, self.got, self.wanted, self.remedy = argument, got, wanted, remedy
        message = f"{argument}: got {got}; wanted {wanted}."
        super().__init__(f"{message} {remedy}".rstrip())

    def __reduce__(self):
        return _rebuild, (type(self), self.argument, self.got, self.wanted, self.remedy)


class ShapeError(VitutorError, ValueError):
    """An array has the wrong number of axes or the wrong length along one."""


class DomainError(VitutorError, ValueError):
    """A value lies outside its domain: a scale <= 0, a covariance that is not one, zero draws."""


class NonFiniteError(VitutorError, ValueError):
    """NaN or infinity where a finite number is needed."""


class ArgumentTypeError(VitutorError, TypeError):
    """A thing of the wrong kind: a float where an int belongs, a seed where a generator does."""


class IntractableError(VitutorError, NotImplementedError):
    """There is no closed form, or no affordable grid, for what was asked."""


class DeviceError(VitutorError, RuntimeError):
    """The accelerator that was asked for is not there."""


class CheckpointError(VitutorError, ValueError):
    """A file that is no model of this package, is damaged, or belongs to another run."""


class DownloadError(VitutorError, OSError):
    """Data that must be fetched could not be, or did not arrive whole."""


def _rebuild(kind, argument, got, wanted, remedy):
    return kind(argument, got=got, wanted=wanted, remedy=remedy)
