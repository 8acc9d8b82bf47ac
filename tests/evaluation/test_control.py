"""The messages between the harness and a worker."""

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from competition.evaluation.control import LENGTH, Descriptors, Order, Runtime, Setting, receive, send
from competition.evaluation.sandbox.confine import Confinement

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@given(
    level=st.sampled_from(["namespaces", "kernel", "none"]),
    paths=st.lists(st.text(min_size=1), max_size=3),
    uid=st.none() | st.integers(1, 2**31),
    site_packages=st.none() | st.text(min_size=1),
    cpus=st.lists(st.integers(0, 500), max_size=3),
)
def test_a_setting_reads_as_it_was_written(
    level: str, paths: list[str], uid: int | None, site_packages: str | None, cpus: list[int]
) -> None:
    setting = Setting(Confinement(level, tuple(paths), uid), Runtime(tuple(paths), site_packages), tuple(cpus))
    assert Setting.from_json(json.dumps(asdict(setting))) == setting


def test_an_order_arrives_with_its_descriptors(pair: Pair) -> None:
    order = Order("s.py", "source", ["rare", "common"], False, 1, 2, 20.0, 4 * 10**9)
    pipes = [os.pipe() for _ in Descriptors._fields]
    send(pair[0], asdict(order), [read for read, _ in pipes])
    received = receive(pair[1], len(pipes))
    assert received is not None
    message, descriptors = received
    assert Order(**message) == order
    for number, ((read, write), descriptor) in enumerate(zip(pipes, Descriptors(*descriptors), strict=True)):
        os.write(write, bytes([number]))
        assert os.read(descriptor, 2) == bytes([number])
        for one in (read, write, descriptor):
            os.close(one)


def test_a_message_that_was_cut_off_is_none(pair: Pair) -> None:
    pair[0].sendall(LENGTH.pack(100) + b'{"half":')
    pair[0].close()
    assert receive(pair[1]) is None


def test_a_side_that_has_gone_sends_nothing(pair: Pair) -> None:
    pair[0].close()
    assert receive(pair[1]) is None
