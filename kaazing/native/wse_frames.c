/* wse_frame: the frames of WebSocket emulation, made.  Twin: kaazing/wire/pure_wse.py. */
#include "speedups.h"

#define WSE_HEAD_MAX 10 /* bytes: the type, and 63 bits of length in sevens */

/* Write the frame's head; returns its size. */
static size_t
wse_head(uint8_t *head, int text, uint64_t payload)
{
    size_t digits = 1;
    for (uint64_t rest = payload >> 7; rest; rest >>= 7)
        digits++;
    head[0] = text ? 0x81 : 0x80;
    for (size_t i = digits; i > 0; i--, payload >>= 7)
        head[i] = (uint8_t)((payload & 0x7F) | (i < digits ? 0x80 : 0));
    return 1 + digits;
}

/* Bytes that have room for all frames, or -1 with an exception set. */
static Py_ssize_t
frames_room(PyObject *const *messages, Py_ssize_t count)
{
    Py_ssize_t room = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!PyBytes_Check(messages[i])) {
            PyErr_Format(PyExc_TypeError, "a message is bytes, not %.100s", Py_TYPE(messages[i])->tp_name);
            return -1;
        }
        Py_ssize_t payload = PyBytes_GET_SIZE(messages[i]);
        if (payload > PY_SSIZE_T_MAX - WSE_HEAD_MAX - room) {
            PyErr_NoMemory();
            return -1;
        }
        room += WSE_HEAD_MAX + payload;
    }
    return room;
}

static PyObject *
frames_join(PyObject *const *messages, Py_ssize_t count, long kind)
{
    Py_ssize_t room = frames_room(messages, count);
    PyObject *joined = room < 0 ? NULL : PyBytes_FromStringAndSize(NULL, room);
    if (!joined)
        return NULL;
    uint8_t *start = (uint8_t *)PyBytes_AS_STRING(joined), *out = start;
    for (Py_ssize_t i = 0; i < count; i++) {
        const uint8_t *payload = (const uint8_t *)PyBytes_AS_STRING(messages[i]);
        size_t size = (size_t)PyBytes_GET_SIZE(messages[i]);
        out += wse_head(out, kind == KIND_AUTO ? utf8_valid(payload, size) : kind == KIND_TEXT, size);
        memcpy(out, payload, size);
        out += size;
    }
    _PyBytes_Resize(&joined, out - start);
    return joined;
}

static PyObject *
wse_frame(PyObject *module, PyObject *const *args, Py_ssize_t given)
{
    PyObject *messages, *joined;
    (void)module;
    if (given != 3) {
        PyErr_SetString(PyExc_TypeError, "wse_frame() takes messages, kind and binary_only");
        return NULL;
    }
    long kind = PyLong_AsLong(args[1]);
    int binary_only = PyObject_IsTrue(args[2]);
    if ((kind == -1 && PyErr_Occurred()) || binary_only < 0)
        return NULL;
    if (kind < KIND_AUTO || kind > KIND_BINARY) {
        PyErr_Format(PyExc_ValueError, "kind is 0, 1 or 2, not %ld", kind);
        return NULL;
    }
    messages = PySequence_Fast(args[0], "messages is a list of bytes");
    if (!messages)
        return NULL;
    joined = frames_join(PySequence_Fast_ITEMS(messages), PySequence_Fast_GET_SIZE(messages),
        binary_only ? KIND_BINARY : kind);
    Py_DECREF(messages);
    return joined;
}

static PyMethodDef wse_methods[] = {
    {"wse_frame", (PyCFunction)(void (*)(void))wse_frame, METH_FASTCALL,
        "wse_frame($module, messages, kind, binary_only, /)\n--\n\nOne frame for each message, joined."},
    {0},
};

int
wse_frames_add(PyObject *module)
{
    return PyModule_AddFunctions(module, wse_methods);
}
