"""Read text as a typed value, and check values that are typed already.

Pure: types and values in, a value or a :class:`ValueProblem` out. Settings of
components and the schema of a configuration are both read here, so that one
rule holds for both.
"""

from ._durations import epoch_of
from ._durations import seconds
from ._kinds import describe
from ._kinds import hints_of
from ._kinds import is_dict
from ._kinds import is_mapping
from ._kinds import is_marked
from ._kinds import is_table
from ._kinds import members_of
from ._kinds import unwrap
from ._kinds import ValueProblem
from ._read import from_text
from ._read import from_value
from ._read import reader_of
from ._text import is_deep
from ._text import read_json

__all__ = [
    "ValueProblem",
    "describe",
    "epoch_of",
    "from_text",
    "from_value",
    "hints_of",
    "is_deep",
    "is_dict",
    "is_mapping",
    "is_marked",
    "is_table",
    "members_of",
    "read_json",
    "reader_of",
    "seconds",
    "unwrap",
]
