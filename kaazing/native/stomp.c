/* StompScanner: one direction of a STOMP connection, its open frame and its limits.
 * Twin: kaazing/wire/pure_stomp.py. */
#include "stomp.h"
#include <structmember.h>

static int
keep(scanner *self, const uint8_t *from, Py_ssize_t size)
{
    if (feeding_keep(&self->buffer, &self->room, self->size, from, size) < 0)
        return -1;
    self->size += size;
    return 0;
}

/* Give back what a large frame needed. */
static void
shrink(scanner *self)
{
    Py_ssize_t room = self->size > BUFFER_MIN ? self->size : BUFFER_MIN;
    uint8_t *buffer = self->room / 4 > room ? PyMem_Realloc(self->buffer, (size_t)room) : NULL;
    if (buffer) {
        self->buffer = buffer;
        self->room = room;
    }
}

static void
forget(scanner *self)
{
    PyMem_Free(self->buffer);
    self->buffer = NULL;
    self->size = self->room = 0;
}

/* All before done is done with: keep the rest, and count its places from done. */
static int
shift(scanner *self, feeding *f, Py_ssize_t done)
{
    Py_ssize_t rest = f->size - done;
    self->offset += done;
    self->place -= done;
    self->line -= done;
    self->colon -= self->colon < 0 ? 0 : done;
    self->body -= done;
    if (rest == 0) {
        forget(self);
        return 0;
    }
    if (f->whole)
        return keep(self, f->at + done, rest);
    memmove(self->buffer, self->buffer + done, (size_t)rest);
    self->size = rest;
    shrink(self);
    return 0;
}

/* Put aside what may pass; returns where the rest begins. */
static Py_ssize_t
passed(scanner *self, feeding *f)
{
    Py_ssize_t done = self->stopped && self->fault == Py_None ? self->place : f->start;
    return self->split || stomp_flush(f, done) == 0 ? done : -1;
}

static PyObject *
scanner_feed(scanner *self, PyObject *data)
{
    if (!PyBytes_CheckExact(data))
        return PyErr_Format(PyExc_TypeError, "expected bytes, not %.100s", Py_TYPE(data)->tp_name);
    feeding f = {(const uint8_t *)PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), data, PyList_New(0), 0, 0};
    self->beat = 0;
    if (f.items == NULL || self->fault != Py_None)
        return f.items;
    if (self->size || self->stopped) {
        if (keep(self, f.at, f.size) < 0)
            goto failed;
        if (self->stopped)
            return f.items;
        f.at = self->buffer;
        f.size = self->size;
        f.whole = NULL;
    }
    int step = stomp_steps(self, &f);
    Py_ssize_t done = step == FAILED ? -1 : passed(self, &f);
    if (done < 0)
        goto failed;
    if (self->fault != Py_None) {
        self->offset += done;
        forget(self);
    }
    else if (shift(self, &f, done) < 0)
        goto failed;
    return f.items;
failed:
    Py_DECREF(f.items);
    return NULL;
}

static int
scanner_init(scanner *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"client", "split", "max_frame", "max_headers", "max_line",
                            "apart", "sends", NULL};
    int client, split, apart, sends;
    Py_ssize_t max_frame, max_headers, max_line;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$ppnnnpp:StompScanner", names, &client, &split,
                                     &max_frame, &max_headers, &max_line, &apart, &sends))
        return -1;
    if (smaller(max_frame, smaller(max_headers, max_line)) < 1 || max_frame > LENGTH_MAX ||
        max_headers > LENGTH_MAX || max_line > LENGTH_MAX) {
        PyErr_SetString(PyExc_ValueError, "limits are from 1 to 2**48");
        return -1;
    }
    self->client = (uint8_t)client;
    self->split = (uint8_t)split;
    self->apart = (uint8_t)apart;
    self->sends = (uint8_t)sends;
    self->max_frame = max_frame;
    self->max_headers = max_headers;
    self->max_line = max_line;
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
    Py_CLEAR(self->fault);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
get_version(scanner *self, void *closure)
{
    (void)closure;
    return PyLong_FromLong(self->version);
}

static int
set_version(scanner *self, PyObject *value, void *closure)
{
    (void)closure;
    long version = value ? PyLong_AsLong(value) : 0;
    if (version != V10 && version != V11 && version != V12) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "version is 10, 11 or 12");
        return -1;
    }
    self->version = (uint8_t)version;
    self->stopped = 0;
    return 0;
}

static PyObject *
get_beat(scanner *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(self->beat);
}

static PyMemberDef scanner_members[] = {
    {"fault", T_OBJECT, offsetof(scanner, fault), READONLY, NULL},
    {"frames", T_LONGLONG, offsetof(scanner, frames), READONLY, NULL},
    {"offset", T_LONGLONG, offsetof(scanner, offset), READONLY, NULL},
    {"pending", T_PYSSIZET, offsetof(scanner, size), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef scanner_getset[] = {
    {"version", (getter)get_version, (setter)set_version, NULL, NULL},
    {"beat", (getter)get_beat, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyObject *
scanner_take_counts(scanner *self, PyObject *unused)
{
    (void)unused;
    PyObject *counts = PyDict_New();
    int first = FIRST_COMMAND(self);
    for (int i = 0; counts && i < SIDE_COMMANDS && first + i < COMMANDS; i++) {
        if (self->counts[i] == 0)
            continue;
        PyObject *count = PyLong_FromUnsignedLongLong(self->counts[i]);
        if (count == NULL || PyDict_SetItemString(counts, stomp_commands[first + i].name, count) < 0)
            Py_CLEAR(counts);
        Py_XDECREF(count);
    }
    if (counts)
        memset(self->counts, 0, sizeof self->counts);
    return counts;
}

static PyMethodDef scanner_methods[] = {
    {"feed", (PyCFunction)scanner_feed, METH_O, NULL},
    {"take_counts", (PyCFunction)scanner_take_counts, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot scanner_slots[] = {
    {Py_tp_doc, "See kaazing.wire.stomp.Scanner."},
    {Py_tp_new, scanner_new},
    {Py_tp_init, scanner_init},
    {Py_tp_dealloc, scanner_dealloc},
    {Py_tp_methods, scanner_methods},
    {Py_tp_members, scanner_members},
    {Py_tp_getset, scanner_getset},
    {0, NULL},
};

static PyType_Spec scanner_spec = {
    .name = "kaazing._speedups.StompScanner",
    .basicsize = sizeof(scanner),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = scanner_slots,
};

int
stomp_add(PyObject *module)
{
    return add_type(module, &scanner_spec);
}
