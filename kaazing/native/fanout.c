/* The same bytes to many descriptors, in one loop without Python.  Twin: kaazing/wire/pure_spread.py. */
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

static PyObject *
receivers_tell(PyObject *const *items, Py_ssize_t count, PyObject *data)
{
    const char *bytes = PyBytes_AS_STRING(data);
    size_t size = (size_t)PyBytes_GET_SIZE(data);
    PyObject *found = NULL;
    receiver *all = PyMem_New(receiver, count ? count : 1);
    if (!all)
        return PyErr_NoMemory();
    if (receivers_read(all, items, count) == 0) {
        Py_BEGIN_ALLOW_THREADS
        for (Py_ssize_t i = 0; i < count; i++)
            all[i].sent = send_once(all[i].fd, bytes, size);
        Py_END_ALLOW_THREADS
        found = receivers_short(all, count, (ssize_t)size);
    }
    PyMem_Free(all);
    return found;
}

static PyObject *
fanout_spread(PyObject *module, PyObject *const *args, Py_ssize_t given)
{
    PyObject *fds, *found;
    (void)module;
    if (given != 2) {
        PyErr_SetString(PyExc_TypeError, "spread() takes descriptors and data");
        return NULL;
    }
    if (!PyBytes_Check(args[1])) {
        PyErr_Format(PyExc_TypeError, "data is bytes, not %.100s", Py_TYPE(args[1])->tp_name);
        return NULL;
    }
    fds = PySequence_Fast(args[0], "fds is a list of descriptors");
    if (!fds)
        return NULL;
    found = receivers_tell(PySequence_Fast_ITEMS(fds), PySequence_Fast_GET_SIZE(fds), args[1]);
    Py_DECREF(fds);
    return found;
}

static PyMethodDef fanout_methods[] = {
    {"spread", (PyCFunction)(void (*)(void))fanout_spread, METH_FASTCALL,
        "spread($module, fds, data, /)\n--\n\n"
        "Send the same bytes to each socket; (index, sent) of those that did not take all."},
    {0},
};

int
fanout_add(PyObject *module)
{
    return PyModule_AddFunctions(module, fanout_methods);
}
