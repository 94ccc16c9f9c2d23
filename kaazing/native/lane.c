/* Lane: the inbound frames of one uncompressed connection.  Twin: kaazing/wire/pure_lane.py. */
#include "lane.h"
#include <stddef.h>
#include <structmember.h>

static const struct {
    int close_code; /* RFC 6455 section 7.4.1 */
    const char *what;
    const char *rule;
} lane_faults[] = {
    [FAULT_RESERVED] = {1002, "reserved bit set", "RFC 6455 section 5.2"},
    [FAULT_OPCODE] = {1002, "unknown opcode", "RFC 6455 section 5.2"},
    [FAULT_CONTINUATION] = {1002, "continuation frame outside a message", "RFC 6455 section 5.4"},
    [FAULT_INTERLEAVED] = {1002, "new message inside a fragmented one", "RFC 6455 section 5.4"},
    [FAULT_CONTROL_FRAGMENT] = {1002, "fragmented control frame", "RFC 6455 section 5.5"},
    [FAULT_CONTROL_LENGTH] = {1002, "control frame of more than 125 bytes", "RFC 6455 section 5.5"},
    [FAULT_UNMASKED] = {1002, "unmasked frame from a client", "RFC 6455 section 5.1"},
    [FAULT_MASKED] = {1002, "masked frame from a server", "RFC 6455 section 5.1"},
    [FAULT_LENGTH_BIT] = {1002, "top bit of a 64-bit length set", "RFC 6455 section 5.2"},
    [FAULT_LENGTH_FORM] = {1002, "length in more bytes than it needs", "RFC 6455 section 5.2"},
    [FAULT_TOO_BIG] = {1009, NULL, "RFC 6455 section 10.4"},
    [FAULT_UTF8] = {1007, "text that is not UTF-8", "RFC 6455 section 8.1"},
    [FAULT_UTF8_CUT] = {1007, "text message ends inside a character", "RFC 6455 section 8.1"},
};

void
lane_forget(lane *self)
{
    PyMem_Free(self->control);
    self->control = NULL;
    Py_CLEAR(self->open);
    self->open_size = 0;
}

/* Room for size more bytes of the open message: half as much again as there was, so that growing
 * costs little, but never more than the message can have. */
static int
lane_reserve(lane *self, size_t size)
{
    uint64_t want = (uint64_t)self->open_size + size;
    uint64_t room = self->open ? (uint64_t)PyBytes_GET_SIZE(self->open) : 0;
    if (want <= room)
        return 0;
    room += room / 2;
    if (self->final && room > (uint64_t)self->open_size + self->need)
        room = (uint64_t)self->open_size + self->need;
    if (self->limit && room > self->limit)
        room = self->limit;
    if (room < want)
        room = want;
    if (self->open)
        return _PyBytes_Resize(&self->open, (Py_ssize_t)room);
    self->open = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)room);
    return self->open ? 0 : -1;
}

int
lane_keep(lane *self, cursor *at, size_t size)
{
    if (lane_reserve(self, size) < 0) {
        self->done = 1; /* its bytes are lost */
        lane_forget(self);
        return -1;
    }
    self->open_size += (Py_ssize_t)lane_take(
        self, at, (uint8_t *)PyBytes_AS_STRING(self->open) + self->open_size, size);
    return 0;
}

int
lane_item(PyObject *items, int kind, PyObject *data)
{
    PyObject *item = data ? PyTuple_New(2) : NULL;
    int failed;
    if (!item) {
        Py_XDECREF(data);
        return -1;
    }
    PyTuple_SET_ITEM(item, 0, PyLong_FromLong(kind)); /* small, so that it is always there */
    PyTuple_SET_ITEM(item, 1, data);
    failed = PyList_Append(items, item);
    Py_DECREF(item);
    return failed;
}

/* Whether a control frame may begin with these bytes, 1 or 2 of them. */
static int
control_check(lane *self, const uint8_t *head, size_t size, uint64_t offset)
{
    if (size == 1) {
        if (head[0] & 0x70)
            lane_fail(self, FAULT_RESERVED, offset);
        else if ((head[0] & 15) > OPCODE_PONG)
            lane_fail(self, FAULT_OPCODE, offset);
        else if (!(head[0] & 0x80))
            lane_fail(self, FAULT_CONTROL_FRAGMENT, offset);
    }
    else if (head[1] >> 7 != self->masked)
        lane_fail(self, self->masked ? FAULT_UNMASKED : FAULT_MASKED, offset);
    else if ((head[1] & 127) > 125)
        lane_fail(self, FAULT_CONTROL_LENGTH, offset);
    return !self->done;
}

/* Gather a control frame; when it is whole it goes to items as it came, mask and all. */
static int
control_take(lane *self, cursor *at, PyObject *items)
{
    if (!self->control) {
        self->control = PyMem_Malloc(1 + CONTROL_MAX);
        if (!self->control) {
            PyErr_NoMemory();
            return -1;
        }
        self->control[0] = 0;
    }
    uint8_t *frame = self->control + 1;
    while (at->in < at->end) {
        uint64_t offset = lane_offset(self, at);
        size_t size = ++self->control[0];
        frame[size - 1] = *at->in++;
        if (size <= 2 && !control_check(self, frame, size, offset))
            return 0;
        if (size >= 2 && size == 2u + (self->masked ? KEY_SIZE : 0) + (frame[1] & 127)) {
            int opcode = frame[0] & 15;
            int failed = lane_item(
                items, opcode, PyBytes_FromStringAndSize((char *)frame, (Py_ssize_t)size));
            PyMem_Free(self->control);
            self->control = NULL;
            self->done = opcode == OPCODE_CLOSE;
            return failed;
        }
    }
    return 0;
}

/* Hand the run over. A short one is copied, so that its big buffer serves the next one: many short
 * runs in a feed then cost neither memory nor time beyond their own size. */
int
lane_run_flush(lane_run *run, PyObject *items)
{
    PyObject *data = run->bytes;
    Py_ssize_t size = run->size;
    if (size == 0)
        return 0;
    run->size = 0;
    if (size < PyBytes_GET_SIZE(data) / 2)
        data = PyBytes_FromStringAndSize(PyBytes_AS_STRING(data), size);
    else {
        run->bytes = NULL;
        _PyBytes_Resize(&data, size);
    }
    return lane_item(items, run->kind, data);
}

static int
run_take(lane_run *run, lane *self, cursor *at, PyObject *items)
{
    if (run->kind != self->kind && lane_run_flush(run, items) < 0)
        return -1;
    run->kind = self->kind;
    if (!run->bytes) {
        run->bytes = PyBytes_FromStringAndSize(NULL, at->end - at->in);
        if (!run->bytes)
            return -1;
    }
    run->size += (Py_ssize_t)lane_take(
        self, at, (uint8_t *)PyBytes_AS_STRING(run->bytes) + run->size, lane_here(self, at));
    return 0;
}

int
lane_gather(lane *self, cursor *at, lane_run *run, PyObject *items)
{
    return self->whole ? lane_keep(self, at, lane_here(self, at)) : run_take(run, self, at, items);
}

int
lane_message(lane *self, PyObject *items)
{
    if (!self->whole)
        return 0;
    PyObject *data = self->open ? self->open : PyBytes_FromStringAndSize(NULL, 0);
    if (data && PyBytes_GET_SIZE(data) != self->open_size)
        _PyBytes_Resize(&data, self->open_size);
    self->open = NULL;
    self->open_size = 0;
    return lane_item(items, self->kind, data);
}

static int
feed_all(lane *self, cursor *at, lane_run *run, PyObject *items)
{
    int failed = 0;
    while (!failed)
        switch (lane_next(self, at)) {
        case LANE_DATA:
            failed = lane_gather(self, at, run, items);
            break;
        case LANE_END:
            failed = lane_message(self, items);
            break;
        case LANE_CONTROL:
            failed = lane_run_flush(run, items) < 0 || control_take(self, at, items) < 0;
            break;
        case LANE_DRY:
            return lane_run_flush(run, items);
        }
    return -1;
}

static PyObject *
Lane_feed(LaneObject *self, PyObject *data)
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
        if (feed_all(&self->core, &at, &run, items) < 0)
            Py_CLEAR(items);
        at.in = at.end;
        cursor_close(&at, &self->core);
        if (self->core.done)
            lane_forget(&self->core);
        Py_XDECREF(run.bytes);
    }
    PyBuffer_Release(&view);
    return items;
}

static PyObject *
Lane_get_fault(LaneObject *self, void *closure)
{
    lane *core = &self->core;
    (void)closure;
    if (core->fault == NO_FAULT)
        Py_RETURN_NONE;
    PyObject *what = lane_what(core, lane_faults[core->fault].what);
    return Py_BuildValue("(iKNs)", lane_faults[core->fault].close_code, (unsigned long long)core->fault_at,
        what, lane_faults[core->fault].rule);
}

static PyObject *
Lane_get_at_boundary(LaneObject *self, void *closure)
{
    lane *core = &self->core;
    (void)closure;
    return PyBool_FromLong(
        !core->fault && !core->in_message && !core->in_frame && !core->head_size && !core->control);
}

static PyObject *
Lane_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"masked", "max_message", "whole", NULL};
    int masked, whole;
    long long limit;
    LaneObject *self;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "pLp:Lane", names, &masked, &limit, &whole))
        return NULL;
    if (limit < 0) {
        PyErr_SetString(PyExc_ValueError, "max_message is negative");
        return NULL;
    }
    self = (LaneObject *)type->tp_alloc(type, 0);
    if (self) {
        self->core.masked = masked != 0;
        self->core.whole = whole != 0;
        self->core.limit = (uint64_t)limit;
    }
    return (PyObject *)self;
}

static void
Lane_dealloc(LaneObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    lane_forget(&self->core);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef Lane_methods[] = {
    {"feed", (PyCFunction)Lane_feed, METH_O,
        "feed($self, data, /)\n--\n\nTake bytes; return (kind, bytes) items."},
    {0},
};

static PyMemberDef Lane_members[] = {
    {"messages", T_ULONGLONG, offsetof(LaneObject, core.messages), READONLY, "data messages finished"},
    {"octets", T_ULONGLONG, offsetof(LaneObject, core.octets), READONLY, "payload bytes of data messages"},
    {"received", T_ULONGLONG, offsetof(LaneObject, core.received), READONLY, "bytes fed"},
    {0},
};

static PyGetSetDef Lane_getset[] = {
    {"fault", (getter)Lane_get_fault, NULL, "(close code, offset, what, rule), or None", NULL},
    {"at_boundary", (getter)Lane_get_at_boundary, NULL, "no frame or message is open", NULL},
    {0},
};

static PyType_Slot Lane_slots[] = {
    {Py_tp_doc, "Lane(masked, max_message, whole)\n--\n\nInbound frames of one connection."},
    {Py_tp_new, Lane_new},
    {Py_tp_dealloc, Lane_dealloc},
    {Py_tp_methods, Lane_methods},
    {Py_tp_members, Lane_members},
    {Py_tp_getset, Lane_getset},
    {0},
};

static PyType_Spec Lane_spec = {
    .name = "kaazing._speedups.Lane",
    .basicsize = sizeof(LaneObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = Lane_slots,
};

int
lane_add(PyObject *module)
{
    speedups_state *state = PyModule_GetState(module);
    state->lane_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &Lane_spec, NULL);
    return state->lane_type ? PyModule_AddType(module, state->lane_type) : -1;
}
