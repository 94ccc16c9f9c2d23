/* MqttScanner's rules for fields: numbers, texts, topic names and filters, properties.
 * Twin: kaazing/wire/pure_mqtt_fields.py, which has the same rules in the same order. */
#include "mqtt.h"

int
mqtt_byte(reading *r, unsigned *value)
{
    if (r->at == r->end)
        return mqtt_bad(r, TOO_SHORT, r->at, 0);
    *value = *r->at++;
    return 1;
}

int
mqtt_short(reading *r, unsigned *value)
{
    if (r->end - r->at < 2)
        return mqtt_bad(r, TOO_SHORT, r->at, 0);
    *value = (unsigned)r->at[0] << 8 | r->at[1];
    r->at += 2;
    return 1;
}

static int
read_long(reading *r, uint32_t *value)
{
    if (r->end - r->at < 4)
        return mqtt_bad(r, TOO_SHORT, r->at, 0);
    *value = (uint32_t)r->at[0] << 24 | (uint32_t)r->at[1] << 16 | (uint32_t)r->at[2] << 8 | r->at[3];
    r->at += 4;
    return 1;
}

/* A Variable Byte Integer (MQTT 5 section 1.5.5). */
static int
read_varying(reading *r, uint32_t *value)
{
    const uint8_t *start = r->at;
    *value = 0;
    for (int shift = 0; shift < 28; shift += 7) {
        if (r->at == r->end)
            return mqtt_bad(r, TOO_SHORT, start, 0);
        uint8_t c = *r->at++;
        *value |= (uint32_t)(c & 0x7F) << shift;
        if (c < 0x80)
            return c || shift == 0 ? 1 : mqtt_bad(r, NOT_MINIMAL, start, 0);
    }
    return mqtt_bad(r, LENGTH_TOO_LONG, start, 0);
}

int
mqtt_binary(reading *r, const uint8_t **from, unsigned *size)
{
    const uint8_t *start = r->at;
    if (!mqtt_short(r, size))
        return 0;
    if ((size_t)(r->end - r->at) < *size)
        return mqtt_bad(r, TOO_SHORT, start, 0);
    *from = r->at;
    r->at += *size;
    return 1;
}

/* What a text has in it, all its bytes' classes together. */
#define ZERO 1
#define WILD 2
#define WIDE 4

static inline int
classes(const uint8_t *text, unsigned size)
{
    int zero = 0, wild = 0, wide = 0;
    for (unsigned i = 0; i < size; i++) {
        uint8_t c = text[i];
        zero |= c == 0;
        wild |= (c == '+') | (c == '#');
        wide |= c;
    }
    return (zero ? ZERO : 0) | (wild ? WILD : 0) | (wide & 0x80 ? WIDE : 0);
}

/* Whether these classes may stand in a text (MQTT 5 section 1.5.4). */
static inline int
speakable(int found, const uint8_t *text, unsigned size)
{
    return !(found & ZERO) && (!(found & WIDE) || utf8_valid(text, size));
}

int
mqtt_text(reading *r, unsigned *size)
{
    const uint8_t *start = r->at, *text;
    if (!mqtt_binary(r, &text, size))
        return 0;
    return speakable(classes(text, *size), text, *size) || mqtt_bad(r, BAD_UTF8, start, 0);
}

int
mqtt_topic(reading *r, unsigned *size)
{
    const uint8_t *start = r->at, *text;
    if (!mqtt_binary(r, &text, size))
        return 0;
    if (*size > r->self->max_topic)
        return mqtt_bad(r, TOPIC_TOO_LONG, start, (long)r->self->max_topic);
    int found = classes(text, *size);
    if (!speakable(found, text, *size))
        return mqtt_bad(r, BAD_UTF8, start, 0);
    return !(found & WILD) || mqtt_bad(r, WILDCARD, start, 0);
}

/* Wildcards are whole levels, and # is the last one (MQTT 5 section 4.7.1). */
static int
wildcards_right(const uint8_t *text, const uint8_t *end)
{
    for (const uint8_t *c = text; c < end; c++) {
        if (*c != '+' && *c != '#')
            continue;
        if ((c > text && c[-1] != '/') || (c + 1 < end && (*c == '#' || c[1] != '/')))
            return 0;
    }
    return 1;
}

int
mqtt_filter(reading *r, int *shared)
{
    const uint8_t *start = r->at, *text;
    unsigned size;
    if (!mqtt_binary(r, &text, &size))
        return 0;
    if (size > r->self->max_topic)
        return mqtt_bad(r, TOPIC_TOO_LONG, start, (long)r->self->max_topic);
    int found = classes(text, size);
    if (!speakable(found, text, size))
        return mqtt_bad(r, BAD_UTF8, start, 0);
    const uint8_t *end = text + size;
    *shared = r->self->version == V5 && size > 6 && memcmp(text, "$share/", 7) == 0;
    if (*shared) { /* section 4.8.2 */
        const uint8_t *name = text + 7, *slash = memchr(name, '/', (size_t)(end - name));
        if (slash == NULL || slash == name || slash + 1 == end || classes(name, (unsigned)(slash - name)) & WILD)
            return mqtt_bad(r, BAD_SHARE, start, 0);
        text = slash + 1;
    }
    if (text == end || (found & WILD && !wildcards_right(text, end)))
        return mqtt_bad(r, BAD_FILTER, start, 0);
    return 1;
}

/* Properties: what each is, and in which packets of the client and of the server (MQTT 5 section 2.2.2.2). */
enum { UNKNOWN, SWITCH, SHORT, LONG, VARYING, TEXT, TOPIC, BINARY, PAIR };

#define NOT_ZERO 16
#define B(type) (1u << (type))
#define MESSAGE (B(PUBLISH) | B(WILL))
#define TOLD (B(CONNACK) | B(PUBACK) | B(PUBREC) | B(PUBREL) | B(PUBCOMP) | B(SUBACK) | B(UNSUBACK) \
    | B(DISCONNECT) | B(AUTH))
#define BOTH(packets) packets, packets

static const struct {
    uint8_t kind;
    uint16_t client, server;
} known[] = {
    [0x01] = {SWITCH, BOTH(MESSAGE)},
    [0x02] = {LONG, BOTH(MESSAGE)},
    [0x03] = {TEXT, BOTH(MESSAGE)},
    [0x08] = {TOPIC, BOTH(MESSAGE)},
    [0x09] = {BINARY, BOTH(MESSAGE)},
    [0x0B] = {VARYING | NOT_ZERO, B(SUBSCRIBE), B(PUBLISH)},
    [0x11] = {LONG, B(CONNECT) | B(DISCONNECT), B(CONNACK)},
    [0x12] = {TEXT, BOTH(B(CONNACK))},
    [0x13] = {SHORT, BOTH(B(CONNACK))},
    [0x15] = {TEXT, BOTH(B(CONNECT) | B(CONNACK) | B(AUTH))},
    [0x16] = {BINARY, BOTH(B(CONNECT) | B(CONNACK) | B(AUTH))},
    [0x17] = {SWITCH, BOTH(B(CONNECT))},
    [0x18] = {LONG, BOTH(B(WILL))},
    [0x19] = {SWITCH, BOTH(B(CONNECT))},
    [0x1A] = {TEXT, BOTH(B(CONNACK))},
    [0x1C] = {TEXT, 0, B(CONNACK) | B(DISCONNECT)},
    [0x1F] = {TEXT, BOTH(TOLD)},
    [0x21] = {SHORT | NOT_ZERO, BOTH(B(CONNECT) | B(CONNACK))},
    [0x22] = {SHORT, BOTH(B(CONNECT) | B(CONNACK))},
    [0x23] = {SHORT | NOT_ZERO, BOTH(B(PUBLISH))},
    [0x24] = {SWITCH, BOTH(B(CONNACK))},
    [0x25] = {SWITCH, BOTH(B(CONNACK))},
    [0x26] = {PAIR, BOTH(TOLD | MESSAGE | B(CONNECT) | B(SUBSCRIBE) | B(UNSUBSCRIBE))},
    [0x27] = {LONG | NOT_ZERO, BOTH(B(CONNECT) | B(CONNACK))},
    [0x28] = {SWITCH, BOTH(B(CONNACK))},
    [0x29] = {SWITCH, BOTH(B(CONNACK))},
    [0x2A] = {SWITCH, BOTH(B(CONNACK))},
};

#define KNOWN (sizeof known / sizeof *known)
enum { IDENTIFIER = 0x0B, METHOD = 0x15, DATA = 0x16, ALIAS = 0x23, USER_PROPERTY = 0x26 };

static int
read_value(reading *r, unsigned id)
{
    const uint8_t *start = r->at, *from;
    unsigned number = 1, size;
    uint32_t wide;
    switch (known[id].kind & ~NOT_ZERO) {
    case SWITCH:
        return mqtt_byte(r, &number) && (number < 2 || mqtt_bad(r, PROPERTY_VALUE, start, id));
    case SHORT:
        if (!mqtt_short(r, &number))
            return 0;
        if (id == ALIAS)
            r->alias = number;
        break;
    case LONG:
    case VARYING:
        if (!((known[id].kind & ~NOT_ZERO) == LONG ? read_long : read_varying)(r, &wide))
            return 0;
        number = wide != 0;
        break;
    case TOPIC:
        return mqtt_topic(r, &size) && (size > 0 || mqtt_bad(r, TOPIC_EMPTY, start, 0));
    case BINARY:
        return mqtt_binary(r, &from, &size);
    case PAIR:
        return mqtt_text(r, &size) && mqtt_text(r, &size);
    default:
        return mqtt_text(r, &size);
    }
    return number || !(known[id].kind & NOT_ZERO) || mqtt_bad(r, PROPERTY_VALUE, start, id);
}

int
mqtt_properties(reading *r, int packet)
{
    const uint8_t *whole = r->end, *start = r->at;
    uint32_t length;
    uint64_t seen = 0;
    Py_ssize_t count = 0;
    if (r->at < r->end && *r->at == 0) { /* mostly */
        r->at++;
        return 1;
    }
    if (!read_varying(r, &length))
        return 0;
    if ((size_t)(r->end - r->at) < length)
        return mqtt_bad(r, TOO_SHORT, start, 0);
    r->end = r->at + length;
    while (r->at < r->end) {
        const uint8_t *place = r->at;
        unsigned id = *r->at++;
        if (id >= KNOWN || !((r->self->client ? known[id].client : known[id].server) >> packet & 1))
            return mqtt_bad(r, BAD_PROPERTY, place, (long)id);
        int repeats = id == USER_PROPERTY || (id == IDENTIFIER && packet == PUBLISH);
        if (seen >> id & 1 && !repeats)
            return mqtt_bad(r, PROPERTY_TWICE, place, (long)id);
        if (++count > r->self->max_properties)
            return mqtt_bad(r, TOO_MANY_PROPERTIES, place, (long)r->self->max_properties);
        seen |= (uint64_t)1 << id;
        if (!read_value(r, id))
            return 0;
    }
    r->method = seen >> METHOD & 1;
    r->data = seen >> DATA & 1;
    r->end = whole;
    return 1;
}
