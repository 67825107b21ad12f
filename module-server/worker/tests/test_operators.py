import operator
import re
from pathlib import Path

from podule_worker.operators import OPERATORS

PAGE = (Path(__file__).parents[3] / "docs" / "operators.md").read_text()


def test_the_page_names_every_operator_and_no_other():
    tables = PAGE[PAGE.index("## Python's") :]
    named = set(re.findall(r"`([a-z]\w*)`", tables)) - {"operator", "with", "math", "StopIteration"}
    newer = {"call", "is_none", "is_not_none"}
    assert named - newer == set(OPERATORS) - newer


def test_pythons_own_have_their_own_names():
    assert OPERATORS["matmul"] is operator.matmul
    assert OPERATORS["contains"]([1, 2], 2) is True
