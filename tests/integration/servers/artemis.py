"""ActiveMQ Artemis, a JMS broker with AMQP 1.0, STOMP and its own protocol for Java, from Maven Central."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from tests.integration.children import Child, free_ports
from tests.integration.servers.setup import PASSWORD, USER, folder, start
from tests.needs import missing, program

JARS = Path(sys.prefix) / "share" / "artemis-2.44.0"
"""Where `make test` puts what artemis.pom names."""

READY = "Artemis is ready"

_CONFIGURATION = """\
<configuration xmlns="urn:activemq"><core xmlns="urn:activemq:core">
  <name>kaazing</name>
  <journal-type>NIO</journal-type>
  <journal-file-size>1M</journal-file-size>
  <journal-min-files>2</journal-min-files>
  <journal-datasync>false</journal-datasync>
  <persist-delivery-count-before-delivery>true</persist-delivery-count-before-delivery>
  <bindings-directory>{base}/data/bindings</bindings-directory>
  <journal-directory>{base}/data/journal</journal-directory>
  <large-messages-directory>{base}/data/large</large-messages-directory>
  <paging-directory>{base}/data/paging</paging-directory>
  <acceptors>
    <acceptor name="amqp">tcp://127.0.0.1:{amqp}?protocols=AMQP</acceptor>
    <acceptor name="stomp">{stomp}</acceptor>
    <acceptor name="core">tcp://127.0.0.1:{core}?protocols=CORE</acceptor>
  </acceptors>
  <security-settings><security-setting match="#">{permissions}</security-setting></security-settings>
  <address-settings><address-setting match="#">
    <dead-letter-address>DLQ</dead-letter-address>
    <max-delivery-attempts>10</max-delivery-attempts>
  </address-setting></address-settings>
  <addresses><address name="DLQ"><anycast><queue name="DLQ"/></anycast></address></addresses>
</core></configuration>
"""
_PERMISSIONS = (
    "createAddress",
    "deleteAddress",
    "createDurableQueue",
    "deleteDurableQueue",
    "createNonDurableQueue",
    "deleteNonDurableQueue",
    "send",
    "consume",
    "browse",
)


class Artemis:
    """An Artemis, for C{USER} alone; a message is given out 10 times, then it goes to the queue DLQ.

    Attributes:
        amqp: port for AMQP 1.0.
        stomp: port of its STOMP listener, where "/queue/" and "/topic/" are the prefixes of destinations.
        core: port for clients in Java (artemis-jms-client, in L{JARS}), "tcp://127.0.0.1:PORT".
    """

    def __init__(self) -> None:
        java = program("java", "default-jdk-headless")
        if not JARS.is_dir():
            raise missing("ActiveMQ Artemis is not there (make test fetches it, with Debian's maven)")
        base = folder("artemis")
        self.amqp, self.stomp, self.core = free_ports(3)
        prefixes = "protocols=STOMP;anycastPrefix=/queue/;multicastPrefix=/topic/"
        (base / "broker.xml").write_text(
            _CONFIGURATION.format(
                base=base,
                amqp=self.amqp,
                stomp=f"tcp://127.0.0.1:{self.stomp}?{prefixes}",
                core=self.core,
                permissions="".join(f'<permission type="{each}" roles="users"/>' for each in _PERMISSIONS),
            )
        )
        (base / "tmp").mkdir()
        # Only what the first compiler makes: the broker is up in half the time.
        machine = ("-Xms64M", "-Xmx256M", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
        self._argv = (
            *(java, *machine, f"-Djava.io.tmpdir={base}/tmp", "-cp", f"{JARS}/*"),
            *(str(Path(__file__).with_name("Artemis.java")), f"file:{base}/broker.xml", USER, PASSWORD),
        )
        self._base, self._starts = base, 0
        self._child: Child | None = None

    def start(self) -> None:
        """Start it, after L{kill} with what it had taken and on the same ports; return when it is ready."""
        self._starts += 1
        log = self._base / f"server-{self._starts}.log"
        self._child = start(self._argv, log, lambda it: READY in it.said(), seconds=60)

    def kill(self) -> None:
        """End it at once, as a crash does."""
        if self._child is not None:
            self._child.kill()


@cache
def artemis() -> Artemis:
    """Return the test run's Artemis, started at the first call (2 s); SkipTest where there is none."""
    running = Artemis()
    running.start()
    return running
