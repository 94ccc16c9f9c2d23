"""What an adapter's session orders and reports, for tests to compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from kaazing.adapters.base import BaseSession
from kaazing.errors import ProtocolViolation, Side
from kaazing.interfaces.adapters import AskLogin, Compute, IAdapterSession, Login, Order, StartTls, ToBack
from kaazing.transports.tally import Tally


def carried_out(orders: Iterable[Order], passing: Callable[[bytes], Any]) -> list[Any]:
    """Return the orders, plain bytes as C{passing} makes them, a violation as its text."""
    said: list[Any] = []
    try:
        said.extend(passing(order) if type(order) is bytes else order for order in orders)
    except ProtocolViolation as why:
        said.append(str(why))
    return said


def answered(session: IAdapterSession | BaseSession, said: list[Any]) -> list[Any]:
    """Return what a session orders at last whose questions are answered, each at once."""
    while said and isinstance(said[-1], AskLogin | StartTls | Compute):
        match said[-1]:
            case AskLogin():
                orders = session.login(Login(username="u", password="p"), 0.0)
            case StartTls():
                orders = session.secured(0.0)
            case Compute(work):
                orders = session.computed(work(), 0.0)
        said = carried_out(orders, ToBack)
    return said


def counted(session: IAdapterSession | BaseSession) -> dict[tuple[Side, str], int]:
    """Return what a session reports, since it last has."""
    meter = Tally()
    session.report(meter)
    return meter.counts()
