/* What the parts of the AMQP 0-9-1 scanner share.  Twin of all: kaazing/wire/pure_amqp.py. */
#ifndef KAAZING_AMQP_H
#define KAAZING_AMQP_H

#include "feeding.h"

#define HEAD_SIZE 7    /* type, channel, size (AMQP 0-9-1 section 2.3.5) */
#define OVERHEAD 8     /* with the end octet */
#define END_OCTET 0xCE
#define BASIC 60       /* the only class with content */
#define DEPTH_MAX 100  /* no limit on nesting is higher */
#define ROW_SIZE 16    /* see kaazing.wire.amqp_methods.COMPACT */
#define ROWS_MAX 128

enum { METHOD = 1, HEADER = 2, BODY = 3, HEARTBEAT = 8 };

/* Flags in a row. */
enum { FROM_CLIENT = 1, FROM_SERVER = 2, HAS_CONTENT = 4, WATCHED = 8 };

/* Class and method of those that open and close. */
#define KEY(class, method) ((uint32_t)(class) << 16 | (method))
#define CONNECTION_CLOSE KEY(10, 50)
#define CONNECTION_CLOSE_OK KEY(10, 51)
#define CHANNEL_OPEN KEY(20, 10)
#define CHANNEL_OPEN_OK KEY(20, 11)
#define CHANNEL_CLOSE KEY(20, 40)
#define CHANNEL_CLOSE_OK KEY(20, 41)

/* Faults; kaazing/wire/amqp_faults.py has the same numbers and the words. */
enum { BAD_TYPE = 1, TOO_BIG, BAD_HEARTBEAT, BAD_END, CHANNEL_TOO_HIGH, NOT_YET, NO_METHOD, UNKNOWN_METHOD,
       WRONG_SIDE, WRONG_CHANNEL, NOT_OPEN, OPEN_ALREADY, UNASKED, BEFORE_OPEN_OK, CONTENT_MISSING,
       UNEXPECTED_HEADER, UNEXPECTED_BODY, HEADER_CLASS, HEADER_FLAGS, BODY_TOO_LONG, CUT_SHORT, LEFT_OVER,
       BAD_STRING, BAD_BITS, BAD_FIELD, TOO_DEEP, TOO_MANY };

/* A channel, as what one side may send on it. CLOSING: it has sent close; REFUSED: the gateway has. */
enum { FREE, OPENING, OPEN, CLOSING, REFUSED };

#define HEADER_NEXT (-1)

typedef struct {
    int64_t left;  /* bytes of a body to come, or HEADER_NEXT */
    uint8_t state;
    uint8_t owes;  /* the other side has sent close */
} channel_state;

typedef struct {
    PyObject_HEAD
    PyObject *methods; /* bytes: the rows */
    PyObject *fault;   /* None or (code, offset, number, method) */
    uint8_t *buffer;   /* what is not passed on yet */
    Py_ssize_t from;   /* where in buffer that begins */
    Py_ssize_t size;   /* where it ends */
    Py_ssize_t room;   /* of buffer */
    long long offset;  /* in the stream, of the first byte not passed on */
    Py_ssize_t max_frame;
    int max_depth, max_entries, max_channel;
    channel_state *channels;
    int known;         /* length of channels */
    int rows;
    long looks;        /* frames in the last answer that are to be looked at */
    uint8_t client, split, opening;
    uint8_t stop_headers; /* a method with content is to be decided on, together with its header */
    uint8_t stops[ROWS_MAX];
    long long counts[ROWS_MAX];
} scanner;

/* One call of feed: the bytes to look at, and what has come out. */
typedef struct {
    const uint8_t *at;
    Py_ssize_t size;
    PyObject *whole;  /* the bytes object that is at[0:size], or NULL */
    PyObject *items;
    Py_ssize_t start; /* of the frame */
    Py_ssize_t run;   /* start of the frames that pass together */
    uint32_t method;  /* class and method of the frame, 0 where it has none */
} feeding;

/* What is read of one payload. */
typedef struct {
    const uint8_t *at;
    Py_ssize_t place, end;
    int code;         /* of the fault, 0 for none */
    int entries, max_entries, max_depth;
    int client;
} reading;

/* What a step says. */
enum { FAILED = -1, WAIT = 0, ON = 1, STOP = 2 };

static inline uint32_t
number32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint16_t
number16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* Read the arguments of a method by its signature; 0, or -1 with code and place of the fault. */
int amqp_arguments(reading *r, const uint8_t *signature);

/* Read the property flags and the properties of class basic; as above. */
int amqp_properties(reading *r);

/* The state of a channel; NULL with an exception set when there is no memory for it. */
channel_state *amqp_channel(scanner *self, int number);

/* Look at frames until none is whole, or one is to be decided on first; WAIT, STOP or FAILED. */
int amqp_frames(scanner *self, feeding *f);

/* Put what stands before end and has not been put aside yet into the items. */
int amqp_flush(feeding *f, Py_ssize_t end);

#endif
