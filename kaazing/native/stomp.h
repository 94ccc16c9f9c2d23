/* What the parts of the STOMP scanner share.  Twin of all: kaazing/wire/pure_stomp.py. */
#ifndef KAAZING_STOMP_H
#define KAAZING_STOMP_H

#include "feeding.h"

#define LENGTH_MAX ((Py_ssize_t)1 << 48) /* longest content-length told from longer ones, bytes */

/* Commands, their names, who may send them and with what headers (bits of HAS_*). */
enum { NONE, CONNECT, STOMP, SEND, SUBSCRIBE, UNSUBSCRIBE, ACK, NACK, BEGIN, COMMIT, ABORT, DISCONNECT,
       CONNECTED, MESSAGE, RECEIPT, ERROR, COMMANDS };

#define SIDE_COMMANDS (DISCONNECT - CONNECT + 1) /* of a client; a server has fewer */

#define HAS_DESTINATION 1
#define HAS_ID 2
#define HAS_MESSAGE_ID 4
#define HAS_SUBSCRIPTION 8
#define HAS_TRANSACTION 16
#define HAS_RECEIPT_ID 32

typedef struct {
    const char *name;
    uint8_t size;
    uint8_t needs[3]; /* in STOMP 1.0, 1.1, 1.2 */
    uint8_t client;
    uint8_t body;    /* may have one */
    uint8_t watched; /* the owner has to see it */
} command_kind;

extern const command_kind stomp_commands[COMMANDS];

/* Faults; kaazing/wire/stomp_faults.py has the same numbers and the words. */
enum { UNKNOWN_COMMAND = 1, WRONG_SIDE, NOT_FIRST, TWICE, NOT_IN_VERSION, AFTER_DISCONNECT, LINE_TOO_LONG,
       TOO_MANY_HEADERS, NO_COLON, EMPTY_NAME, NUL_IN_HEAD, STRAY_CR, BAD_ESCAPE, BAD_UTF8, LENGTH_SYNTAX,
       LENGTH_DIFFERS, FRAME_TOO_BIG, NO_NUL, BODY_FORBIDDEN, MISSING_HEADER };

enum { OPENING = 0, V10 = 10, V11 = 11, V12 = 12 };

/* Between frames, in a head, behind its blank line, in a body with and without a length. */
enum { BETWEEN, HEAD, HEADED, COUNTED, UNCOUNTED };

typedef struct {
    PyObject_HEAD
    uint8_t *buffer;   /* the frame not yet ended, or what came after the scanner stopped */
    Py_ssize_t size;   /* of what is in buffer */
    Py_ssize_t room;   /* of buffer */
    long long offset;  /* in the stream, of buffer's first byte */
    long long frames;
    PyObject *fault;   /* None or (code, offset, detail, head) */
    Py_ssize_t max_frame, max_headers, max_line;
    /* The open frame; places count from buffer's first byte. */
    Py_ssize_t place;  /* next byte to look at */
    Py_ssize_t line;   /* where the open line starts */
    Py_ssize_t colon;  /* first one of the open line, -1 for none so far */
    Py_ssize_t body;   /* where the body starts */
    Py_ssize_t length; /* content-length, -1 for none */
    uint32_t headers;
    uint8_t command, seen, odd, state;
    uint8_t client, split, apart, sends, version, stopped, over, beat;
    uint64_t counts[SIDE_COMMANDS]; /* frames of each command of this side since they were last taken */
} scanner;

/* The first command of the scanner's side, which counts[0] is of. */
#define FIRST_COMMAND(self) ((self)->client ? CONNECT : CONNECTED)

/* One call of feed: the bytes to look at, and what has come out. */
typedef struct {
    const uint8_t *at;
    Py_ssize_t size;
    PyObject *whole;  /* the bytes object that is at[0:size], or NULL */
    PyObject *items;
    Py_ssize_t start; /* of the open frame */
    Py_ssize_t run;   /* start of the frames that pass together */
} feeding;

/* What a step says. */
enum { FAILED = -1, WAIT = 0, ON = 1, STOP = 2 };

/* Note a fault at place; head is where the part of the frame that is in order ends. STOP or FAILED. */
int stomp_fail(scanner *self, feeding *f, int code, Py_ssize_t place, const void *detail, Py_ssize_t size,
               Py_ssize_t head);

/* The same, with a limit for its detail. */
int stomp_fail_limit(scanner *self, feeding *f, int code, Py_ssize_t place, Py_ssize_t limit,
                     Py_ssize_t head);

/* The same, in the open line. */
int stomp_fail_line(scanner *self, feeding *f, int code, Py_ssize_t place);

static inline Py_ssize_t
smaller(Py_ssize_t a, Py_ssize_t b)
{
    return a < b ? a : b;
}

/* Read the lines of a head; behind its blank line the state is HEADED. */
int stomp_head(scanner *self, feeding *f);

/* Take steps until one does not say ON; returns what it says. */
int stomp_steps(scanner *self, feeding *f);

/* Put what stands before end and has not been put aside yet into the items. */
int stomp_flush(feeding *f, Py_ssize_t end);

#endif
