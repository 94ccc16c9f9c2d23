# -*- test-case-name: tests.adapters.amqp.test_one_permits -*-
"""What a client may attach to, by the service's policy; names are addresses of nodes (section 3.5).

docs/protocols/amqp.md says which operation needs which name.
"""

from __future__ import annotations

from urllib.parse import unquote

from kaazing.adapters.amqp.nine_permits import LINE_ENDS
from kaazing.interfaces.adapters import IPolicy
from kaazing.wire.amqp_one import Performative
from kaazing.wire.amqp_one_types import STRING

DYNAMIC = "dynamic"
"""What C{declare} is asked for where the backend is to make a node and its name."""

_EXCHANGE = "/exchange/"


class Permits:
    """Asks a policy about links."""

    def __init__(self, policy: IPolicy) -> None:
        self._policy = policy
        self.needed = any(policy.restricts(each) for each in ("publish", "consume", "declare"))

    def refuses(self, attach: Performative) -> tuple[str, str] | None:
        """Return the operation that is refused, and why the client may not have a link; None where it may."""
        operation, field = ("consume", "source") if attach.get("role") else ("publish", "target")
        terminus = attach.composite(field)
        if terminus is not None and terminus.name == "coordinator":
            return None  # of transactions, whose messages need links of their own
        if terminus is not None and terminus.get("dynamic"):
            allowed = self._policy.allows("declare", DYNAMIC)
            return None if allowed else ("declare", f"declare {DYNAMIC} is not allowed")
        if not self._policy.restricts(operation):
            return None
        at = None if terminus is None else terminus.start("address")
        if at is None or terminus is None or attach.data[at] not in STRING:
            return operation, f"{operation} without an address is not allowed"
        address = str(terminus.get("address"))
        names = {address, unquote(address)}
        names |= {name.translate(LINE_ENDS) for name in names}
        if all(self._allowed(operation, name) for name in names):
            return None
        return operation, f"{operation} {address[:100]} is not allowed"

    def _allowed(self, operation: str, name: str) -> bool:
        if operation == "consume":  # an address may have wildcards: RabbitMQ's topics
            return self._policy.allows_all(operation, name)
        exchange, _, key = name.removeprefix(_EXCHANGE).partition("/")
        if name.startswith(_EXCHANGE) and not key:
            # Each message names its routing key itself, in its property "subject" (RabbitMQ).
            return self._policy.allows_all(operation, f"{_EXCHANGE}{exchange}/#")
        return self._policy.allows(operation, name)
