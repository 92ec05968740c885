"""The constants of a homework, which a notebook reads as hw.rate."""


class Constants(dict):
    """The numbers, data and sizes of one variant, as constants.rate or constants["rate"]."""

    def __getattr__(self, name):
        if name in self:
            return self[name]
        raise AttributeError(f"there is no constant {name}; there are {', '.join(self)}")
