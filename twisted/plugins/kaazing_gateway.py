"""What twistd and the gateway find of this distribution; nothing heavy is imported here."""

from twisted.application.reactors import Reactor
from twisted.application.service import ServiceMaker

from kaazing.plugins import (
    AdapterPlugin,
    BrokerPlugin,
    LoginModulePlugin,
    ServerPlugin,
    ServicePlugin,
    StorePlugin,
)

kaazing = ServiceMaker("Kaazing gateway", "kaazing.tap", "A WebSocket gateway to TCP backends", "kaazing")
lean = Reactor("kaazing", "kaazing.reactor", "The gateway's epoll reactor (Linux)")

echo = ServicePlugin(name="echo", factory="kaazing.services.echo:EchoType")
proxy = ServicePlugin(name="proxy", factory="kaazing.services.proxy:ProxyType")
directory = ServicePlugin(name="directory", factory="kaazing.services.directory:DirectoryType")
http_proxy = ServicePlugin(name="http.proxy", factory="kaazing.services.http_proxy:HttpProxyType")
http_redirect = ServicePlugin(name="http.redirect", factory="kaazing.services.redirect:RedirectType")
management = ServicePlugin(name="management", factory="kaazing.services.management:ManagementType")
broadcast = ServicePlugin(name="broadcast", factory="kaazing.services.broadcast.service:BroadcastType")
jms = ServicePlugin(name="jms", factory="kaazing.services.jms.service:JmsType")
keyring = ServicePlugin(name="keyring", factory="kaazing.services.keyring:KeyringType")

amqp = AdapterPlugin(name="amqp", factory="kaazing.adapters.amqp.adapter:AmqpAdapter")
stomp = AdapterPlugin(name="stomp", factory="kaazing.adapters.stomp.adapter:StompAdapter")
mqtt = AdapterPlugin(name="mqtt", factory="kaazing.adapters.mqtt.adapter:MqttAdapter")
irc = AdapterPlugin(name="irc", factory="kaazing.adapters.irc.adapter:IrcAdapter")
xmpp = AdapterPlugin(name="xmpp", factory="kaazing.adapters.xmpp.adapter:XmppAdapter")

stompjms = ServerPlugin(name="stompjms", factory="kaazing.adapters.stompjms.adapter:StompJms")

file_store = StorePlugin(name="file", factory="kaazing.security.stores.file:FileStoreType")
environment_store = StorePlugin(
    name="environment", factory="kaazing.security.stores.environment:EnvironmentStoreType"
)
directory_store = StorePlugin(
    name="directory", factory="kaazing.security.stores.directory:DirectoryStoreType"
)
callback_store = StorePlugin(name="callback", factory="kaazing.security.stores.callback:CallbackStoreType")

file = LoginModulePlugin(name="file", factory="kaazing.security.modules.file:FileType")
certificate = LoginModulePlugin(
    name="certificate", factory="kaazing.security.modules.certificate:CertificateType"
)
callback = LoginModulePlugin(name="callback", factory="kaazing.security.modules.callback:CallbackType")
cred = LoginModulePlugin(name="twisted", factory="kaazing.security.modules.cred:TwistedType")
pam = LoginModulePlugin(name="pam", factory="kaazing.security.modules.pam:PamType")
jwt = LoginModulePlugin(name="jwt", factory="kaazing.security.modules.jwt:JwtType")
token = LoginModulePlugin(name="token", factory="kaazing.security.modules.jwt:token_type")
gss = LoginModulePlugin(name="gss", factory="kaazing.security.modules.gss:GssType")
ldap = LoginModulePlugin(name="ldap", factory="kaazing.security.modules.ldap:LdapType")
oidc = LoginModulePlugin(name="oidc", factory="kaazing.security.modules.oidc:OidcType")

amqp10_broker = BrokerPlugin(name="amqp10", factory="kaazing.brokers.amqp10.kind:Amqp10Type")
memory = BrokerPlugin(name="memory", factory="kaazing.brokers.memory.kind:MemoryType")
rabbitmq = BrokerPlugin(name="amqp", factory="kaazing.brokers.amqp.kind:AmqpType")
stomp_broker = BrokerPlugin(name="stomp", factory="kaazing.brokers.stomp.kind:StompType")
