"""ActiveMQ Classic, the JMS broker, with OpenWire and STOMP; its messages are in KahaDB, on disk."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from tests.integration.children import Child, free_ports
from tests.integration.servers.setup import PASSWORD, USER, certificate, folder, start
from tests.needs import missing, program

LIBRARIES = Path("/usr/share/activemq/lib")
"""The JMS client of Java programs; the class path is all that is in it."""

_JAR = "/usr/share/activemq/bin/activemq.jar"
_XML = """\
<beans xmlns="http://www.springframework.org/schema/beans"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.springframework.org/schema/beans
    http://www.springframework.org/schema/beans/spring-beans.xsd
    http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
 <broker xmlns="http://activemq.apache.org/schema/core" brokerName="kaazingtest" dataDirectory="{base}/data"
   useJmx="false" persistent="true" schedulerSupport="false">
  <persistenceAdapter>
   <!-- What the kernel has outlives the broker, if not the machine. -->
   <kahaDB directory="{base}/data/kahadb" journalMaxFileLength="4mb" journalDiskSyncStrategy="never"/>
  </persistenceAdapter>
  <plugins><simpleAuthenticationPlugin anonymousAccessAllowed="false"><users>
   <authenticationUser username="{user}" password="{password}" groups="users"/>
  </users></simpleAuthenticationPlugin></plugins>
  <sslContext>
   <sslContext keyStore="file:{base}/tls.p12" keyStoreType="PKCS12" keyStorePassword="{password}"/>
  </sslContext>
  <systemUsage><systemUsage>
   <memoryUsage><memoryUsage limit="64 mb"/></memoryUsage>
   <storeUsage><storeUsage limit="512 mb"/></storeUsage>
   <tempUsage><tempUsage limit="64 mb"/></tempUsage>
  </systemUsage></systemUsage>
  <transportConnectors>
   <transportConnector name="openwire" uri="tcp://127.0.0.1:{openwire}"/>
   <transportConnector name="stomp" uri="stomp://127.0.0.1:{stomp}"/>
   <transportConnector name="stomps" uri="stomp+ssl://127.0.0.1:{stomps}"/>
  </transportConnectors>
 </broker>
</beans>
"""
_LOG = """\
log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %-5p %m%n
"""


class ActiveMQ:
    """An ActiveMQ, running once it was started; C{USER} may do everything, nobody else anything.

    Attributes:
        openwire: port for Java programs.
        stomp: port of its STOMP listener.
        stomps: the same over TLS.
        ca: PEM file of the authority that signed its certificate, which is for "localhost" and "127.0.0.1".
    """

    def __init__(self) -> None:
        java = program("java", "default-jdk-headless")
        if not Path(_JAR).exists():
            raise missing("ActiveMQ is not installed (Debian package activemq)")
        self._base = folder("activemq")
        self.openwire, self.stomp, self.stomps = free_ports(3)
        self.ca = _keys(self._base)
        self._argv = _argv(java, self._base)
        self._runs: list[Child] = []
        (self._base / "activemq.xml").write_text(
            _XML.format(
                base=self._base,
                user=USER,
                password=PASSWORD,
                openwire=self.openwire,
                stomp=self.stomp,
                stomps=self.stomps,
            )
        )
        (self._base / "log4j.properties").write_text(_LOG)
        (self._base / "tmp").mkdir()

    def start(self) -> None:
        """Run it (1 s), also again: it has what was kept on disk, and listens on the same ports."""
        log = self._base / f"server{len(self._runs)}.log"
        self._runs.append(
            start(self._argv, log, lambda it: "(kaazingtest, " in it.said() and ") started" in it.said())
        )

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self._runs[-1].kill()


@cache
def activemq() -> ActiveMQ:
    """Return the test run's ActiveMQ, started at the first call; SkipTest where there is none.

    A test that kills one makes and starts its own.
    """
    made = ActiveMQ()
    made.start()
    return made


def _keys(base: Path) -> Path:
    ca, crt, key = certificate(base)
    subprocess.run(
        [
            *("openssl", "pkcs12", "-export", "-in", crt, "-inkey", key),
            *("-out", base / "tls.p12", "-passout", f"pass:{PASSWORD}"),
        ],
        check=True,
        capture_output=True,
    )
    return ca


def _argv(java: str, base: Path) -> list[str]:
    return [
        *(java, "-Xms64M", "-Xmx256M", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        f"-Djava.io.tmpdir={base}/tmp",
        f"-Dlog4j.configuration=file:{base}/log4j.properties",
        "-Dactivemq.home=/usr/share/activemq",
        *(f"-Dactivemq.{what}={base}" for what in ("base", "conf", "classpath")),
        f"-Dactivemq.data={base}/data",
        *("-jar", _JAR, "start", f"xbean:file:{base}/activemq.xml"),
    ]
