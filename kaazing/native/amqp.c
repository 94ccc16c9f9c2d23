/* AmqpScanner: one direction of an AMQP 0-9-1 connection, its channels and its limits.
 * Twin: kaazing/wire/pure_amqp.py. */
#include "amqp.h"
#include <structmember.h>

#define CHANNELS_MIN 4

channel_state *
amqp_channel(scanner *self, int number)
{
    if (number >= self->known) {
        int known = self->known * 2 > number ? self->known * 2 : number + 1;
        channel_state *channels = PyMem_Realloc(self->channels, (size_t)known * sizeof *channels);
        if (channels == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        memset(channels + self->known, 0, (size_t)(known - self->known) * sizeof *channels);
        self->channels = channels;
        self->known = known;
    }
    return &self->channels[number];
}

static void
forget(scanner *self)
{
    PyMem_Free(self->buffer);
    self->buffer = NULL;
    self->from = self->size = self->room = 0;
}

/* Keep more bytes behind those that are kept. */
static int
keep(scanner *self, const uint8_t *more, Py_ssize_t size)
{
    Py_ssize_t held = self->size - self->from;
    if (size == 0)
        return 0;
    if (self->from) {
        memmove(self->buffer, self->buffer + self->from, (size_t)held);
        self->from = 0;
        self->size = held;
    }
    if (feeding_keep(&self->buffer, &self->room, held, more, size) < 0)
        return -1;
    self->size = held + size;
    return 0;
}

/* All before `done` is done with; keep the rest. */
static int
shift(scanner *self, feeding *f, Py_ssize_t done)
{
    self->offset += done;
    if (self->fault != Py_None || done == f->size) {
        forget(self);
        return 0;
    }
    if (f->whole)
        return keep(self, f->at + done, f->size - done);
    self->from += done;
    return 0;
}

static PyObject *
scanner_feed(scanner *self, PyObject *data)
{
    if (!PyBytes_CheckExact(data))
        return PyErr_Format(PyExc_TypeError, "expected bytes, not %.100s", Py_TYPE(data)->tp_name);
    feeding f = {.at = (const uint8_t *)PyBytes_AS_STRING(data), .size = PyBytes_GET_SIZE(data),
                 .whole = data, .items = PyList_New(0)};
    self->looks = 0;
    if (f.items == NULL || self->fault != Py_None)
        return f.items;
    if (self->size > self->from) {
        if (keep(self, f.at, f.size) < 0)
            goto failed;
        f.at = self->buffer + self->from;
        f.size = self->size - self->from;
        f.whole = NULL;
    }
    if (amqp_frames(self, &f) == FAILED || (!self->split && amqp_flush(&f, f.start) < 0))
        goto failed;
    if (shift(self, &f, f.start) < 0)
        goto failed;
    return f.items;
failed:
    Py_DECREF(f.items);
    return NULL;
}

static PyObject *
scanner_begin(scanner *self, PyObject *args)
{
    Py_ssize_t max_frame;
    int max_channel;
    Py_buffer stops;
    if (!PyArg_ParseTuple(args, "niy*:begin", &max_frame, &max_channel, &stops))
        return NULL;
    int good = max_frame > OVERHEAD && max_channel >= 0 && max_channel < 65536;
    for (Py_ssize_t i = 0; i < stops.len; i++)
        good &= ((const uint8_t *)stops.buf)[i] < self->rows;
    for (Py_ssize_t i = 0; good && i < stops.len; i++) {
        int row = ((const uint8_t *)stops.buf)[i];
        self->stops[row] = 1;
        self->stop_headers |= !!(PyBytes_AS_STRING(self->methods)[row * ROW_SIZE + 4] & HAS_CONTENT);
    }
    PyBuffer_Release(&stops);
    if (!good) {
        PyErr_SetString(PyExc_ValueError, "a frame has more than 8 bytes, a channel 16 bits, a stop is a row");
        return NULL;
    }
    self->max_frame = max_frame;
    self->max_channel = max_channel;
    self->opening = 0;
    Py_RETURN_NONE;
}

/* The channel whose number is the argument. */
static channel_state *
named_channel(scanner *self, PyObject *number)
{
    long wanted = PyLong_AsLong(number);
    if (wanted == -1 && PyErr_Occurred())
        return NULL;
    if (wanted < 0 || wanted > self->max_channel) {
        PyErr_SetString(PyExc_ValueError, "no such channel");
        return NULL;
    }
    return amqp_channel(self, (int)wanted);
}

static PyObject *
scanner_await_open(scanner *self, PyObject *number)
{
    channel_state *channel = named_channel(self, number);
    if (channel == NULL)
        return NULL;
    *channel = (channel_state){0, OPENING, 0};
    Py_RETURN_NONE;
}

static PyObject *
scanner_owe(scanner *self, PyObject *number)
{
    channel_state *channel = named_channel(self, number);
    if (channel == NULL)
        return NULL;
    channel->owes = 1;
    Py_RETURN_NONE;
}

static PyObject *
scanner_free(scanner *self, PyObject *number)
{
    channel_state *channel = named_channel(self, number);
    if (channel == NULL)
        return NULL;
    if (channel->state == CLOSING)
        *channel = (channel_state){0, FREE, channel->owes};
    Py_RETURN_NONE;
}

static PyObject *
scanner_refuse(scanner *self, PyObject *number)
{
    channel_state *channel = named_channel(self, number);
    if (channel == NULL)
        return NULL;
    *channel = (channel_state){0, REFUSED, channel->owes};
    Py_RETURN_NONE;
}

static PyObject *
scanner_take_counts(scanner *self, PyObject *unused)
{
    (void)unused;
    PyObject *counts = PyDict_New();
    for (int row = 0; counts && row <= self->rows; row++) {
        if (self->counts[row] == 0)
            continue;
        PyObject *key = PyLong_FromLong(row), *count = PyLong_FromLongLong(self->counts[row]);
        if (key == NULL || count == NULL || PyDict_SetItem(counts, key, count) < 0)
            Py_CLEAR(counts);
        Py_XDECREF(key);
        Py_XDECREF(count);
        self->counts[row] = 0;
    }
    return counts;
}

static int
scanner_init(scanner *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"methods", "client", "split", "max_frame", "max_depth", "max_entries", NULL};
    PyObject *methods;
    int client, split, max_depth, max_entries;
    Py_ssize_t max_frame;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$Sppnii:AmqpScanner", names, &methods, &client, &split,
                                     &max_frame, &max_depth, &max_entries))
        return -1;
    Py_ssize_t rows = PyBytes_GET_SIZE(methods) / ROW_SIZE;
    if (rows * ROW_SIZE != PyBytes_GET_SIZE(methods) || rows >= ROWS_MAX || max_frame <= OVERHEAD
        || max_depth < 1 || max_depth > DEPTH_MAX || max_entries < 0) {
        PyErr_SetString(PyExc_ValueError, "rows are of 16 bytes, a frame has more than 8, depth is 1 to 100");
        return -1;
    }
    channel_state *global = amqp_channel(self, CHANNELS_MIN - 1) ? amqp_channel(self, 0) : NULL;
    if (global == NULL)
        return -1;
    global->state = OPEN;
    Py_XSETREF(self->methods, Py_NewRef(methods));
    self->rows = (int)rows;
    self->client = (uint8_t)client;
    self->split = (uint8_t)split;
    self->max_frame = max_frame;
    self->max_depth = max_depth;
    self->max_entries = max_entries;
    self->opening = 1;
    return 0;
}

static PyObject *
scanner_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)args, (void)kwargs;
    scanner *self = (scanner *)type->tp_alloc(type, 0);
    if (self)
        self->fault = Py_NewRef(Py_None);
    return (PyObject *)self;
}

static void
scanner_dealloc(scanner *self)
{
    PyTypeObject *type = Py_TYPE(self);
    forget(self);
    PyMem_Free(self->channels);
    Py_CLEAR(self->methods);
    Py_CLEAR(self->fault);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
get_pending(scanner *self, void *closure)
{
    (void)closure;
    return PyLong_FromSsize_t(self->size - self->from);
}

static PyMemberDef scanner_members[] = {
    {"fault", T_OBJECT, offsetof(scanner, fault), READONLY, NULL},
    {"looks", T_LONG, offsetof(scanner, looks), READONLY, NULL},
    {"offset", T_LONGLONG, offsetof(scanner, offset), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef scanner_getset[] = {
    {"pending", (getter)get_pending, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef scanner_methods[] = {
    {"feed", (PyCFunction)scanner_feed, METH_O, NULL},
    {"begin", (PyCFunction)scanner_begin, METH_VARARGS, NULL},
    {"await_open", (PyCFunction)scanner_await_open, METH_O, NULL},
    {"owe", (PyCFunction)scanner_owe, METH_O, NULL},
    {"free", (PyCFunction)scanner_free, METH_O, NULL},
    {"refuse", (PyCFunction)scanner_refuse, METH_O, NULL},
    {"take_counts", (PyCFunction)scanner_take_counts, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot scanner_slots[] = {
    {Py_tp_doc, "See kaazing.wire.amqp.Scanner."},
    {Py_tp_new, scanner_new},
    {Py_tp_init, scanner_init},
    {Py_tp_dealloc, scanner_dealloc},
    {Py_tp_methods, scanner_methods},
    {Py_tp_members, scanner_members},
    {Py_tp_getset, scanner_getset},
    {0, NULL},
};

static PyType_Spec scanner_spec = {
    .name = "kaazing._speedups.AmqpScanner",
    .basicsize = sizeof(scanner),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = scanner_slots,
};

int
amqp_add(PyObject *module)
{
    return add_type(module, &scanner_spec);
}
