"""Frames are what was sent, however the socket cuts them; chunks go to their place without being put together."""

import os
import random
import socket
import struct
import tempfile
import threading

from driver import CALL, frame
from hypothesis import given, settings, strategies as st
from session_driver import CHUNK_IN

from podule_worker.link import Closed, Link
from podule_worker.transfers import Incoming

SIZES = st.integers(0, 40) | st.integers(1, 300_000)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from([CALL, CHUNK_IN, CHUNK_IN]), st.integers(1, 3), SIZES), max_size=12),
    st.lists(st.integers(1, 150_000), max_size=8),
    st.booleans(),
)
def test_cut_anywhere(script, cuts, wait):
    rng = random.Random(len(script))
    bodies, small, totals = {}, [], {}
    for kind, number, size in script:
        if kind == CHUNK_IN:
            totals[number] = totals.get(number, 0) + size
    sent = b""
    for kind, number, size in script:
        data = rng.randbytes(size)
        if kind == CHUNK_IN:
            if totals[number] == 0:
                continue
            bodies[number] = bodies.get(number, b"") + data
            data = struct.pack("<Q", totals[number]) + data
        else:
            small.append((kind, number, data))
        sent += frame(kind, number, data)

    with tempfile.TemporaryDirectory() as folder:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.path.join(folder, "s"))
        listener.listen()
        link = Link(os.path.join(folder, "s"))
        peer, _ = listener.accept()
        incoming = Incoming()
        link.place = incoming.place

        def send():
            at = 0
            for cut in [*cuts, len(sent)]:
                peer.sendall(sent[at : at + cut])
                at += cut
            peer.close()

        sender = threading.Thread(target=send)
        sender.start()
        received = []
        try:
            while True:
                for kind, number, payload in link.read(wait) or ():
                    if kind == CHUNK_IN:
                        incoming.take(number, payload)
                    else:
                        received.append((kind, number, payload))
        except Closed:
            pass
        sender.join()
        listener.close()
        link.close()
    assert received == small
    assert {number: bytes(incoming.body(number, b"")) for number in bodies} == bodies
