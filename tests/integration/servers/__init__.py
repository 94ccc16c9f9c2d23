"""Real servers, backends and those that know users: private, on free ports, started once for a test run.

Each is a function that starts its server at the first call and returns where it listens; all end with the
test run, however that ends. A server that is not installed raises SkipTest.
"""

from tests.integration.servers.activemq import ActiveMQ, activemq
from tests.integration.servers.artemis import Artemis, artemis
from tests.integration.servers.brokers import Mosquitto, RabbitMQ, mosquitto, rabbitmq
from tests.integration.servers.directories import Slapd, slapd
from tests.integration.servers.imap import Dovecot, dovecot
from tests.integration.servers.irc import InspIRCd, NgIRCd, inspircd, ngircd
from tests.integration.servers.kdc import Kdc, kdc
from tests.integration.servers.setup import PASSWORD, USER, VHOST
from tests.integration.servers.xmpp import Ejabberd, Prosody, ejabberd, prosody

__all__ = [
    "PASSWORD",
    "USER",
    "VHOST",
    "ActiveMQ",
    "Artemis",
    "Dovecot",
    "Ejabberd",
    "InspIRCd",
    "Kdc",
    "Mosquitto",
    "NgIRCd",
    "Prosody",
    "RabbitMQ",
    "Slapd",
    "activemq",
    "artemis",
    "dovecot",
    "ejabberd",
    "inspircd",
    "kdc",
    "mosquitto",
    "ngircd",
    "prosody",
    "rabbitmq",
    "slapd",
]
