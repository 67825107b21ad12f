"""A package folder of the user's own: submodules are imported on the way."""

from .shapes import area

NAME = "probe_package"


def where():
    return __file__


__all__ = ["area", "where"]
