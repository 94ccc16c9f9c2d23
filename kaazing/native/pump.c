/* Pumps: what they have in common.  A pump takes a connection's bytes from one descriptor to another,
 * in one call and without a Python object per chunk. */
#include "pump.h"
#include <errno.h>
#include <stddef.h>
#include <structmember.h>
#include <sys/socket.h>
#include <time.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* CPython ignores SIGPIPE anyway */
#endif
#ifdef CLOCK_MONOTONIC_COARSE
#define IDLE_CLOCK CLOCK_MONOTONIC_COARSE
#else
#define IDLE_CLOCK CLOCK_MONOTONIC
#endif

uint8_t pump_chunk[PUMP_ROOM + PUMP_CHUNK_MAX];

enum { STATUS_EOF = -1 };

static double
now(void)
{
    struct timespec time;
    clock_gettime(IDLE_CLOCK, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Whether an attribute is there and true; -1 with an exception set. */
static int
attribute_true(PyObject *object, PyObject *name)
{
    PyObject *value = PyObject_GetAttr(object, name);
    int is_true;
    if (!value)
        return -1;
    is_true = value == Py_False ? 0 : PyObject_IsTrue(value);
    Py_DECREF(value);
    return is_true;
}

/* Whether bytes wait before ours in the sink's transport, or it takes none any more. */
static int
sink_busy(PumpObject *self)
{
    speedups_state *state = PyType_GetModuleState(Py_TYPE(self));
    PyObject *transport = Py_NewRef(self->sink_transport);
    int busy = attribute_true(transport, state->data_buffer);
    if (busy == 0)
        busy = attribute_true(transport, state->temp_data_buffer);
    if (busy == 0)
        busy = attribute_true(transport, state->disconnecting);
    Py_DECREF(transport);
    return busy;
}

/* Receive once into the chunk. Returns how many bytes came: 0 when there is nothing to do, else
 * *status tells of the end. */
static size_t
chunk_receive(PumpObject *self, int *status)
{
    ssize_t size = recv(self->source, pump_chunk + PUMP_ROOM, PUMP_CHUNK_MAX, MSG_DONTWAIT);
    *status = STATUS_GO_ON;
    if (size > 0) {
        self->last = now();
        return (size_t)size;
    }
    if (size == 0)
        *status = STATUS_EOF;
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        *status = errno;
    return 0;
}

size_t
pump_send(PumpObject *self, const uint8_t *data, size_t size, int busy)
{
    ssize_t sent = busy || size == 0 ? 0 : send(self->sink, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? 0 : (size_t)sent;
}

PyObject *
pump_spill(PumpObject *self, const uint8_t *unsent, size_t unsent_size, const uint8_t *rest, size_t rest_size,
    int status)
{
    PyObject *callable = Py_NewRef(self->spill); /* it may detach this pump */
    PyObject *answer = PyObject_CallFunction(callable, "NNi",
        PyBytes_FromStringAndSize((const char *)unsent, (Py_ssize_t)unsent_size),
        PyBytes_FromStringAndSize((const char *)rest, (Py_ssize_t)rest_size), status);
    Py_DECREF(callable);
    return answer;
}

/* The sink is looked at first, because that may run anything; then one recv, so that no connection
 * keeps the loop to itself. */
PyObject *
pump_call(PumpObject *self, size_t nargsf, PyObject *names, pump_pass pass)
{
    int busy, status;
    size_t size;
    if (PyVectorcall_NARGS(nargsf) || names) {
        PyErr_SetString(PyExc_TypeError, "a pump is called without arguments");
        return NULL;
    }
    if (self->source < 0)
        Py_RETURN_NONE;
    busy = sink_busy(self);
    if (busy < 0)
        return NULL;
    if (self->source < 0) /* detached while looking */
        Py_RETURN_NONE;
    size = chunk_receive(self, &status);
    if (size)
        return pass(self, size, busy);
    if (status != STATUS_GO_ON)
        return pump_spill(self, NULL, 0, NULL, 0, status);
    Py_RETURN_NONE;
}

PyObject *
pump_make(PyTypeObject *type, vectorcallfunc call, int source, int sink, PyObject *transport,
    PyObject *callable)
{
    PumpObject *self;
    if (source < 0 || sink < 0) {
        PyErr_SetString(PyExc_ValueError, "a file descriptor is negative");
        return NULL;
    }
    self = (PumpObject *)type->tp_alloc(type, 0);
    if (self) {
        self->call = call;
        self->source = source;
        self->sink = sink;
        self->sink_transport = Py_NewRef(transport);
        self->spill = Py_NewRef(callable);
        self->last = now();
    }
    return (PyObject *)self;
}

PyObject *
pump_with_lane(PyObject *made, LaneObject *over, int whole)
{
    if (made && over->core.whole != whole) {
        PyErr_SetString(PyExc_ValueError,
            whole ? "the lane is not for whole messages" : "the lane is for whole messages");
        Py_CLEAR(made);
    }
    if (made)
        ((PumpObject *)made)->lane = (LaneObject *)Py_NewRef((PyObject *)over);
    return made;
}

static int
pump_traverse(PumpObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->sink_transport);
    Py_VISIT(self->spill);
    return 0;
}

static int
pump_clear(PumpObject *self)
{
    self->source = self->sink = -1;
    Py_CLEAR(self->sink_transport);
    Py_CLEAR(self->spill);
    Py_CLEAR(self->lane);
    return 0;
}

static void
pump_dealloc(PumpObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    pump_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
pump_detach(PumpObject *self, PyObject *unused)
{
    (void)unused;
    pump_clear(self);
    Py_RETURN_NONE;
}

static PyMethodDef pump_methods[] = {
    {"detach", (PyCFunction)pump_detach, METH_NOARGS,
        "detach($self)\n--\n\nForget both descriptors and all else; calls do nothing from now on."},
    {0},
};

#define LAST {"last", T_DOUBLE, offsetof(PumpObject, last), READONLY, "when bytes last came, seconds"}
#define CALL {"__vectorcalloffset__", T_PYSSIZET, offsetof(PumpObject, call), READONLY, NULL}

static PyMemberDef lane_pump_members[] = {LAST, CALL, {0}};

static PyMemberDef back_members[] = {
    LAST,
    CALL,
    {"messages", T_ULONGLONG, offsetof(PumpObject, messages), READONLY, "frames made"},
    {"octets", T_ULONGLONG, offsetof(PumpObject, octets), READONLY, "payload bytes framed"},
    {0},
};

/* Make the type and add it to the module. */
static int
type_add(PyObject *module, const char *name, newfunc make, PyMemberDef *members, const char *doc)
{
    PyType_Slot slots[] = {
        {Py_tp_doc, (void *)doc},
        {Py_tp_new, make},
        {Py_tp_call, PyVectorcall_Call},
        {Py_tp_dealloc, pump_dealloc},
        {Py_tp_traverse, pump_traverse},
        {Py_tp_clear, pump_clear},
        {Py_tp_methods, pump_methods},
        {Py_tp_members, members},
        {0, NULL},
    };
    PyType_Spec spec = {
        .name = name,
        .basicsize = sizeof(PumpObject),
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC
            | Py_TPFLAGS_HAVE_VECTORCALL,
        .slots = slots,
    };
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    int failed = type ? PyModule_AddType(module, (PyTypeObject *)type) : -1;
    Py_XDECREF(type);
    return failed;
}

int
pump_add(PyObject *module)
{
    speedups_state *state = PyModule_GetState(module);
    state->data_buffer = PyUnicode_InternFromString("dataBuffer");
    state->temp_data_buffer = PyUnicode_InternFromString("_tempDataBuffer");
    state->disconnecting = PyUnicode_InternFromString("disconnecting");
    if (!state->data_buffer || !state->temp_data_buffer || !state->disconnecting)
        return -1;
    if (type_add(module, "kaazing._speedups.FrontPump", front_new, lane_pump_members,
            "FrontPump(lane, source, sink, sink_transport, spill)\n--\n\nFrames in, payload out.") < 0
        || type_add(module, "kaazing._speedups.BackPump", back_new, back_members,
               "BackPump(source, sink, sink_transport, spill, kind=2)\n--\n\nBytes in, frames out.") < 0)
        return -1;
    return type_add(module, "kaazing._speedups.EchoPump", echo_new, lane_pump_members,
        "EchoPump(lane, source, transport, spill, repeat=1)\n--\n\nFrames in, the same messages out.");
}
