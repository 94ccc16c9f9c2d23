/* MqttScanner's rules for packets: what may come when, and what each must hold.
 * Twin: kaazing/wire/pure_mqtt_packets.py, which has the same rules in the same order. */
#include "mqtt.h"

#define B(type) (1u << (type))
#define ACKS (B(PUBACK) | B(PUBREC) | B(PUBREL) | B(PUBCOMP))
#define OF_CLIENT (B(CONNECT) | B(PUBLISH) | ACKS | B(SUBSCRIBE) | B(UNSUBSCRIBE) | B(PINGREQ) | B(DISCONNECT) \
    | B(AUTH))
#define OF_SERVER (B(CONNACK) | B(PUBLISH) | ACKS | B(SUBACK) | B(UNSUBACK) | B(PINGRESP) | B(AUTH))
#define FLAGS_2 (B(PUBREL) | B(SUBSCRIBE) | B(UNSUBSCRIBE))
#define DUP 8

/* What the connection's state says of a type; 0 for nothing. */
static int
out_of_place(scanner *self, int type)
{
    if (self->client) {
        if (self->version == 0)
            return type == CONNECT ? 0 : NOT_FIRST;
        if (type == CONNECT)
            return TWICE;
        if (self->auth && !self->connected && type != AUTH && type != DISCONNECT)
            return NOT_YET;
    }
    else {
        if (type == CONNACK && self->connected)
            return TWICE;
        if (!self->connected && (self->version == 0 || (type != CONNACK && type != AUTH)))
            return NOT_FIRST;
    }
    return type == AUTH && !self->auth ? NO_METHOD : 0;
}

int
mqtt_first(reading *r)
{
    scanner *self = r->self;
    int type = r->type, flags = r->flags, code;
    uint32_t of_side = self->client ? OF_CLIENT : self->version == V5 ? OF_SERVER | B(DISCONNECT) : OF_SERVER;
    if (type == 0 || (type == AUTH && (self->version == V31 || self->version == V311)))
        return mqtt_bad(r, TYPE_RESERVED, r->start, type);
    if (self->over)
        return mqtt_bad(r, AFTER_END, r->start, 0);
    if (!(of_side >> type & 1))
        return mqtt_bad(r, WRONG_SIDE, r->start, 0);
    if ((code = out_of_place(self, type)) != 0)
        return mqtt_bad(r, code, r->start, 0);
    if (type == PUBLISH) {
        if ((flags & 6) == 6)
            return mqtt_bad(r, QOS_3, r->start, 0);
        return (flags & (DUP | 6)) != DUP || mqtt_bad(r, DUP_QOS_0, r->start, 0);
    }
    if (B(type) & FLAGS_2)
        return flags == 2 || (flags == (DUP | 2) && self->version == V31) || mqtt_bad(r, BAD_FLAGS, r->start, 0);
    return flags == 0 || mqtt_bad(r, BAD_FLAGS, r->start, 0);
}

/* Reason codes by packet; DISCONNECT of a server in the row WILL (MQTT 5 section 2.4). */
#define CODES(text) {text, sizeof text - 1}
static const struct {
    const char *codes;
    size_t size;
} reasons[TYPES] = {
    [CONNACK] = CODES("\x00\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8A\x8C\x90\x95\x97\x99\x9A\x9B\x9C\x9D\x9F"),
    [PUBACK] = CODES("\x00\x10\x80\x83\x87\x90\x91\x97\x99"),
    [PUBREC] = CODES("\x00\x10\x80\x83\x87\x90\x91\x97\x99"),
    [PUBREL] = CODES("\x00\x92"),
    [PUBCOMP] = CODES("\x00\x92"),
    [SUBACK] = CODES("\x00\x01\x02\x80\x83\x87\x8F\x91\x97\x9E\xA1\xA2"),
    [UNSUBACK] = CODES("\x00\x11\x80\x83\x87\x8F\x91"),
    [DISCONNECT] = CODES("\x00\x04\x80\x81\x82\x83\x90\x93\x94\x95\x96\x97\x98\x99"),
    [WILL] = CODES("\x00\x80\x81\x82\x83\x87\x89\x8B\x8D\x8E\x8F\x90\x93\x94\x95\x96\x97\x98\x99\x9A\x9B\x9C\x9D"
                   "\x9E\x9F\xA0\xA1\xA2"),
};
#define OLD_CONNACK_MAX 5 /* MQTT 3.1.1 section 3.2.2.3 */

static int
read_reason(reading *r, unsigned *code)
{
    const uint8_t *place = r->at;
    if (!mqtt_byte(r, code))
        return 0;
    int fine, type = r->type, client = r->self->client;
    if (type == AUTH)
        fine = *code == 0x18 || *code == (client ? 0x19 : 0);
    else if (type == CONNACK && r->self->version != V5)
        fine = *code <= OLD_CONNACK_MAX;
    else if (type == SUBACK && r->self->version != V5)
        fine = *code <= 2 || *code == 0x80;
    else {
        int row = type == DISCONNECT && !client ? WILL : type;
        fine = memchr(reasons[row].codes, (int)*code, reasons[row].size) != NULL;
    }
    return fine || mqtt_bad(r, BAD_REASON, place, (long)*code);
}

static int
read_id(reading *r)
{
    const uint8_t *place = r->at;
    unsigned id;
    return mqtt_short(r, &id) && (id > 0 || mqtt_bad(r, ID_ZERO, place, 0));
}

static int
at_end(reading *r)
{
    return r->at == r->end || mqtt_bad(r, TRAILING, r->at, 0);
}

static int
properties_of_5(reading *r)
{
    return r->self->version != V5 || mqtt_properties(r, r->type);
}

static int
check_will(reading *r)
{
    const uint8_t *place, *from;
    unsigned size;
    if (r->self->version == V5 && !mqtt_properties(r, WILL))
        return 0;
    place = r->at;
    if (!mqtt_topic(r, &size))
        return 0;
    if (size == 0)
        return mqtt_bad(r, TOPIC_EMPTY, place, 0);
    return mqtt_binary(r, &from, &size);
}

static int
check_version(reading *r)
{
    const uint8_t *place = r->at, *name;
    unsigned size, level;
    if (!mqtt_binary(r, &name, &size))
        return 0;
    int old = size == 6 && memcmp(name, "MQIsdp", 6) == 0;
    if (!old && !(size == 4 && memcmp(name, "MQTT", 4) == 0))
        return mqtt_bad(r, PROTOCOL_NAME, place, 0);
    place = r->at;
    if (!mqtt_byte(r, &level))
        return 0;
    if (old ? level != V31 : level != V311 && level != V5)
        return mqtt_bad(r, PROTOCOL_LEVEL, place, (long)level);
    r->self->version = (uint8_t)level;
    const uint8_t *length = r->start + r->self->head - 1; /* its last byte */
    return level != V5 || *length || r->self->head == 2 || mqtt_bad(r, NOT_MINIMAL, r->start + 1, 0);
}

static int
check_connect(reading *r)
{
    const uint8_t *place, *from;
    unsigned flags, keep_alive, size;
    if (!check_version(r))
        return 0;
    int version = r->self->version;
    place = r->at;
    if (!mqtt_byte(r, &flags))
        return 0;
    if (flags & 1)
        return mqtt_bad(r, CONNECT_FLAGS, place, 0);
    if ((flags & 0x18) == 0x18 || (!(flags & 4) && flags & 0x38))
        return mqtt_bad(r, WILL_FLAGS, place, 0);
    if ((flags & 0xC0) == 0x40 && version != V5)
        return mqtt_bad(r, NO_USERNAME, place, 0);
    if (!mqtt_short(r, &keep_alive) || !properties_of_5(r))
        return 0;
    if (r->data && !r->method)
        return mqtt_bad(r, PROPERTY_MISSING, place, 0x15);
    r->self->auth = (char)r->method;
    place = r->at;
    if (!mqtt_text(r, &size))
        return 0;
    if (size == 0 && (version == V31 || (version == V311 && !(flags & 2))))
        return mqtt_bad(r, NO_CLIENT_ID, place, 0);
    if (flags & 4 && !check_will(r))
        return 0;
    if (flags & 0x80 && !mqtt_text(r, &size))
        return 0;
    if (flags & 0x40 && !mqtt_binary(r, &from, &size))
        return 0;
    return at_end(r);
}

static int
check_connack(reading *r)
{
    const uint8_t *place = r->at;
    unsigned flags, code;
    if (!mqtt_byte(r, &flags))
        return 0;
    if (flags > 1)
        return mqtt_bad(r, CONNACK_FLAGS, place, 0);
    if (!read_reason(r, &code))
        return 0;
    if (flags && code)
        return mqtt_bad(r, CONNACK_FLAGS, place, 0);
    if (!properties_of_5(r) || !at_end(r))
        return 0;
    if (code)
        r->self->over = 1;
    else
        r->self->connected = 1;
    return 1;
}

/* The topic that an alias stands for, noted or looked for (MQTT 5 section 3.3.2.3.4). */
static int
check_alias(reading *r, const uint8_t *topic, unsigned size)
{
    scanner *self = r->self;
    if (r->alias == 0)
        return size > 0 || mqtt_bad(r, TOPIC_EMPTY, topic, 0);
    if ((int)r->alias > self->max_alias)
        return mqtt_bad(r, ALIAS_TOO_HIGH, topic, (long)r->alias);
    uint8_t bit = (uint8_t)(1 << r->alias % 8);
    if (size == 0)
        return (self->aliases && self->aliases[r->alias / 8] & bit) || mqtt_bad(r, ALIAS_UNKNOWN, topic, (long)r->alias);
    if (self->aliases == NULL && (self->aliases = PyMem_Calloc(1, ALIAS_MAX / 8 + 1)) == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    self->aliases[r->alias / 8] |= bit;
    return 1;
}

static int
check_publish(reading *r)
{
    const uint8_t *topic = r->at;
    unsigned size;
    if (!mqtt_topic(r, &size))
        return 0;
    if (r->self->version != V5) {
        if (size == 0)
            return mqtt_bad(r, TOPIC_EMPTY, topic, 0);
        return !(r->flags & 6) || read_id(r);
    }
    if ((r->flags & 6 && !read_id(r)) || !mqtt_properties(r, PUBLISH) || !check_alias(r, topic, size))
        return 0;
    if (r->flags & 6 && r->self->receive_max != NO_QUOTA) {
        if (r->self->quota == 0)
            return mqtt_bad(r, QUOTA, r->start, r->self->receive_max);
        r->self->quota--;
    }
    return 1;
}

static int
check_ack(reading *r)
{
    unsigned code = 0;
    if (!read_id(r))
        return 0;
    if (r->self->version == V5 && r->at < r->end) {
        if (!read_reason(r, &code) || (r->at < r->end && !mqtt_properties(r, r->type)))
            return 0;
    }
    if (!at_end(r))
        return 0;
    if (r->type == PUBACK || r->type == PUBCOMP || (r->type == PUBREC && code >= 0x80))
        r->self->released++;
    return 1;
}

static int
check_filters(reading *r)
{
    Py_ssize_t count = 0;
    if (!read_id(r) || !properties_of_5(r))
        return 0;
    if (r->at == r->end)
        return mqtt_bad(r, NO_FILTERS, r->at, 0);
    while (r->at < r->end) {
        int shared;
        unsigned options;
        if (++count > r->self->max_filters)
            return mqtt_bad(r, TOO_MANY_FILTERS, r->at, (long)r->self->max_filters);
        if (!mqtt_filter(r, &shared))
            return 0;
        if (r->type == UNSUBSCRIBE)
            continue;
        const uint8_t *place = r->at;
        if (!mqtt_byte(r, &options))
            return 0;
        unsigned reserved = r->self->version == V5 ? 0xC0 : 0xFC;
        if (options & reserved || (options & 3) == 3 || (options & 0x30) == 0x30 || (options & 4 && shared))
            return mqtt_bad(r, BAD_OPTIONS, place, (long)options);
    }
    return 1;
}

static int
check_codes(reading *r)
{
    unsigned code;
    if (!read_id(r))
        return 0;
    if (r->type == UNSUBACK && r->self->version != V5)
        return at_end(r);
    if (!properties_of_5(r))
        return 0;
    if (r->at == r->end)
        return mqtt_bad(r, NO_CODES, r->at, 0);
    while (r->at < r->end)
        if (!read_reason(r, &code))
            return 0;
    return 1;
}

/* DISCONNECT and AUTH: nothing, or a reason code with or without properties. */
static int
check_reasoned(reading *r)
{
    const uint8_t *place = r->at;
    unsigned code;
    if (r->type == AUTH && r->self->client && r->at == r->end)
        return mqtt_bad(r, BAD_REASON, r->at, 0); /* nothing means success, which servers say */
    if (r->self->version == V5 && r->at < r->end) {
        if (!read_reason(r, &code) || (r->at < r->end && !mqtt_properties(r, r->type)))
            return 0;
        if (r->type == AUTH && !r->method)
            return mqtt_bad(r, PROPERTY_MISSING, place, 0x15);
    }
    if (!at_end(r))
        return 0;
    r->self->over = r->type == DISCONNECT;
    return 1;
}

int
mqtt_packet(reading *r)
{
    switch (r->type) {
    case CONNECT:
        return check_connect(r);
    case CONNACK:
        return check_connack(r);
    case PUBLISH:
        return check_publish(r);
    case PUBACK:
    case PUBREC:
    case PUBREL:
    case PUBCOMP:
        return check_ack(r);
    case SUBSCRIBE:
    case UNSUBSCRIBE:
        return check_filters(r);
    case SUBACK:
    case UNSUBACK:
        return check_codes(r);
    case DISCONNECT:
    case AUTH:
        return check_reasoned(r);
    default: /* PINGREQ, PINGRESP */
        return at_end(r);
    }
}
