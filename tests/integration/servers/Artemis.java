import org.apache.activemq.artemis.core.config.impl.SecurityConfiguration;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;
import org.apache.activemq.artemis.spi.core.security.ActiveMQJAASSecurityManager;
import org.apache.activemq.artemis.spi.core.security.jaas.InVMLoginModule;

/** A broker in the foreground: of a configuration (a URL), a user and a password, given as arguments. */
class Artemis {
    public static void main(String[] given) throws Exception {
        SecurityConfiguration users = new SecurityConfiguration();
        users.addUser(given[1], given[2]);
        users.addRole(given[1], "users");
        EmbeddedActiveMQ broker = new EmbeddedActiveMQ();
        broker.setConfigResourcePath(given[0]);
        broker.setSecurityManager(new ActiveMQJAASSecurityManager(InVMLoginModule.class.getName(), users));
        broker.start();
        System.out.println("Artemis is ready");
    }
}
