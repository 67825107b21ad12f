"""How a call that runs is told that nobody waits for it any more."""


class Interrupt(BaseException):
    """Not an Exception: `except Exception` in user code must not swallow it."""


class DeadlineExceeded(Interrupt):
    """The call's deadline has passed."""

    def __init__(self) -> None:
        super().__init__("the call's deadline has passed")


class Cancelled(Interrupt):
    """The caller cancelled the call."""

    def __init__(self) -> None:
        super().__init__("the caller cancelled the call")


def interrupt_of(cause: int) -> Interrupt:
    """By the byte of a CANCEL frame."""
    return DeadlineExceeded() if cause == 1 else Cancelled()
