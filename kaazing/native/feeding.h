/* What the scanners have in common: bytes kept for the next feed, and the items that one gives. */
#ifndef KAAZING_FEEDING_H
#define KAAZING_FEEDING_H

#include "speedups.h"

#define BUFFER_MIN 256 /* bytes */

/* Put more bytes behind those that a buffer of this room holds; -1 with an exception set. */
static inline int
feeding_keep(uint8_t **buffer, Py_ssize_t *room, Py_ssize_t held, const uint8_t *more, Py_ssize_t size)
{
    Py_ssize_t want = held + size;
    if (want > *room) {
        Py_ssize_t fresh = *room * 2 > want ? *room * 2 : want > BUFFER_MIN ? want : BUFFER_MIN;
        uint8_t *moved = PyMem_Realloc(*buffer, (size_t)fresh);
        if (moved == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        *buffer = moved;
        *room = fresh;
    }
    if (size)
        memcpy(*buffer + held, more, (size_t)size);
    return 0;
}

/* Put an item, which is taken over, at the end; -1 with an exception set, as where it is NULL. */
static inline int
feeding_put(PyObject *items, PyObject *item)
{
    int put = item ? PyList_Append(items, item) : -1;
    Py_XDECREF(item);
    return put;
}

/* Put a run of bytes at the end, nothing where there are none; whole is the bytes object that they may be
 * all of, or NULL. */
static inline int
feeding_put_run(PyObject *items, PyObject *whole, const uint8_t *from, const uint8_t *end)
{
    if (from == end)
        return 0;
    if (whole && from == (const uint8_t *)PyBytes_AS_STRING(whole) && end - from == PyBytes_GET_SIZE(whole))
        return feeding_put(items, Py_NewRef(whole));
    return feeding_put(items, PyBytes_FromStringAndSize((const char *)from, end - from));
}

/* Put at the end what is to be looked at, with its offset in the stream. */
static inline int
feeding_put_watched(PyObject *items, long long offset, const uint8_t *from, const uint8_t *end)
{
    return feeding_put(items, Py_BuildValue("Ly#", offset, (const char *)from, end - from));
}

#endif
