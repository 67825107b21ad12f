"""A module that takes the interpreter down while it is imported."""

import ctypes

ctypes.string_at(0)
