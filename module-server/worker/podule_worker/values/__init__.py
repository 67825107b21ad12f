"""podule.v1.Value, both directions. docs/values.md says how each Python type travels."""

from . import (
    arrays as arrays,
    containers as containers,
    dates as dates,
    json_values as json_values,
    named as named,
    references as references,
    scalars as scalars,
    tables as tables,
)
from .decode import read_value as read_value
from .encode import NotAValue as NotAValue, type_name as type_name, write_value as write_value
from .references import (
    ABSENT as ABSENT,
    References as References,
    callback_bytes as callback_bytes,
    object_bytes as object_bytes,
    use_references as use_references,
)
