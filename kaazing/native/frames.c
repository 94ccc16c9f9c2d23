/* Outgoing data frames, and UTF-8 asked of a whole text.  Twin: kaazing/wire/pure_frames.py. */
#if defined(__APPLE__)
#include <sys/random.h>
#endif
#include "speedups.h"
#include <unistd.h>

#define KEY_BATCH 64 /* getentropy gives at most 256 bytes a call */

/* Masking keys, unpredictable as RFC 6455 section 10.3 asks. None outlives its call, so that no
 * forked process can repeat one. */
typedef struct {
    uint8_t keys[KEY_BATCH][KEY_SIZE];
    size_t next, wanted; /* wanted: keys still to be drawn */
} key_pool;

static const uint8_t *
key_draw(key_pool *pool)
{
    if (pool->next == KEY_BATCH) {
        size_t count = pool->wanted < KEY_BATCH ? pool->wanted : KEY_BATCH;
        pool->next = KEY_BATCH - count;
        pool->wanted -= count;
        if (getentropy(pool->keys[pool->next], count * KEY_SIZE) < 0) {
            PyErr_SetFromErrno(PyExc_OSError);
            return NULL;
        }
    }
    return pool->keys[pool->next++];
}

/* Bytes of all frames, or -1 with an exception set. */
static Py_ssize_t
frames_size(PyObject *const *messages, Py_ssize_t count, int masked)
{
    Py_ssize_t size = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!PyBytes_Check(messages[i])) {
            PyErr_Format(PyExc_TypeError, "a message is bytes, not %.100s", Py_TYPE(messages[i])->tp_name);
            return -1;
        }
        Py_ssize_t payload = PyBytes_GET_SIZE(messages[i]);
        if (payload > PY_SSIZE_T_MAX - HEAD_MAX - size) {
            PyErr_NoMemory();
            return -1;
        }
        size += (Py_ssize_t)head_size((uint64_t)payload) + (masked ? KEY_SIZE : 0) + payload;
    }
    return size;
}

static int
frames_write(uint8_t *out, PyObject *const *messages, Py_ssize_t count, int kind, int masked)
{
    key_pool pool = {.next = KEY_BATCH, .wanted = (size_t)count};
    for (Py_ssize_t i = 0; i < count; i++) {
        const uint8_t *payload = (const uint8_t *)PyBytes_AS_STRING(messages[i]);
        size_t size = (size_t)PyBytes_GET_SIZE(messages[i]);
        int opcode = kind != KIND_AUTO ? kind : utf8_valid(payload, size) ? KIND_TEXT : KIND_BINARY;
        out += head_write(out, opcode, size, masked ? MASK_BIT : 0);
        if (masked) {
            const uint8_t *key = key_draw(&pool);
            if (!key)
                return -1;
            memcpy(out, key, KEY_SIZE);
            out += KEY_SIZE;
            mask_copy(out, payload, size, key);
        }
        else
            memcpy(out, payload, size);
        out += size;
    }
    return 0;
}

static PyObject *
frames_join(PyObject *messages, long kind, int masked)
{
    PyObject **items = PySequence_Fast_ITEMS(messages);
    Py_ssize_t count = PySequence_Fast_GET_SIZE(messages), size;
    PyObject *joined;
    if (kind < KIND_AUTO || kind > KIND_BINARY) {
        PyErr_Format(PyExc_ValueError, "kind is 0, 1 or 2, not %ld", kind);
        return NULL;
    }
    size = frames_size(items, count, masked);
    joined = size < 0 ? NULL : PyBytes_FromStringAndSize(NULL, size);
    if (joined && frames_write((uint8_t *)PyBytes_AS_STRING(joined), items, count, (int)kind, masked) < 0)
        Py_CLEAR(joined);
    return joined;
}

/* The third argument, in its place or by name; -1 with an exception set. */
static int
masked_argument(PyObject *const *args, Py_ssize_t given, PyObject *names)
{
    Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
    if (given < 2 || given + named > 3) {
        PyErr_SetString(PyExc_TypeError, "frame() takes messages, kind and masked");
        return -1;
    }
    if (named && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "masked") != 0) {
        PyErr_Format(PyExc_TypeError, "frame() has no argument %R", PyTuple_GET_ITEM(names, 0));
        return -1;
    }
    return given + named == 3 ? PyObject_IsTrue(args[2]) : 0;
}

static PyObject *
frames_frame(PyObject *module, PyObject *const *args, Py_ssize_t given, PyObject *names)
{
    int masked = masked_argument(args, given, names);
    long kind;
    PyObject *messages, *joined;
    (void)module;
    if (masked < 0)
        return NULL;
    kind = PyLong_AsLong(args[1]);
    if (kind == -1 && PyErr_Occurred())
        return NULL;
    messages = PySequence_Fast(args[0], "messages is a list of bytes");
    if (!messages)
        return NULL;
    joined = frames_join(messages, kind, masked);
    Py_DECREF(messages);
    return joined;
}

static PyObject *
frames_valid_utf8(PyObject *module, PyObject *data)
{
    Py_buffer view;
    int valid;
    (void)module;
    if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    valid = utf8_valid(view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    return PyBool_FromLong(valid);
}

static PyMethodDef frames_methods[] = {
    {"frame", (PyCFunction)(void (*)(void))frames_frame, METH_FASTCALL | METH_KEYWORDS,
        "frame($module, messages, kind, /, masked=False)\n--\n\n"
        "One unfragmented frame for each message, joined."},
    {"valid_utf8", frames_valid_utf8, METH_O,
        "valid_utf8($module, data, /)\n--\n\nWhether data is whole UTF-8 text."},
    {0},
};

int
frames_add(PyObject *module)
{
    return PyModule_AddFunctions(module, frames_methods);
}
