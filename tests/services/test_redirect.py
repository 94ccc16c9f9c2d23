"""Service type http.redirect: where requests are sent, and what caches are told."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from kaazing.interfaces.services import IService, IServiceType
from kaazing.services.redirect import RedirectType, read_reference, read_value
from kaazing.wire.heads import page
from tests.running import GatewayTestCase, service
from tests.services.house import NotedHouse


class ReaderTests(SynchronousTestCase):
    def test_promises(self) -> None:
        """
        The type and its services keep their promises.
        """
        verifyObject(IServiceType, RedirectType())
        made = RedirectType().service(
            service("r", "http.redirect", properties={"location": "/"}), NotedHouse()
        )
        verifyObject(IService, made)
        self.assertEqual(RedirectType().descriptors(made.config), (1, 0))

    def test_values(self) -> None:
        """
        A location and a directive are ASCII without line ends, so that nothing else gets into the head.
        """
        for good in ("https://example.com/a?b#c", "/x", "../y", "http://[::1]:8000/%20"):
            self.assertEqual(read_reference(good), good)
        for bad in ("", "a b", "/x\r\nSet-Cookie: y", "/\xe9", "<x>", 'a"b'):
            self.assertRaises(ValueError, read_reference, bad)
        self.assertEqual(read_value("no-cache, max-age=5"), "no-cache, max-age=5")
        for bad in ("", "no-cache\r\nX: y", "\xe9"):
            self.assertRaises(ValueError, read_value, bad)

    def test_defaults(self) -> None:
        """
        Without a word the status is 300, as in the original; the file may say 300 to 399.
        """
        options = {option.name: option for option in RedirectType().options}
        status = options["status-code"]
        self.assertEqual((status.default, status.read("308"), options["location"].required), (300, 308, True))
        for bad in ("299", "400", "x"):
            self.assertRaises(ValueError, status.read, bad)


class AnswerTests(GatewayTestCase):
    def ask(self, request: bytes, **properties: object) -> tuple[str, dict[str, str], bytes]:
        """The answer to a request."""
        self.start(service("r", "http.redirect", "http://127.0.0.1:8000/old", properties=properties))
        client = self.call()
        client.say(request + b"\r\nHost: 127.0.0.1:8000\r\n\r\n")
        self.network.settle()
        fields = {name: value for name, value in client.fields.items() if name != "date"}
        return client.head, fields, client.heard.partition(b"\r\n\r\n")[2]

    def test_answer(self) -> None:
        """
        Every request is sent to the same place, path and query are not added.
        """
        body = page(302)
        expected = {
            "location": "https://example.com/new",
            "cache-control": "no-store",
            "expires": "Thu, 01 Jan 1970 00:00:00 GMT",
            "content-type": "text/html;charset=utf-8",
            "server": "Kaazing Gateway",
            "content-length": str(len(body)),
        }
        said = {
            "location": "https://example.com/new",
            "status-code": 302,
            "cache-control": ("private", "no-store"),
        }
        answer = self.ask(b"GET /old/x?y HTTP/1.1", **said)
        self.assertEqual(answer, ("HTTP/1.1 302 Found", expected, body))

    def test_default(self) -> None:
        """
        HEAD has no body; without directives there is no Cache-Control.
        """
        head, fields, body = self.ask(b"HEAD /old HTTP/1.1", location="/new")
        self.assertEqual((head, fields["location"], body), ("HTTP/1.1 300 Multiple Choices", "/new", b""))
        self.assertNotIn("cache-control", fields)
