"""Errors: the message is whole, and the parts of it are there for programs."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from kaazing.errors import (
    BadRequest,
    ConfigError,
    ConfigErrors,
    FrameViolation,
    GatewayError,
    ProtocolViolation,
    Side,
    suggest,
)


class ErrorTests(SynchronousTestCase):
    """What each error says."""

    def test_config_error(self) -> None:
        """
        An error in a file names file and line, only the file when it means the whole, or neither.
        """
        self.assertEqual(
            str(ConfigError("<type>: unknown", file="c.xml", line=4)), "c.xml:4: <type>: unknown"
        )
        self.assertEqual(str(ConfigError("is empty", file="c.xml")), "c.xml: is empty")
        self.assertEqual(str(ConfigError("is empty")), "is empty")

    def test_config_errors(self) -> None:
        """
        Errors of a file come in line order, those of one line in the order they were found, a line each.
        """
        found = [ConfigError(what, file="c.xml", line=line) for what, line in (("c", 10), ("b", 9), ("a", 9))]
        errors = ConfigErrors(found)
        self.assertEqual(str(errors), "c.xml:9: b\nc.xml:9: a\nc.xml:10: c")
        self.assertEqual(
            [(error.line, error.what) for error in errors.errors], [(9, "b"), (9, "a"), (10, "c")]
        )

    def test_bad_request(self) -> None:
        """
        A refused request has its status, the rule it breaks, and headers for the answer.
        """
        error = BadRequest(405, "method POST", rule="RFC 6455 section 4.2.1", headers=[(b"Allow", b"GET")])
        self.assertEqual(str(error), "405: method POST (RFC 6455 section 4.2.1)")
        self.assertEqual((error.status, error.headers), (405, [(b"Allow", b"GET")]))

    def test_violation(self) -> None:
        """
        A violation says who sent what, where in the stream, and which rule forbids it.
        """
        error = ProtocolViolation("no NUL", side=Side.BACK, offset=29, rule="STOMP 1.2")
        self.assertEqual(str(error), "backend byte 29: no NUL (STOMP 1.2)")
        frame = FrameViolation(
            "no mask", side=Side.FRONT, offset=0, rule="RFC 6455 section 5.1", close_code=1002
        )
        self.assertEqual(str(frame), "client byte 0: no mask (RFC 6455 section 5.1)")
        self.assertEqual(frame.close_code, 1002)

    def test_one_root(self) -> None:
        """
        Whoever wants all errors raised on purpose catches one class.
        """
        self.assertTrue(
            all(issubclass(each, GatewayError) for each in (ConfigErrors, BadRequest, FrameViolation))
        )


class SuggestTests(SynchronousTestCase):
    """What is suggested for a misspelt name."""

    def test_near(self) -> None:
        """
        A name that is nearly right gets the right one.
        """
        self.assertEqual(suggest("stmop.proxy", ["proxy", "stomp.proxy"]), "; did you mean 'stomp.proxy'?")

    def test_far(self) -> None:
        """
        A name that is like no other gets nothing.
        """
        self.assertEqual(suggest("xyzzy", ["proxy", "stomp.proxy"]), "")
