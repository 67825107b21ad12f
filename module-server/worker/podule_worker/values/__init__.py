"""podule.v1.Value, both directions. docs/values.md says how each Python type travels."""

from . import arrays as arrays
from . import containers as containers
from . import dates as dates
from . import json_values as json_values
from . import named as named
from . import scalars as scalars
from . import tables as tables
from .decode import read_value as read_value
from .encode import NotAValue as NotAValue
from .encode import type_name as type_name
from .encode import write_value as write_value
