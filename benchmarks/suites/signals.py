"""Sending a signal to nobody, one, five and ten receivers."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass

import blinker
from flask import Flask

from benchmarks.model import Case
from benchmarks.model import Contestant
from benchmarks.model import expect
from benchmarks.model import module
from benchmarks.model import Subject
from flask_toolkit.signals import Signal

if t.TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CASES"]


@dataclass(frozen=True, kw_only=True)
class Rung:
    """What a bell tells."""

    number: int


class Bell:
    """Counts what arrives, to prove that it does."""

    def __init__(self) -> None:
        self.rung = 0

    def receivers(self, many: int) -> list[Callable[..., None]]:
        """Return so many receivers."""
        return [self._receiver() for _ in range(many)]

    def _receiver(self) -> Callable[..., None]:
        def receiver(sender: object, number: int, **more: object) -> None:
            self.rung += number

        return receiver

    def subject(self, run: Callable[[], object], many: int) -> Subject:
        """Return a subject that is right if a run rings ``many`` times."""

        def check() -> None:
            before = self.rung
            run()
            expect(self.rung - before == many, self.rung)

        return Subject(run, check)


def loop(many: int) -> Subject:
    """Call them one after the other."""
    bell, shop = Bell(), Flask("shop")
    receivers = bell.receivers(many)

    def run() -> None:
        for receiver in receivers:
            receiver(shop, number=1)

    return bell.subject(run, many)


def by_blinker(many: int) -> Subject:
    """Send through blinker."""
    bell, shop = Bell(), Flask("shop")
    signal = blinker.Signal()

    for receiver in bell.receivers(many):
        signal.connect(receiver, weak=False)

    return bell.subject(lambda: signal.send(shop, number=1), many)


def by_django(many: int) -> Subject:
    """Send through Django's signals, with the cache that it offers."""
    bell, shop = Bell(), Flask("shop")
    signal = module("django.dispatch").Signal(use_caching=True)

    for receiver in bell.receivers(many):
        signal.connect(receiver, weak=False)

    return bell.subject(lambda: signal.send(shop, number=1), many)


def ours(many: int) -> Subject:
    """Send through ours; the first error ends it."""
    return _ours(many, Signal("bench"))


def ours_declared(many: int) -> Subject:
    """Send a declared payload, in production: types are not compared."""
    return _ours(many, Signal("bench", Rung))


def ours_robust(many: int) -> Subject:
    """Send through ours, where errors are caught one by one."""
    return _ours(many, Signal("bench"), robust=True)


def _ours(many: int, signal: Signal[...], *, robust: bool = False) -> Subject:
    bell, shop = Bell(), Flask("shop")

    for receiver in bell.receivers(many):
        signal.connect(receiver, app=shop)  # they live as long as it does

    send = signal.send_robust if robust else signal.send
    return bell.subject(lambda: send(shop, number=1), many)


def _case(many: int) -> Case:
    django = {"django": "django"}
    make = functools.partial
    contestants = (
        Contestant(name="loop by hand", role="limit", make=make(loop, many)),
        Contestant(name="blinker", role="peer", make=make(by_blinker, many)),
        Contestant(
            name="Django", role="peer", make=make(by_django, many), needs=django
        ),
        Contestant(name="ours", role="ours", make=make(ours, many)),
        Contestant(name="ours, declared", role="ours", make=make(ours_declared, many)),
        Contestant(name="ours, robust", role="ours", make=make(ours_robust, many)),
    )
    return Case(suite="signals", name=f"{many} receivers", contestants=contestants)


CASES = [_case(many) for many in (0, 1, 5, 10)]
