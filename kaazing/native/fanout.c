/* The same bytes to many descriptors, in one loop without Python; in places, each receiver's own.
 * Twin: kaazing/wire/pure_spread.py. */
#include "speedups.h"
#include <errno.h>
#include <sys/socket.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* CPython ignores SIGPIPE anyway */
#endif

/* Descriptors going in; how much each took coming out, in the same order. */
typedef union {
    int fd;
    ssize_t sent;
} receiver;

static int
receivers_read(receiver *all, PyObject *const *items, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        long fd = PyLong_AsLong(items[i]);
        if (fd == -1 && PyErr_Occurred())
            return -1;
        if (fd > INT_MAX) {
            PyErr_Format(PyExc_ValueError, "no descriptor: %ld", fd);
            return -1;
        }
        all[i].fd = fd < 0 ? -1 : (int)fd;
    }
    return 0;
}

/* A failure is the ordinary path's to meet: such a descriptor took nothing. */
static ssize_t
send_once(int fd, const char *data, size_t size)
{
    ssize_t sent;
    if (fd < 0)
        return 0;
    do
        sent = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? 0 : sent;
}

static PyObject *
receivers_short(const receiver *all, Py_ssize_t count, ssize_t size)
{
    PyObject *found = PyList_New(0);
    for (Py_ssize_t i = 0; found && i < count; i++) {
        PyObject *pair;
        if (all[i].sent == size)
            continue;
        pair = Py_BuildValue("(nn)", i, (Py_ssize_t)all[i].sent);
        if (!pair || PyList_Append(found, pair) < 0)
            Py_CLEAR(found);
        Py_XDECREF(pair);
    }
    return found;
}

/* What is sent: the same bytes to all, but for the holes, which each receiver's own bytes fill. */
typedef struct {
    const char *bytes;
    Py_ssize_t size;
    PyObject *owns;    /* a tuple of bytes, one for each receiver, all of one size; NULL: there are no holes */
    Py_ssize_t width;  /* of a hole */
    Py_ssize_t *holes; /* where they begin */
    Py_ssize_t count;
    char *copy;        /* room for one; as bytes but for the holes once copied */
    int copied;
} letter;

static void
letter_free(letter *this)
{
    Py_CLEAR(this->owns);
    PyMem_Free(this->holes);
    PyMem_Free(this->copy);
}

static int
letter_owns(letter *this, PyObject *owns, PyObject *fds)
{
    Py_ssize_t receivers;
    this->owns = PySequence_Tuple(owns);
    if (!this->owns)
        return -1;
    receivers = PySequence_Fast_GET_SIZE(fds);
    if (PyTuple_GET_SIZE(this->owns) != receivers) {
        PyErr_SetString(PyExc_ValueError, "owns has as many items as fds");
        return -1;
    }
    for (Py_ssize_t i = 0; i < receivers; i++) {
        PyObject *own = PyTuple_GET_ITEM(this->owns, i);
        if (!PyBytes_Check(own)) {
            PyErr_Format(PyExc_TypeError, "own is bytes, not %.100s", Py_TYPE(own)->tp_name);
            return -1;
        }
        if (i == 0)
            this->width = PyBytes_GET_SIZE(own);
        else if (PyBytes_GET_SIZE(own) != this->width) {
            PyErr_SetString(PyExc_ValueError, "all of owns have one size");
            return -1;
        }
    }
    return 0;
}

static int
letter_holes(letter *this, PyObject *holes)
{
    PyObject *items = PySequence_Fast(holes, "holes is a list of offsets");
    if (!items)
        return -1;
    this->count = PySequence_Fast_GET_SIZE(items);
    this->holes = PyMem_New(Py_ssize_t, this->count ? this->count : 1);
    if (!this->holes)
        PyErr_NoMemory();
    for (Py_ssize_t i = 0; this->holes && i < this->count; i++) {
        Py_ssize_t at = PyLong_AsSsize_t(PySequence_Fast_GET_ITEM(items, i));
        if (at == -1 && PyErr_Occurred())
            break;
        if (at < 0 || at > this->size - this->width) {
            PyErr_Format(PyExc_ValueError, "no room for a hole at %zd", at);
            break;
        }
        this->holes[i] = at;
    }
    Py_DECREF(items);
    return PyErr_Occurred() ? -1 : 0;
}

/* The bytes for one receiver, good until the next call; copied only when the holes are another's. */
static const char *
letter_for(letter *this, Py_ssize_t receiver)
{
    const char *own, *now = this->copied ? this->copy : this->bytes;
    Py_ssize_t i = 0;
    if (!this->owns)
        return now;
    own = PyBytes_AS_STRING(PyTuple_GET_ITEM(this->owns, receiver));
    while (i < this->count && memcmp(now + this->holes[i], own, (size_t)this->width) == 0)
        i++;
    if (i == this->count)
        return now;
    if (!this->copied)
        memcpy(this->copy, this->bytes, (size_t)this->size);
    this->copied = 1;
    for (i = 0; i < this->count; i++)
        memcpy(this->copy + this->holes[i], own, (size_t)this->width);
    return this->copy;
}

static PyObject *
receivers_tell(PyObject *const *items, Py_ssize_t count, letter *what)
{
    PyObject *found = NULL;
    receiver *all = PyMem_New(receiver, count ? count : 1);
    if (!all)
        return PyErr_NoMemory();
    if (receivers_read(all, items, count) == 0) {
        Py_BEGIN_ALLOW_THREADS
        for (Py_ssize_t i = 0; i < count; i++)
            all[i].sent = all[i].fd < 0 ? 0 : send_once(all[i].fd, letter_for(what, i), (size_t)what->size);
        Py_END_ALLOW_THREADS
        found = receivers_short(all, count, what->size);
    }
    PyMem_Free(all);
    return found;
}

static int
letter_read(letter *this, PyObject *const *args, Py_ssize_t given, PyObject *fds)
{
    this->bytes = PyBytes_AS_STRING(args[1]);
    this->size = PyBytes_GET_SIZE(args[1]);
    if (given == 2 || args[3] == Py_None)
        return 0;
    if (letter_owns(this, args[3], fds) < 0 || letter_holes(this, args[2]) < 0)
        return -1;
    this->copy = PyMem_Malloc((size_t)this->size + 1);
    if (!this->copy)
        PyErr_NoMemory();
    return this->copy ? 0 : -1;
}

static PyObject *
fanout_spread(PyObject *module, PyObject *const *args, Py_ssize_t given)
{
    PyObject *fds, *found = NULL;
    letter what = {0};
    (void)module;
    if (given != 2 && given != 4) {
        PyErr_SetString(PyExc_TypeError, "spread() takes descriptors and data, or holes and owns too");
        return NULL;
    }
    if (!PyBytes_Check(args[1])) {
        PyErr_Format(PyExc_TypeError, "data is bytes, not %.100s", Py_TYPE(args[1])->tp_name);
        return NULL;
    }
    fds = PySequence_Fast(args[0], "fds is a list of descriptors");
    if (!fds)
        return NULL;
    if (letter_read(&what, args, given, fds) == 0)
        found = receivers_tell(PySequence_Fast_ITEMS(fds), PySequence_Fast_GET_SIZE(fds), &what);
    letter_free(&what);
    Py_DECREF(fds);
    return found;
}

static PyMethodDef fanout_methods[] = {
    {"spread", (PyCFunction)(void (*)(void))fanout_spread, METH_FASTCALL,
        "spread($module, fds, data, holes=(), owns=None, /)\n--\n\n"
        "Send the same bytes to each socket, its own in the holes; (index, sent) of those that did not take"
        " all."},
    {0},
};

int
fanout_add(PyObject *module)
{
    return PyModule_AddFunctions(module, fanout_methods);
}
