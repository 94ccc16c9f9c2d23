/* One connection's inbound frames, step by step: the only copy of the rules, shared by Lane and the
 * pumps.  RFC 6455 section 5.
 *
 * A caller opens a cursor on the bytes that came, calls lane_next until it says LANE_DRY, and closes
 * the cursor. No step depends on where the stream is cut.
 */
#ifndef KAAZING_LANE_H
#define KAAZING_LANE_H

#include "speedups.h"

enum { CONTROL_BIT = 8, OPCODE_CLOSE = 8, OPCODE_PONG = 10 };
#define CONTROL_MAX (2 + KEY_SIZE + 125) /* bytes of a control frame (RFC 6455 section 5.5) */

typedef enum {
    NO_FAULT, /* indices of lane_faults in lane.c */
    FAULT_RESERVED,
    FAULT_OPCODE,
    FAULT_CONTINUATION,
    FAULT_INTERLEAVED,
    FAULT_CONTROL_FRAGMENT,
    FAULT_CONTROL_LENGTH,
    FAULT_UNMASKED,
    FAULT_MASKED,
    FAULT_LENGTH_BIT,
    FAULT_LENGTH_FORM,
    FAULT_TOO_BIG,
    FAULT_UTF8,
    FAULT_UTF8_CUT,
} lane_fault;

typedef struct {
    uint64_t received;    /* bytes taken */
    uint64_t messages;    /* data messages ended */
    uint64_t octets;      /* payload bytes of data messages */
    uint64_t limit;       /* bytes of payload that a message may have; 0 for any number */
    uint64_t total;       /* payload bytes that the frames of the open message announced */
    uint64_t need;        /* payload bytes of the open frame still to come */
    uint64_t fault_at;    /* offset of the first bad byte */
    uint8_t *control;     /* a control frame not whole yet: its size so far, then CONTROL_MAX bytes */
    PyObject *open;       /* whole: the payload of the message not whole yet, longer than open_size */
    Py_ssize_t open_size;
    uint8_t key[KEY_SIZE]; /* turned so that key[0] is for the next payload byte */
    uint8_t head[HEAD_MAX];
    uint8_t head_size; /* bytes of a frame's head that came so far */
    uint8_t kind;      /* of the open message or, between messages, of the last one */
    uint8_t utf8;      /* see utf8_check */
    uint8_t fault;
    uint8_t masked : 1;
    uint8_t whole : 1;
    uint8_t in_message : 1;
    uint8_t in_frame : 1; /* the head is done */
    uint8_t final : 1;    /* the open frame is its message's last */
    uint8_t done : 1;     /* a close frame or a fault came: take nothing more */
} lane;

typedef struct {
    const uint8_t *start, *in, *end;
} cursor;

typedef enum {
    LANE_DRY,     /* nothing more in these bytes, or ever */
    LANE_DATA,    /* payload at cursor.in: take lane_here() bytes of it with lane_take() */
    LANE_END,     /* a message of lane.kind ended */
    LANE_CONTROL, /* a control frame begins or goes on at cursor.in */
} lane_event;

static inline void
cursor_open(cursor *at, const uint8_t *data, size_t size)
{
    at->start = at->in = data;
    at->end = data + size;
}

static inline void
cursor_close(cursor *at, lane *self)
{
    if (self->done) /* nothing will look at the rest */
        at->in = at->end;
    self->received += (uint64_t)(at->in - at->start);
    at->start = at->in;
}

static inline uint64_t
lane_offset(const lane *self, const cursor *at)
{
    return self->received + (uint64_t)(at->in - at->start);
}

/* Return the words for a fault; a message that is too long has its own, other faults what. */
static inline PyObject *
lane_what(const lane *self, const char *what)
{
    if (self->fault == FAULT_TOO_BIG)
        return PyUnicode_FromFormat("message of more than %llu bytes", (unsigned long long)self->limit);
    return PyUnicode_FromString(what);
}

/* Note the fault, for good; returns 0, the size of what can be taken. */
static inline size_t
lane_fail(lane *self, lane_fault fault, uint64_t offset)
{
    self->fault = (uint8_t)fault;
    self->fault_at = offset;
    self->done = 1;
    return 0;
}

/* Read a data frame's head, of which size bytes are there, the first at offset. Returns the head's
 * size and sets *need, or returns 0: there is a fault, or not all of it has come. */
static inline size_t
lane_head(lane *self, const uint8_t *head, size_t size, uint64_t offset, uint64_t *need)
{
    uint64_t length;
    size_t body = 2;
    int opcode = head[0] & 15;
    if (head[0] & 0x70)
        return lane_fail(self, FAULT_RESERVED, offset);
    if (opcode > KIND_BINARY)
        return lane_fail(self, FAULT_OPCODE, offset);
    if ((opcode == 0) != self->in_message)
        return lane_fail(self, opcode ? FAULT_INTERLEAVED : FAULT_CONTINUATION, offset);
    if (size < 2)
        return 0;
    if (head[1] >> 7 != self->masked)
        return lane_fail(self, self->masked ? FAULT_UNMASKED : FAULT_MASKED, offset + 1);
    length = head[1] & 127;
    if (length >= 126) {
        uint64_t least = length == 126 ? 126 : 65536;
        body = length == 126 ? 4 : 10;
        if (size < body)
            return 0;
        length = 0;
        for (size_t i = 2; i < body; i++)
            length = length << 8 | head[i];
        if (length >> 63)
            return lane_fail(self, FAULT_LENGTH_BIT, offset + 2);
        if (length < least)
            return lane_fail(self, FAULT_LENGTH_FORM, offset + 2);
    }
    if (self->limit && length > self->limit - (opcode ? 0 : self->total))
        return lane_fail(self, FAULT_TOO_BIG, offset + 1);
    body += self->masked ? KEY_SIZE : 0;
    *need = length;
    return size < body ? 0 : body;
}

/* Begin the frame whose head is whole. */
static inline void
lane_begin(lane *self, const uint8_t *head, size_t size, uint64_t need)
{
    int opcode = head[0] & 15;
    if (opcode) {
        self->kind = (uint8_t)opcode;
        self->total = 0;
        self->utf8 = UTF8_WHOLE;
        self->in_message = 1;
    }
    self->total += need;
    self->need = need;
    self->final = head[0] >> 7;
    self->in_frame = 1;
    self->head_size = 0;
    if (self->masked)
        memcpy(self->key, head + size - KEY_SIZE, KEY_SIZE);
}

/* Take what there is of a data frame's head; 0 when there is a fault or not all of it has come. */
static inline int
lane_open(lane *self, cursor *at)
{
    uint64_t need = 0, offset = lane_offset(self, at) - self->head_size;
    size_t size, here = (size_t)(at->end - at->in);
    if (self->head_size == 0) {
        size = lane_head(self, at->in, here, offset, &need);
        if (size) {
            lane_begin(self, at->in, size, need);
            at->in += size;
            return 1;
        }
        if (!self->done) {
            memcpy(self->head, at->in, here);
            self->head_size = (uint8_t)here;
            at->in = at->end;
        }
        return 0;
    }
    while (at->in < at->end) {
        self->head[self->head_size++] = *at->in++;
        size = lane_head(self, self->head, self->head_size, offset, &need);
        if (size) {
            lane_begin(self, self->head, size, need);
            return 1;
        }
        if (self->done)
            return 0;
    }
    return 0;
}

/* Go on to the next event. */
static inline lane_event
lane_next(lane *self, cursor *at)
{
    for (;;) {
        if (self->done)
            return LANE_DRY;
        if (self->in_frame) {
            if (self->need)
                return at->in < at->end ? LANE_DATA : LANE_DRY;
            self->in_frame = 0;
            if (self->final) {
                self->in_message = 0;
                if (self->kind == KIND_TEXT && self->utf8 != UTF8_WHOLE) {
                    lane_fail(self, FAULT_UTF8_CUT, lane_offset(self, at));
                    return LANE_DRY;
                }
                self->messages++;
                return LANE_END;
            }
        }
        if (at->in == at->end)
            return LANE_DRY;
        if (self->control || (self->head_size == 0 && *at->in & CONTROL_BIT))
            return LANE_CONTROL;
        if (!lane_open(self, at))
            return LANE_DRY;
    }
}

/* How many payload bytes of the open frame are at the cursor; after LANE_DATA. */
static inline size_t
lane_here(const lane *self, const cursor *at)
{
    size_t here = (size_t)(at->end - at->in);
    return here < self->need ? here : (size_t)self->need;
}

/* Unmask size payload bytes into to, which may be at the cursor or before it; returns how many of
 * them are good: fewer than size when text turned out not to be UTF-8. */
static inline size_t
lane_take(lane *self, cursor *at, uint8_t *to, size_t size)
{
    size_t good = size;
    if (self->masked) {
        uint8_t twice[2 * KEY_SIZE];
        mask_copy(to, at->in, size, self->key);
        memcpy(twice, self->key, KEY_SIZE);
        memcpy(twice + KEY_SIZE, self->key, KEY_SIZE);
        memcpy(self->key, twice + size % KEY_SIZE, KEY_SIZE);
    }
    else
        memmove(to, at->in, size);
    if (self->kind == KIND_TEXT) {
        good = utf8_check(&self->utf8, to, size);
        if (good < size)
            lane_fail(self, FAULT_UTF8, lane_offset(self, at) + good);
    }
    at->in += size;
    self->need -= size;
    self->octets += good;
    return good;
}

/* A Python object around a lane. */
typedef struct {
    PyObject_HEAD
    lane core;
} LaneObject;

/* Payload of one kind, gathered from adjacent frames of one feed; bytes is the owner's to release. */
typedef struct {
    PyObject *bytes;
    Py_ssize_t size;
    int kind;
} lane_run;

/* All that gather or give payload return -1 with an exception set when memory is short. */

/* Take the payload of the open frame at the cursor, of which there is some, into the open message, or
 * where payload is given as it comes into the run; what was in that of another kind goes to items. */
int lane_gather(lane *self, cursor *at, lane_run *run, PyObject *items);

/* A message has ended: give it to items, where whole ones are wanted. */
int lane_message(lane *self, PyObject *items);

/* Give what the run holds to items. */
int lane_run_flush(lane_run *run, PyObject *items);

/* Append (kind, data) to items; takes data over, which may be NULL with an exception set. */
int lane_item(PyObject *items, int kind, PyObject *data);

/* Append what the cursor stands on, size bytes, to the open message. */
int lane_keep(lane *self, cursor *at, size_t size);

/* Free what the lane holds: the open message, the control frame not whole yet. */
void lane_forget(lane *self);

#endif
