import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import javax.jms.BytesMessage;
import javax.jms.Connection;
import javax.jms.ConnectionFactory;
import javax.jms.DeliveryMode;
import javax.jms.Destination;
import javax.jms.JMSException;
import javax.jms.MapMessage;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.TextMessage;
import javax.jms.Topic;

/**
 * A JMS application: it does what each line it reads says, and writes a line about what came of it.
 *
 * Lines are fields as in a query string. Started with the class of a connection factory, its URL, a user and a password.
 */
class JmsPeer {
    private static final long WAIT = 10_000;

    private final Session session;
    private final Connection connection;
    private final Map<String, MessageConsumer> open = new HashMap<>();

    JmsPeer(Connection connection) throws JMSException {
        this.connection = connection;
        this.session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    }

    public static void main(String[] given) throws Exception {
        Class<?> kind = Class.forName(given[0]);
        ConnectionFactory factory = (ConnectionFactory) kind.getConstructor(String.class).newInstance(given[1]);
        Connection connection = factory.createConnection(given[2], given[3]);
        connection.setClientID("peer");
        JmsPeer peer = new JmsPeer(connection);
        connection.start();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            Map<String, String> told;
            try {
                told = peer.perform(read(line));
            } catch (Exception why) {
                told = Map.of("error", why.toString());
            }
            System.out.println(written(told));
        }
        System.exit(0);
    }

    private Map<String, String> perform(Map<String, String> order) throws Exception {
        String as = order.get("as");
        switch (order.get("do")) {
            case "send" -> {
                return send(session, destination(order.get("destination")), made(order), order);
            }
            case "open" -> open.put(as, consumer(order));
            case "receive" -> {
                String wait = order.getOrDefault("wait", String.valueOf(WAIT));
                return told(open.get(as).receive(Long.parseLong(wait)));
            }
            case "close" -> open.remove(as).close();
            case "forget" -> session.unsubscribe(order.get("durable"));
            case "take" -> {
                return take(order);
            }
            case "ask" -> {
                return ask(order);
            }
            case "answer" -> {
                return answer(order);
            }
            default -> throw new IllegalArgumentException(order.toString());
        }
        return Map.of();
    }

    private Map<String, String> send(Session by, Destination to, Message message, Map<String, String> order)
            throws Exception {
        MessageProducer producer = by.createProducer(to);
        boolean persistent = order.getOrDefault("persistent", "true").equals("true");
        producer.send(
                message,
                persistent ? DeliveryMode.PERSISTENT : DeliveryMode.NON_PERSISTENT,
                Integer.parseInt(order.getOrDefault("priority", "4")),
                Long.parseLong(order.getOrDefault("ttl", "0")));
        producer.close();
        return told(message);
    }

    private MessageConsumer consumer(Map<String, String> order) throws Exception {
        Destination from = destination(order.get("destination"));
        String selector = order.get("selector"), durable = order.get("durable");
        if (durable != null) {
            return session.createDurableSubscriber((Topic) from, durable, selector, false);
        }
        return session.createConsumer(from, selector);
    }

    /** Receives a message, and goes without acknowledging it. */
    private Map<String, String> take(Map<String, String> order) throws Exception {
        Session other = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE);
        try {
            return told(other.createConsumer(destination(order.get("destination"))).receive(WAIT));
        } finally {
            other.close();
        }
    }

    private Map<String, String> ask(Map<String, String> order) throws Exception {
        Destination back = session.createTemporaryQueue();
        MessageConsumer answers = session.createConsumer(back);
        Message question = made(order);
        question.setJMSReplyTo(back);
        send(session, destination(order.get("destination")), question, order);
        Map<String, String> told = new TreeMap<>(told(answers.receive(WAIT)));
        told.put("asked", question.getJMSMessageID());
        answers.close();
        return told;
    }

    private Map<String, String> answer(Map<String, String> order) throws Exception {
        MessageConsumer questions = consumer(order);
        Message question = questions.receive(WAIT);
        Message answer = session.createTextMessage("re: " + ((TextMessage) question).getText());
        String correlation = question.getJMSCorrelationID();
        answer.setJMSCorrelationID(correlation == null ? question.getJMSMessageID() : correlation);
        send(session, question.getJMSReplyTo(), answer, order);
        questions.close();
        return told(question);
    }

    private Destination destination(String name) throws JMSException {
        String bare = name.substring(6);
        return name.startsWith("queue:") ? session.createQueue(bare) : session.createTopic(bare);
    }

    private Message made(Map<String, String> order) throws Exception {
        Message message;
        if (order.containsKey("bytes")) {
            BytesMessage bytes = session.createBytesMessage();
            bytes.writeBytes(Base64.getDecoder().decode(order.get("bytes")));
            message = bytes;
        } else if (order.containsKey("text")) {
            message = session.createTextMessage(order.get("text"));
        } else {
            message = session.createMapMessage();
        }
        for (Map.Entry<String, String> each : order.entrySet()) {
            String name = each.getKey().substring(Math.min(2, each.getKey().length()));
            if (each.getKey().startsWith("m:")) {
                ((MapMessage) message).setObject(name, value(each.getValue()));
            } else if (each.getKey().startsWith("p:")) {
                message.setObjectProperty(name, value(each.getValue()));
            }
        }
        if (order.containsKey("correlation")) {
            message.setJMSCorrelationID(order.get("correlation"));
        }
        if (order.containsKey("type")) {
            message.setJMSType(order.get("type"));
        }
        if (order.containsKey("reply")) {
            message.setJMSReplyTo(destination(order.get("reply")));
        }
        return message;
    }

    private static Object value(String typed) {
        String text = typed.substring(typed.indexOf(' ') + 1);
        return switch (typed.substring(0, typed.indexOf(' '))) {
            case "Boolean" -> Boolean.valueOf(text);
            case "Byte" -> Byte.valueOf(text);
            case "Short" -> Short.valueOf(text);
            case "Integer" -> Integer.valueOf(text);
            case "Long" -> Long.valueOf(text);
            case "Float" -> Float.valueOf(text);
            case "Double" -> Double.valueOf(text);
            default -> text;
        };
    }

    private static String typed(Object value) {
        return value.getClass().getSimpleName() + " " + value;
    }

    private static Map<String, String> told(Message message) throws Exception {
        if (message == null) {
            return Map.of("none", "");
        }
        Map<String, String> told = new TreeMap<>();
        if (message instanceof TextMessage text) {
            told.put("text", String.valueOf(text.getText()));
        } else if (message instanceof MapMessage map) {
            for (Object name : Collections.list(map.getMapNames())) {
                told.put("m:" + name, typed(map.getObject((String) name)));
            }
        } else if (message instanceof BytesMessage) {
            told.put("bytes", bytes((BytesMessage) message));
        }
        for (Object name : Collections.list(message.getPropertyNames())) {
            told.put("p:" + name, typed(message.getObjectProperty((String) name)));
        }
        put(told, "id", message.getJMSMessageID());
        put(told, "correlation", message.getJMSCorrelationID());
        put(told, "type", message.getJMSType());
        put(told, "reply", name(message.getJMSReplyTo()));
        put(told, "destination", name(message.getJMSDestination()));
        told.put("priority", String.valueOf(message.getJMSPriority()));
        told.put("persistent", String.valueOf(message.getJMSDeliveryMode() == DeliveryMode.PERSISTENT));
        told.put("redelivered", String.valueOf(message.getJMSRedelivered()));
        told.put("timestamp", String.valueOf(message.getJMSTimestamp()));
        told.put("expires", String.valueOf(message.getJMSExpiration()));
        return told;
    }

    /** The bytes of a message; of one just sent, which can only be written, none. */
    private static String bytes(BytesMessage message) throws JMSException {
        byte[] body;
        try {
            body = new byte[(int) message.getBodyLength()];
            message.readBytes(body);
        } catch (javax.jms.MessageNotReadableException why) {
            return "";
        }
        return Base64.getEncoder().encodeToString(body);
    }

    private static String name(Destination destination) throws JMSException {
        if (destination == null) {
            return null;
        }
        if (destination instanceof Queue queue) {
            return "queue:" + queue.getQueueName();
        }
        return "topic:" + ((Topic) destination).getTopicName();
    }

    private static void put(Map<String, String> told, String name, String value) {
        if (value != null) {
            told.put(name, value);
        }
    }

    private static Map<String, String> read(String line) {
        Map<String, String> fields = new TreeMap<>();
        for (String each : line.split("&")) {
            String[] pair = each.split("=", 2);
            fields.put(URLDecoder.decode(pair[0], StandardCharsets.UTF_8),
                    URLDecoder.decode(pair[1], StandardCharsets.UTF_8));
        }
        return fields;
    }

    private static String written(Map<String, String> fields) {
        StringBuilder line = new StringBuilder();
        fields.forEach((name, value) -> line.append(line.length() == 0 ? "" : "&")
                .append(URLEncoder.encode(name, StandardCharsets.UTF_8)).append('=')
                .append(URLEncoder.encode(value, StandardCharsets.UTF_8)));
        return line.toString();
    }
}
