/* What the three kinds of pump do with the bytes that came: from the browser to the backend, from the
 * backend to the browser, and back where they came from. */
#include "pump.h"

/* Unmask in place what is data; returns its size. The cursor then stands on a control frame's first
 * byte, or at the end. */
static size_t
front_unmask(lane *core, cursor *at, uint8_t *out)
{
    uint8_t *to = out;
    for (;;)
        switch (lane_next(core, at)) {
        case LANE_DATA:
            to += lane_take(core, at, to, lane_here(core, at));
            break;
        case LANE_END:
            break;
        case LANE_CONTROL:
        case LANE_DRY:
            return (size_t)(to - out);
        }
}

static PyObject *
front_pass(PumpObject *self, size_t size, int busy)
{
    lane *core = &self->lane->core;
    uint8_t *data = pump_chunk + PUMP_ROOM;
    int was_done = core->done;
    size_t sent;
    cursor at;
    cursor_open(&at, data, size);
    size = front_unmask(core, &at, data);
    cursor_close(&at, core);
    sent = pump_send(self, data, size, busy);
    if (sent == size && at.in == at.end && core->done == was_done)
        Py_RETURN_NONE;
    return pump_spill(self, data + sent, size - sent, at.in, (size_t)(at.end - at.in), STATUS_GO_ON);
}

static PyObject *
front_call(PumpObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    (void)args;
    return pump_call(self, nargsf, names, front_pass);
}

static PyObject *
back_pass(PumpObject *self, size_t size, int busy)
{
    uint8_t *data = pump_chunk + PUMP_ROOM, *frame = data - head_size(size), state = UTF8_WHOLE;
    size_t sent;
    if (self->kind == KIND_TEXT && (utf8_check(&state, data, size) < size || state != UTF8_WHOLE))
        return pump_spill(self, NULL, 0, data, size, STATUS_GO_ON); /* a character was cut, or none it is */
    self->messages++;
    self->octets += size;
    size += head_write(frame, self->kind, size, 0);
    sent = pump_send(self, frame, size, busy);
    if (sent == size)
        Py_RETURN_NONE;
    return pump_spill(self, frame + sent, size - sent, NULL, 0, STATUS_GO_ON);
}

static PyObject *
back_call(PumpObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    (void)args;
    return pump_call(self, nargsf, names, back_pass);
}

/* Frames on their way back. */
typedef struct {
    uint8_t *bytes;
    size_t size, room;
} echo_output;

static int
echo_add(echo_output *out, int kind, const uint8_t *payload, size_t size, unsigned int repeat)
{
    size_t one = head_size(size) + size;
    if (one > (PY_SSIZE_T_MAX / 2 - out->size) / repeat) {
        PyErr_NoMemory();
        return -1;
    }
    if (out->room - out->size < one * repeat) {
        size_t room = out->size + one * repeat + out->room; /* at least double */
        uint8_t *bytes = PyMem_Realloc(out->bytes, room);
        if (!bytes) {
            PyErr_NoMemory();
            return -1;
        }
        out->bytes = bytes;
        out->room = room;
    }
    for (; repeat; repeat--) {
        out->size += head_write(out->bytes + out->size, kind, size, 0);
        memcpy(out->bytes + out->size, payload, size);
        out->size += size;
    }
    return 0;
}

/* Frame every message that ended back into out; the cursor stops like front_unmask's. */
static int
echo_messages(PumpObject *self, cursor *at, echo_output *out)
{
    lane *core = &self->lane->core;
    const uint8_t *payload = pump_chunk; /* of a message that is all in the chunk */
    size_t size = 0, here;
    int failed = 0;
    while (!failed)
        switch (lane_next(core, at)) {
        case LANE_DATA:
            here = lane_here(core, at);
            if (core->final && !core->open && here == core->need) {
                payload = at->in;
                size = lane_take(core, at, pump_chunk + (at->in - pump_chunk), here);
            }
            else
                failed = lane_keep(core, at, here);
            break;
        case LANE_END:
            if (core->open)
                failed = echo_add(out, core->kind, (uint8_t *)PyBytes_AS_STRING(core->open),
                    (size_t)core->open_size, self->repeat);
            else
                failed = echo_add(out, core->kind, payload, size, self->repeat);
            Py_CLEAR(core->open);
            core->open_size = 0;
            size = 0;
            break;
        case LANE_CONTROL:
        case LANE_DRY:
            return 0;
        }
    return -1;
}

static PyObject *
echo_pass(PumpObject *self, size_t size, int busy)
{
    lane *core = &self->lane->core;
    echo_output out = {NULL, 0, 0};
    int failed, was_done = core->done;
    PyObject *answer = NULL;
    cursor at;
    cursor_open(&at, pump_chunk + PUMP_ROOM, size);
    failed = echo_messages(self, &at, &out);
    cursor_close(&at, core);
    if (core->done)
        lane_forget(core);
    if (!failed) {
        size_t sent = pump_send(self, out.bytes, out.size, busy);
        if (sent == out.size && at.in == at.end && core->done == was_done)
            answer = Py_NewRef(Py_None);
        else
            answer = pump_spill(
                self, out.bytes + sent, out.size - sent, at.in, (size_t)(at.end - at.in), STATUS_GO_ON);
    }
    PyMem_Free(out.bytes);
    return answer;
}

static PyObject *
echo_call(PumpObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    (void)args;
    return pump_call(self, nargsf, names, echo_pass);
}

PyObject *
front_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"lane", "source", "sink", "sink_transport", "spill", NULL};
    speedups_state *state = PyType_GetModuleState(type);
    PyObject *over, *transport, *callable, *made;
    int source, sink;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!iiOO:FrontPump", names, state->lane_type, &over,
            &source, &sink, &transport, &callable))
        return NULL;
    made = pump_make(type, (vectorcallfunc)front_call, source, sink, transport, callable);
    return pump_with_lane(made, (LaneObject *)over, 0);
}

PyObject *
back_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"source", "sink", "sink_transport", "spill", "kind", NULL};
    PyObject *transport, *callable, *made;
    int source, sink, kind = KIND_BINARY;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "iiOO|i:BackPump", names, &source, &sink, &transport, &callable, &kind))
        return NULL;
    if (kind != KIND_TEXT && kind != KIND_BINARY)
        return PyErr_Format(PyExc_ValueError, "kind is 1 or 2, not %d", kind);
    made = pump_make(type, (vectorcallfunc)back_call, source, sink, transport, callable);
    if (made)
        ((PumpObject *)made)->kind = kind;
    return made;
}

PyObject *
echo_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"lane", "source", "transport", "spill", "repeat", NULL};
    speedups_state *state = PyType_GetModuleState(type);
    PyObject *over, *transport, *callable, *made;
    int source, repeat = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!iOO|i:EchoPump", names, state->lane_type, &over,
            &source, &transport, &callable, &repeat))
        return NULL;
    if (repeat < 1)
        return PyErr_Format(PyExc_ValueError, "repeat is 1 or more, not %d", repeat);
    made = pump_make(type, (vectorcallfunc)echo_call, source, source, transport, callable);
    made = pump_with_lane(made, (LaneObject *)over, 1);
    if (made)
        ((PumpObject *)made)->repeat = (unsigned int)repeat;
    return made;
}

