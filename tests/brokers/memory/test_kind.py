"""memory:// as a sort of broker."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from kaazing import plugins
from kaazing.brokers.memory.kind import MemoryType
from kaazing.brokers.memory.store import Store, replace_store, store
from kaazing.config.model import Credentials, Uri
from kaazing.errors import ConnectError
from kaazing.interfaces.brokers import Wish
from tests.brokers.listening import Listener, post, queue, text


def uri(**more: object) -> Uri:
    """Return a URI of such a broker."""
    return Uri(**{"scheme": "memory", "host": "kind", "port": 0, **more})  # type: ignore[arg-type]


class KindTests(SynchronousTestCase):
    """What the plugin says, and that it connects."""

    def test_plugin(self) -> None:
        """
        It is declared, and keeps its promises.
        """
        self.assertIsInstance(plugins.broker("memory"), MemoryType)
        self.assertIs(plugins.broker_schemes()["memory"], plugins.broker("memory"))

    def test_check(self) -> None:
        """
        There is nobody to log in to, and nothing behind the name.
        """
        kind = MemoryType()
        self.assertEqual([*kind.check(uri()), *kind.check(uri(host="", path="/"))], [])
        self.assertEqual(
            [*kind.check(uri(path="/vhost", credentials=Credentials("u", "p")))],
            [
                "nobody logs in to a broker inside the gateway; leave user and password out",
                "a broker inside the gateway has a name and nothing else",
            ],
        )
        self.assertEqual(
            [*kind.check(uri(query="x"))], ["a broker inside the gateway has a name and nothing else"]
        )

    def test_one_for_all(self) -> None:
        """
        Links to one name meet, those to another do not.
        """
        clock = Clock()
        replace_store(Store("kind", clock.seconds))
        one, two = (self.successResultOf(MemoryType().connect(uri(), None, post(clock, []))) for _ in "ab")
        other = self.successResultOf(MemoryType().connect(uri(host="other"), None, post(clock, [])))
        here, there = Listener(), Listener()
        two.close()
        one.publish(text(queue("q"), "hello"))
        for link, listener in ((one, here), (other, there)):
            link.subscribe(Wish(destination=queue("q")), listener)
        clock.advance(0)
        self.assertEqual((here.said, there.said), (["ready", "hello"], ["ready"]))
        self.assertIs(store("other"), other.store)

    def test_refusing(self) -> None:
        """
        A store may refuse connections, for whoever wants to see what becomes of a gateway then.
        """
        made = Store("kind")
        replace_store(made)
        made.refusing = ConnectError("nobody is there")
        why = self.failureResultOf(MemoryType().connect(uri(), None, post(Clock(), [])), ConnectError)
        self.assertEqual(why.getErrorMessage(), "nobody is there")
