"""What the leak run makes and drops: instances that are counted while they live."""

import gc


class Thing:
    """Counted from its making until it is gone."""

    live = 0

    def __init__(self):
        Thing.live += 1

    def __del__(self):
        Thing.live -= 1


def live():
    """Things that are alive in this process."""
    gc.collect()
    return Thing.live


def table():
    """Objects in the tables of this worker's sessions."""
    return sum(len(one) for one in gc.get_objects() if type(one).__module__ == "podule_worker.objects" and type(one).__name__ == "Objects")
