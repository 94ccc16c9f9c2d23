"""Looking up adapters and service types by name."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

from twisted.plugin import IPlugin
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from kaazing import plugins
from kaazing.errors import PluginError
from kaazing.interfaces.adapters import Front, IAdapter, Link
from kaazing.interfaces.brokers import IBrokerType
from kaazing.interfaces.services import IServiceType
from kaazing.options import Option
from kaazing.plugins import AdapterPlugin, ServicePlugin
from tests.config.files import Brokers


@implementer(IAdapter)
class Morse:
    """An adapter that keeps its promises as far as they can be seen."""

    name = "morse"
    front = Front.STREAM
    subprotocols = ("morse",)
    options: tuple[Option, ...] = ()
    operations: Mapping[str, Any] = {}

    def check(self, options: Mapping[str, Any]) -> Iterable[str]:
        """Find nothing."""
        return ()

    def session(self, link: Link) -> Any:
        """Not called here."""


class Misnamed(Morse):
    """Calls itself otherwise than it is declared."""

    name = "semaphore"


@implementer(IAdapter)
class Liar:  # type: ignore[misc]
    """Says that it is an adapter, and is none."""

    name = "morse"


class PluginTests(SynchronousTestCase):
    """Each test sees only the plugins it declares."""

    def declare(self, *dropins: IPlugin, points: Iterable[EntryPoint] = ()) -> None:
        """Let these be all the plugins there are, and make the classes above importable."""
        found, listed = list(dropins), list(points)

        def declared(interface: Any) -> Iterator[Any]:
            return (each for each in found if interface.providedBy(each))

        def entry_points(group: str) -> list[EntryPoint]:
            return [point for point in listed if point.group == group]

        self.patch(plugins, "getPlugins", declared)
        self.patch(plugins, "entry_points", entry_points)
        plugins.forget()
        self.addCleanup(plugins.forget)

    def refusal(self, ask: Any, name: str) -> str:
        """Return the sentence with which C{ask(name)} fails."""
        return str(self.assertRaises(PluginError, ask, name))

    def test_found(self) -> None:
        """
        A declared adapter is found by its name, made once, and gives the service type NAME.proxy.
        """
        self.declare(AdapterPlugin("morse", f"{__name__}:Morse"))
        self.assertEqual(plugins.adapters(), ["morse"])
        self.assertEqual(plugins.service_types(), ["morse.proxy"])
        self.assertIsInstance(plugins.adapter("morse"), Morse)
        self.assertIs(plugins.adapter("morse"), plugins.adapter("morse"))

    def test_entry_point(self) -> None:
        """
        An entry point of another distribution does as well as a dropin.
        """
        point = EntryPoint("morse", f"{__name__}:Morse", "kaazing.adapters")
        other = EntryPoint("clock", f"{__name__}:Clock", "kaazing.services")
        self.declare(points=[point, other])
        self.assertEqual(plugins.adapters(), ["morse"])
        self.assertEqual(plugins.service_types(), ["clock", "morse.proxy"])
        self.assertIsInstance(plugins.adapter("morse"), Morse)

    def test_same_twice(self) -> None:
        """
        A distribution may declare its adapter by dropin and by entry point, as one.
        """
        point = EntryPoint("morse", f"{__name__}:Morse", "kaazing.adapters")
        self.declare(AdapterPlugin("morse", f"{__name__}:Morse"), points=[point])
        self.assertEqual(plugins.adapters(), ["morse"])

    def test_unknown(self) -> None:
        """
        An unknown name: the error lists the known ones, or suggests what may be meant.
        """
        self.declare(AdapterPlugin("morse", f"{__name__}:Morse"), ServicePlugin("clock", f"{__name__}:Clock"))
        self.assertEqual(self.refusal(plugins.adapter, "irc"), "no adapter is called 'irc'; there are: morse")
        self.assertEqual(
            self.refusal(plugins.service_type, "morse.prxy"),
            "unknown type 'morse.prxy'; did you mean 'morse.proxy'?",
        )
        self.assertEqual(
            self.refusal(plugins.service_type, "xyz"), "unknown type 'xyz'; there are: clock, morse.proxy"
        )

    def test_declared_twice(self) -> None:
        """
        Two plugins of one name: the error names both, and nothing of that kind can be asked for.
        """
        self.declare(AdapterPlugin("morse", "one:Morse"), AdapterPlugin("morse", "two:Morse"))
        self.assertEqual(
            self.refusal(plugins.adapter, "morse"),
            "adapter 'morse' is declared twice: one:Morse and two:Morse",
        )

    def test_not_importable(self) -> None:
        """
        The module, or the name in it, is not there.
        """
        self.declare(
            AdapterPlugin("a", "kaazing.no.such.module:Adapter"),
            AdapterPlugin("b", f"{__name__}:NoSuchName"),
        )
        self.assertEqual(
            self.refusal(plugins.adapter, "a"),
            "adapter 'a': kaazing.no.such.module:Adapter cannot be imported: No module named 'kaazing.no'",
        )
        self.assertIn("'NoSuchName'", self.refusal(plugins.adapter, "b"))

    def test_fault_of_its_own(self) -> None:
        """
        A plugin whose own code fails is told from one that is not there: the exception passes.
        """
        nothing: dict[str, Any] = {}
        broken = ModuleType("broken_plugin")
        broken.make = lambda: nothing["missing"]  # type: ignore[attr-defined]
        self.patch(sys, "modules", {**sys.modules, "broken_plugin": broken})
        self.declare(AdapterPlugin("a", "broken_plugin:make"))
        self.assertRaises(KeyError, plugins.adapter, "a")

    def test_lying(self) -> None:
        """
        A plugin that does not keep IAdapter's promises: the error says what it lacks.
        """
        self.declare(AdapterPlugin("morse", f"{__name__}:Liar"))
        refusal = self.refusal(plugins.adapter, "morse")
        self.assertTrue(refusal.startswith("adapter 'morse': The object"), refusal)
        self.assertIn("front attribute was not provided", refusal)

    def test_misnamed(self) -> None:
        """
        A plugin that calls itself otherwise than it is declared.
        """
        self.declare(AdapterPlugin("morse", f"{__name__}:Misnamed"))
        self.assertEqual(
            self.refusal(plugins.adapter, "morse"),
            f"adapter 'morse': {__name__}:Misnamed calls itself 'semaphore'",
        )

    def test_broker_schemes(self) -> None:
        """
        A sort of broker is found by the schemes of its URIs; no two have one scheme.
        """
        made = {
            each.name: each for each in (Brokers("far", {"far": 1, "far+ssl": 2}), Brokers("in", {"in": 0}))
        }
        self.patch(plugins, "brokers", lambda: sorted(made))
        self.patch(plugins, "broker", made.__getitem__)
        plugins.forget()
        self.addCleanup(plugins.forget)
        found = {scheme: broker.name for scheme, broker in plugins.broker_schemes().items()}
        self.assertEqual(found, {"far": "far", "far+ssl": "far", "in": "in"})
        made["farther"] = Brokers("farther", {"far": 3})
        plugins.forget()
        why = self.assertRaises(PluginError, plugins.broker_schemes)
        self.assertEqual(str(why), "URIs with far:// are those of two brokers, 'far' and 'farther'")

    def test_ours(self) -> None:
        """
        What this distribution declares can be imported and keeps its promises.
        """
        plugins.forget()
        for name in plugins.adapters():
            self.assertTrue(IAdapter.providedBy(plugins.adapter(name)), name)
        for name in plugins.service_types():
            self.assertTrue(IServiceType.providedBy(plugins.service_type(name)), name)
            self.assertEqual(plugins.service_type(name).name, name)
        for name in plugins.brokers():
            self.assertTrue(IBrokerType.providedBy(plugins.broker(name)), name)
        self.assertTrue({"echo", "proxy", "directory", "stomp.proxy"} <= set(plugins.service_types()))
