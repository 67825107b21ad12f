"""Kinds of frames on the link ("The worker link" in docs/architecture.md)."""

CALL = 1
STREAM = 2
CREDIT = 3
CANCEL = 4
RECALL = 5
FORK = 6

HELLO = 16
RESULT = 17
ITEM = 18
END = 19
ERROR = 20
RECALLED = 21
IMPORTED = 22
IMPORT_FAILED = 23
FORKED = 24
EXITED = 25
