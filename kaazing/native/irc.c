/* IrcScanner: one direction of an IRC connection, its open line and its limits.
 * Twin: kaazing/wire/pure_irc.py. */
#include "irc.h"
#include <structmember.h>

/* One call of feed. */
typedef struct {
    PyObject *data;       /* what was given */
    const uint8_t *base;  /* its bytes */
    Py_ssize_t size;
    PyObject *items;
    const uint8_t *run;   /* lines that pass together begin here, NULL for none */
} feeding;

static int
keep(irc_scanner *self, const uint8_t *from, Py_ssize_t size)
{
    if (feeding_keep(&self->buffer, &self->space, self->size, from, size) < 0)
        return -1;
    self->size += size;
    return 0;
}

static void
forget(irc_scanner *self)
{
    PyMem_Free(self->buffer);
    self->buffer = NULL;
    self->size = self->space = 0;
}

/* Put the lines up to here that pass together among the items. */
static int
flush(feeding *f, const uint8_t *to)
{
    const uint8_t *run = f->run;
    f->run = NULL;
    return run ? feeding_put_run(f->items, f->data, run, to) : 0;
}

static int
fail(irc_scanner *self, int code, long long place, Py_ssize_t limit)
{
    PyObject *fault = Py_BuildValue("(iLn)", code, place, limit);
    if (fault == NULL)
        return -1;
    Py_SETREF(self->fault, fault);
    return 0;
}

static Py_ssize_t
limit_of(const irc_scanner *self, int code)
{
    switch (code) {
    case LINE_TOO_LONG:
        return self->max_line;
    case TAGS_TOO_LONG:
        return self->max_tags;
    case TOO_MANY_PARAMETERS:
        return self->max_parameters;
    }
    return 0;
}

/* The line as an object, with a line end or not, in UTF-8 where it must be. */
static PyObject *
object(const irc_scanner *self, const irc_line *line, int end)
{
    PyObject *text = NULL, *changed = NULL;
    const char *at = (const char *)line->at;
    Py_ssize_t size = line->size;
    if (self->text && !utf8_valid(line->at, (size_t)size)) {
        text = PyUnicode_DecodeUTF8(at, size, "replace");
        changed = text ? PyUnicode_AsUTF8String(text) : NULL;
        Py_XDECREF(text);
        if (changed == NULL)
            return NULL;
        at = PyBytes_AS_STRING(changed);
        size = PyBytes_GET_SIZE(changed);
    }
    PyObject *made = PyBytes_FromStringAndSize(NULL, size + 2 * end);
    if (made) {
        memcpy(PyBytes_AS_STRING(made), at, (size_t)size);
        if (end)
            memcpy(PyBytes_AS_STRING(made) + size, "\r\n", 2);
    }
    Py_XDECREF(changed);
    return made;
}

/* A line is in order: put it among the items, or let it run. whole is its size with its end. */
static int
pass(irc_scanner *self, feeding *f, const irc_line *line, Py_ssize_t whole, int watched)
{
    if (!watched && !self->split && whole == line->size + 2 && line->at != self->buffer) {
        if (f->run == NULL)
            f->run = line->at;
        return 0;
    }
    if (flush(f, line->at) < 0)
        return -1;
    PyObject *made = object(self, line, !watched && !self->bare);
    return feeding_put(f->items, watched && made ? Py_BuildValue("(LN)", self->offset, made) : made);
}

/* A line with its end, whole bytes of it; 0 when that is done, 1 at a fault, -1 with an exception set. */
static int
take(irc_scanner *self, feeding *f, const uint8_t *at, Py_ssize_t whole)
{
    irc_line line = {at, whole - 1, 0, 0};
    if (line.size && at[line.size - 1] == '\r')
        line.size--;
    if (line.size == 0) { /* RFC 2812 section 2.3.1: empty messages are ignored */
        if (flush(f, at) < 0)
            return -1;
    }
    else {
        int code = irc_check(self, &line);
        if (code) {
            if (flush(f, at) < 0 || fail(self, code, self->offset + line.place, limit_of(self, code)) < 0)
                return -1;
            return 1;
        }
        int watched = irc_note(self, at + line.place, line.command, 1);
        if (watched < 0 || pass(self, f, &line, whole, watched) < 0)
            return -1;
    }
    self->offset += whole;
    return 0;
}

/* Keep the beginning of a line, unless it is too long already. */
static int
leave_open(irc_scanner *self, const uint8_t *at, Py_ssize_t size)
{
    if (size && keep(self, at, size) < 0)
        return -1;
    if (self->size == 0)
        return 0;
    Py_ssize_t known = self->size - (self->buffer[self->size - 1] == '\r');
    int code = irc_too_long(self, self->buffer, known);
    return code ? fail(self, code, self->offset, limit_of(self, code)) : 0;
}

static int
scan(irc_scanner *self, feeding *f)
{
    const uint8_t *at = f->base, *end = f->base + f->size;
    int done = 0;
    while (at < end && done == 0) {
        const uint8_t *feed = memchr(at, '\n', (size_t)(end - at));
        if (feed == NULL)
            break;
        Py_ssize_t whole = feed + 1 - at;
        if (self->size) {
            done = keep(self, at, whole) < 0 ? -1 : take(self, f, self->buffer, self->size);
            forget(self);
        }
        else
            done = take(self, f, at, whole);
        at = feed + 1;
    }
    if (done != 0)
        return done < 0 ? -1 : 0;
    return flush(f, at) < 0 ? -1 : leave_open(self, at, end - at);
}

static PyObject *
scanner_feed(irc_scanner *self, PyObject *data)
{
    if (!PyBytes_CheckExact(data))
        return PyErr_Format(PyExc_TypeError, "expected bytes, not %.100s", Py_TYPE(data)->tp_name);
    feeding f = {data, (const uint8_t *)PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), PyList_New(0), NULL};
    if (f.items == NULL || self->fault != Py_None)
        return f.items;
    if (scan(self, &f) < 0)
        Py_CLEAR(f.items);
    if (self->fault != Py_None)
        forget(self);
    return f.items;
}

static PyObject *
scanner_watch(irc_scanner *self, PyObject *args)
{
    PyObject *commands;
    int others;
    if (!PyArg_ParseTuple(args, "O!p:watch", &PyFrozenSet_Type, &commands, &others))
        return NULL;
    Py_XSETREF(self->watched, Py_NewRef(commands));
    self->others = (uint8_t)others;
    if (irc_rewatch(self) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *
scanner_discount(irc_scanner *self, PyObject *command)
{
    if (!PyBytes_CheckExact(command))
        return PyErr_Format(PyExc_TypeError, "expected bytes, not %.100s", Py_TYPE(command)->tp_name);
    if (irc_note(self, (const uint8_t *)PyBytes_AS_STRING(command), PyBytes_GET_SIZE(command), -1) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *
scanner_take_counts(irc_scanner *self, PyObject *unused)
{
    (void)unused;
    return irc_counts(self);
}

static int
scanner_init(irc_scanner *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"client", "split", "bare", "text", "max_line", "max_tags", "max_parameters", NULL};
    int client, split, bare, text;
    Py_ssize_t line, tags, parameters;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$ppppnnn:IrcScanner", names, &client, &split, &bare, &text,
                                     &line, &tags, &parameters))
        return -1;
    if (line < 1 || line > LENGTH_MAX || tags < 1 || tags > LENGTH_MAX || parameters < 0 ||
        parameters > LENGTH_MAX) {
        PyErr_SetString(PyExc_ValueError, "limits are from 1 to 2**30");
        return -1;
    }
    self->client = (uint8_t)client;
    self->split = (uint8_t)(split || bare || text);
    self->bare = (uint8_t)bare;
    self->text = (uint8_t)text;
    self->max_line = line;
    self->max_tags = tags;
    self->max_parameters = parameters;
    return 0;
}

static PyObject *
scanner_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)args, (void)kwargs;
    irc_scanner *self = (irc_scanner *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->fault = Py_NewRef(Py_None);
    self->watched = PyFrozenSet_New(NULL);
    if (self->watched == NULL)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static void
scanner_dealloc(irc_scanner *self)
{
    PyTypeObject *type = Py_TYPE(self);
    forget(self);
    PyMem_Free(self->commands);
    Py_CLEAR(self->watched);
    Py_CLEAR(self->fault);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef scanner_members[] = {
    {"fault", T_OBJECT, offsetof(irc_scanner, fault), READONLY, NULL},
    {"offset", T_LONGLONG, offsetof(irc_scanner, offset), READONLY, NULL},
    {"pending", T_PYSSIZET, offsetof(irc_scanner, size), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyMethodDef scanner_methods[] = {
    {"feed", (PyCFunction)scanner_feed, METH_O, NULL},
    {"watch", (PyCFunction)scanner_watch, METH_VARARGS, NULL},
    {"discount", (PyCFunction)scanner_discount, METH_O, NULL},
    {"take_counts", (PyCFunction)scanner_take_counts, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot scanner_slots[] = {
    {Py_tp_doc, "See kaazing.wire.irc.Scanner."},
    {Py_tp_new, scanner_new},
    {Py_tp_init, scanner_init},
    {Py_tp_dealloc, scanner_dealloc},
    {Py_tp_methods, scanner_methods},
    {Py_tp_members, scanner_members},
    {0, NULL},
};

static PyType_Spec scanner_spec = {
    .name = "kaazing._speedups.IrcScanner",
    .basicsize = sizeof(irc_scanner),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = scanner_slots,
};

int
irc_add(PyObject *module)
{
    return add_type(module, &scanner_spec);
}
