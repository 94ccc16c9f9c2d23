/* What the parts of the MQTT scanner share.  Twin of all: kaazing/wire/pure_mqtt.py. */
#ifndef KAAZING_MQTT_H
#define KAAZING_MQTT_H

#include "feeding.h"

/* Packet types (MQTT 5 section 2.1.2); WILL stands for the will inside a CONNECT. */
enum { WILL, CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK, UNSUBSCRIBE,
       UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH, TYPES };

/* Faults; kaazing/wire/mqtt_faults.py has the same numbers and the words. */
enum { TYPE_RESERVED = 1, WRONG_SIDE, NOT_FIRST, TWICE, AFTER_END, NOT_YET, NO_METHOD, BAD_FLAGS, QOS_3,
       DUP_QOS_0, LENGTH_TOO_LONG, NOT_MINIMAL, PACKET_TOO_BIG, TOO_SHORT, TRAILING, BAD_UTF8, ID_ZERO,
       WILDCARD, TOPIC_EMPTY, TOPIC_TOO_LONG, BAD_FILTER, BAD_SHARE, BAD_OPTIONS, NO_FILTERS,
       TOO_MANY_FILTERS, NO_CODES, BAD_REASON, BAD_PROPERTY, PROPERTY_TWICE, PROPERTY_VALUE,
       TOO_MANY_PROPERTIES, PROPERTY_MISSING, PROTOCOL_NAME, PROTOCOL_LEVEL, CONNECT_FLAGS, WILL_FLAGS,
       NO_USERNAME, NO_CLIENT_ID, CONNACK_FLAGS, ALIAS_TOO_HIGH, ALIAS_UNKNOWN, QUOTA };

enum { V31 = 3, V311 = 4, V5 = 5 };

#define ALIAS_MAX 65535
#define NO_QUOTA (-1) /* before MQTT 5, whose section 4.9 has brought it */

typedef struct {
    PyObject_HEAD
    uint8_t *buffer;  /* the packet not yet whole */
    Py_ssize_t size;  /* of what is in buffer */
    Py_ssize_t room;  /* of buffer */
    Py_ssize_t need;  /* size of the open packet, 0 while its length is not known */
    Py_ssize_t head;  /* size of its fixed header */
    long long offset; /* in the stream, of the open packet's first byte */
    PyObject *fault;  /* None or (code, offset, type, number) */
    Py_ssize_t max_packet, max_topic, max_properties, max_filters;
    int max_alias;
    long receive_max; /* or NO_QUOTA */
    long quota;       /* how many more PUBLISH of QoS 1 and 2 may come */
    Py_ssize_t released;
    long long counts[TYPES];
    uint8_t *aliases; /* a bit for each that has a topic; NULL while there is none */
    uint32_t watched; /* a bit for each type that the owner has to see */
    uint8_t client, split, version, connected, over;
    char auth, plain;
} scanner;

/* A whole packet on its way through the rules. */
typedef struct {
    scanner *self;
    const uint8_t *start, *at, *end;
    int type, flags;
    /* What the properties had. */
    unsigned alias, method, data;
    /* The first fault; code 0 while there is none. */
    int code;
    const uint8_t *place;
    long number;
} reading;

/* Note a fault; always 0, which means stop. */
static inline int
mqtt_bad(reading *r, int code, const uint8_t *place, long number)
{
    r->code = code;
    r->place = place;
    r->number = number;
    return 0;
}

/* Each reads on from r->at and returns whether all is well. */
int mqtt_byte(reading *r, unsigned *value);
int mqtt_short(reading *r, unsigned *value);
int mqtt_binary(reading *r, const uint8_t **from, unsigned *size);
int mqtt_text(reading *r, unsigned *size);
int mqtt_topic(reading *r, unsigned *size);
int mqtt_filter(reading *r, int *shared);
int mqtt_properties(reading *r, int packet);

/* Check the type, side, state and flags that a first byte gives. */
int mqtt_first(reading *r);

/* Check a whole packet from behind its fixed header on, and note what it changes. */
int mqtt_packet(reading *r);

#endif
