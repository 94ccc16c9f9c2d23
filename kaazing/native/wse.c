/* WseDecoder: the upstream frames of WebSocket emulation.  Twin: kaazing/wire/pure_wse.py.
 *
 * Heads are read here; payload goes through a lane, which checks, counts and gathers it.
 */
#include "lane.h"
#include <stddef.h>
#include <structmember.h>

enum { ITEM_RECONNECT = 16, ITEM_CLOSE = 17 };
enum { DELIMITER = 0xFF, LENGTH_DIGITS = 9 };
#define LENGTH_MAX (UINT64_C(1) << 53) /* what a JavaScript number counts exactly */

typedef enum {
    WSE_TYPE,      /* between frames */
    WSE_LENGTH,
    WSE_SIZED,     /* inside a payload of known length: the lane has the frame open */
    WSE_DELIMITED,
    WSE_COMMAND,   /* the first digit of a command, or the frame's end */
    WSE_DIGIT,
    WSE_LEAVING,   /* RECONNECT came: the frame's end */
    WSE_BEHIND,    /* nothing more of this request */
    WSE_PING,      /* the length of a PING or PONG */
} wse_state;

typedef enum { /* those of the lane before them: it has the three faults of payload */
    WSE_BAD_TYPE = FAULT_UTF8_CUT + 1,
    WSE_DIGITS,
    WSE_LONGEST,
    WSE_PING_PAYLOAD,
    WSE_OPEN,
    WSE_NO_PINGS,
    WSE_BAD_COMMAND,
    WSE_MORE,
} wse_fault;

static const struct {
    const char *what, *rule;
} wse_faults[] = {
    [FAULT_TOO_BIG] = {NULL, "WSE message size"},
    [FAULT_UTF8] = {"text that is not UTF-8", "WSE text"},
    [FAULT_UTF8_CUT] = {"text message ends inside a character", "WSE text"},
    [WSE_BAD_TYPE] = {"unknown frame type", "WSE frames"},
    [WSE_DIGITS] = {"length of more than 9 bytes", "WSE frames"},
    [WSE_LONGEST] = {"length above 2^53", "WSE frames"},
    [WSE_PING_PAYLOAD] = {"PING or PONG with a payload", "WSE frames"},
    [WSE_OPEN] = {"request ends inside a frame", "WSE frames"},
    [WSE_NO_PINGS] = {"PING or PONG in a session without them", "WSE commands"},
    [WSE_BAD_COMMAND] = {"unknown command", "WSE commands"},
    [WSE_MORE] = {"bytes behind RECONNECT", "WSE commands"},
};

typedef struct {
    PyObject_HEAD
    lane core;
    uint64_t length; /* of the open frame, as far as its digits came */
    uint8_t digits;
    uint8_t state;
    uint8_t ping; /* which of the two is open */
    uint8_t pings;
} WseObject;

static int
wse_fail(WseObject *self, int fault, uint64_t offset)
{
    lane_fail(&self->core, (lane_fault)fault, offset);
    return 0;
}

/* Append (kind, b"") behind the payload that came before. */
static int
wse_item(lane_run *run, PyObject *items, int kind)
{
    return lane_run_flush(run, items) < 0 ? -1 : lane_item(items, kind, PyBytes_FromStringAndSize(NULL, 0));
}

/* Open a message of one frame in the lane, its payload of size bytes. */
static void
wse_open(lane *core, int kind, uint64_t size)
{
    core->kind = (uint8_t)kind;
    core->utf8 = UTF8_WHOLE;
    core->total = core->need = size;
    core->final = core->in_frame = 1;
}

static int
type_take(WseObject *self, uint8_t byte, uint64_t offset)
{
    switch (byte) {
    case 0x80:
    case 0x81:
        self->core.kind = byte & 1 ? KIND_TEXT : KIND_BINARY;
        self->length = self->digits = 0;
        self->state = WSE_LENGTH;
        return 0;
    case 0x00:
        wse_open(&self->core, KIND_TEXT, 0);
        self->core.in_frame = 0; /* how much there is to take shows later */
        self->state = WSE_DELIMITED;
        return 0;
    case 0x01:
        self->state = WSE_COMMAND;
        return 0;
    case 0x89:
    case 0x8A:
        if (!self->pings)
            return wse_fail(self, WSE_NO_PINGS, offset);
        self->ping = byte & 15;
        self->state = WSE_PING;
        return 0;
    default:
        return wse_fail(self, WSE_BAD_TYPE, offset);
    }
}

static int
length_take(WseObject *self, uint8_t byte, uint64_t offset)
{
    uint64_t start = offset - self->digits++;
    self->length = self->length << 7 | (byte & 0x7F);
    if (byte & 0x80)
        return self->digits == LENGTH_DIGITS ? wse_fail(self, WSE_DIGITS, start) : 0;
    if (self->length > LENGTH_MAX)
        return wse_fail(self, WSE_LONGEST, start);
    if (self->core.limit && self->length > self->core.limit)
        return wse_fail(self, FAULT_TOO_BIG, start);
    wse_open(&self->core, self->core.kind, self->length);
    self->state = WSE_SIZED;
    return 0;
}

/* Take delimited text as far as it is here; its end closes the lane's frame. */
static int
delimited_take(WseObject *self, cursor *at, lane_run *run, PyObject *items)
{
    lane *core = &self->core;
    size_t size = (size_t)(at->end - at->in);
    uint64_t room = core->limit ? core->limit - core->total : size;
    const uint8_t *end = memchr(at->in, DELIMITER, size);
    if (end)
        size = (size_t)(end - at->in);
    if (size > room)
        size = (size_t)room;
    core->final = end != NULL;
    core->need = size;
    core->total += size;
    if (size && lane_gather(core, at, run, items) < 0)
        return -1;
    if (core->done || at->in == at->end)
        return 0;
    if (at->in != end)
        return wse_fail(self, FAULT_TOO_BIG, lane_offset(core, at));
    core->in_frame = 1;
    return 0;
}

static int
command_take(WseObject *self, uint8_t byte, uint64_t offset, lane_run *run, PyObject *items)
{
    switch (self->state) {
    case WSE_COMMAND:
        if (byte != '0' && byte != DELIMITER)
            return wse_fail(self, WSE_BAD_COMMAND, offset);
        self->state = byte == '0' ? WSE_DIGIT : WSE_TYPE;
        return 0;
    case WSE_DIGIT:
        if (byte < '0' || byte > '2')
            return wse_fail(self, WSE_BAD_COMMAND, offset);
        self->state = byte == '1' ? WSE_LEAVING : WSE_COMMAND;
        return byte == '2' ? wse_item(run, items, ITEM_CLOSE) : 0;
    case WSE_LEAVING:
        if (byte != DELIMITER)
            return wse_fail(self, WSE_MORE, offset);
        self->state = WSE_BEHIND;
        return wse_item(run, items, ITEM_RECONNECT);
    case WSE_PING:
        if (byte)
            return wse_fail(self, WSE_PING_PAYLOAD, offset);
        self->state = WSE_TYPE;
        return wse_item(run, items, self->ping);
    default: /* WSE_BEHIND */
        return wse_fail(self, WSE_MORE, offset);
    }
}

static int
head_take(WseObject *self, cursor *at, lane_run *run, PyObject *items)
{
    uint64_t offset = lane_offset(&self->core, at);
    switch (self->state) {
    case WSE_TYPE:
        return type_take(self, *at->in++, offset);
    case WSE_LENGTH:
        return length_take(self, *at->in++, offset);
    case WSE_DELIMITED:
        return delimited_take(self, at, run, items);
    default:
        return command_take(self, *at->in++, offset, run, items);
    }
}

/* The lane has a frame open, whose end is known: take payload, or the end. */
static int
payload_take(WseObject *self, cursor *at, lane_run *run, PyObject *items)
{
    switch (lane_next(&self->core, at)) {
    case LANE_DATA:
        return lane_gather(&self->core, at, run, items);
    case LANE_END:
        at->in += self->state == WSE_DELIMITED;
        self->state = WSE_TYPE;
        return lane_message(&self->core, items);
    default: /* a fault: the caller sees to it that there are bytes */
        return 0;
    }
}

static int
feed_all(WseObject *self, cursor *at, lane_run *run, PyObject *items)
{
    lane *core = &self->core;
    int failed = 0;
    while (!failed && !core->done) {
        if (core->in_frame && (core->need == 0 || at->in < at->end))
            failed = payload_take(self, at, run, items);
        else if (at->in < at->end)
            failed = head_take(self, at, run, items);
        else
            break;
    }
    return failed || lane_run_flush(run, items) < 0 ? -1 : 0;
}

static PyObject *
Wse_feed(WseObject *self, PyObject *data)
{
    Py_buffer view;
    cursor at;
    lane_run run = {NULL, 0, 0};
    PyObject *items;
    if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    items = PyList_New(0);
    if (items) {
        cursor_open(&at, view.buf, (size_t)view.len);
        if (feed_all(self, &at, &run, items) < 0) {
            self->core.done = 1; /* bytes are lost */
            Py_CLEAR(items);
        }
        cursor_close(&at, &self->core);
        if (self->core.done)
            lane_forget(&self->core);
        Py_XDECREF(run.bytes);
    }
    PyBuffer_Release(&view);
    return items;
}

static PyObject *
Wse_end(WseObject *self, PyObject *unused)
{
    (void)unused;
    if (!self->core.done && self->state != WSE_TYPE && self->state != WSE_BEHIND) {
        wse_fail(self, WSE_OPEN, self->core.received);
        lane_forget(&self->core);
    }
    Py_RETURN_NONE;
}

static PyObject *
Wse_begin(WseObject *self, PyObject *unused)
{
    if (self->state == WSE_BEHIND)
        self->state = WSE_TYPE;
    return Wse_end(self, unused);
}

static PyObject *
Wse_get_fault(WseObject *self, void *closure)
{
    lane *core = &self->core;
    (void)closure;
    if (core->fault == NO_FAULT)
        Py_RETURN_NONE;
    PyObject *what = lane_what(core, wse_faults[core->fault].what);
    return Py_BuildValue("(KNs)", (unsigned long long)core->fault_at, what, wse_faults[core->fault].rule);
}

static PyObject *
Wse_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"max_message", "whole", "pings", NULL};
    int whole, pings;
    long long limit;
    WseObject *self;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "Lpp:WseDecoder", names, &limit, &whole, &pings))
        return NULL;
    if (limit < 0) {
        PyErr_SetString(PyExc_ValueError, "max_message is negative");
        return NULL;
    }
    self = (WseObject *)type->tp_alloc(type, 0);
    if (self) {
        self->core.whole = whole != 0;
        self->core.limit = (uint64_t)limit;
        self->pings = pings != 0;
    }
    return (PyObject *)self;
}

static void
Wse_dealloc(WseObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    lane_forget(&self->core);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef Wse_methods[] = {
    {"feed", (PyCFunction)Wse_feed, METH_O,
        "feed($self, data, /)\n--\n\nTake bytes; return (kind, bytes) items."},
    {"begin", (PyCFunction)Wse_begin, METH_NOARGS, "begin($self)\n--\n\nThe next request starts."},
    {"end", (PyCFunction)Wse_end, METH_NOARGS, "end($self)\n--\n\nThe request's body is over."},
    {0},
};

static PyMemberDef Wse_members[] = {
    {"messages", T_ULONGLONG, offsetof(WseObject, core.messages), READONLY, "data messages finished"},
    {"octets", T_ULONGLONG, offsetof(WseObject, core.octets), READONLY, "payload bytes of data messages"},
    {0},
};

static PyGetSetDef Wse_getset[] = {
    {"fault", (getter)Wse_get_fault, NULL, "(offset, what, rule), or None", NULL},
    {0},
};

static PyType_Slot Wse_slots[] = {
    {Py_tp_doc, "WseDecoder(max_message, whole, pings)\n--\n\nUpstream frames of one emulated session."},
    {Py_tp_new, Wse_new},
    {Py_tp_dealloc, Wse_dealloc},
    {Py_tp_methods, Wse_methods},
    {Py_tp_members, Wse_members},
    {Py_tp_getset, Wse_getset},
    {0},
};

static PyType_Spec Wse_spec = {
    .name = "kaazing._speedups.WseDecoder",
    .basicsize = sizeof(WseObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = Wse_slots,
};

int
wse_add(PyObject *module)
{
    return add_type(module, &Wse_spec);
}
