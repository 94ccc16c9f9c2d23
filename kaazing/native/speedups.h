/* What the parts of kaazing._speedups promise each other. */
#ifndef KAAZING_SPEEDUPS_H
#define KAAZING_SPEEDUPS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

/* What one import of the module owns. */
typedef struct {
    PyTypeObject *lane_type;
    PyObject *data_buffer;      /* the names that a pump looks up in a Twisted transport */
    PyObject *temp_data_buffer;
    PyObject *disconnecting;
} speedups_state;

/* Each part adds its types and functions to the module; -1 with an exception set when it cannot. */
int lane_add(PyObject *module);
int frames_add(PyObject *module);
int pump_add(PyObject *module);
int stomp_add(PyObject *module);
int amqp_add(PyObject *module);
int irc_add(PyObject *module);
int wse_add(PyObject *module);
int wse_frames_add(PyObject *module);
int fanout_add(PyObject *module);
int mqtt_add(PyObject *module);

/* Make a type and add it to the module; -1 with an exception set. */
int add_type(PyObject *module, PyType_Spec *spec);

/* UTF-8 as RFC 3629 has it, in pieces. *state is UTF8_WHOLE before a text, and after one that ended
 * with a whole character. Returns the index of the first byte that cannot continue the text, or size. */
#define UTF8_WHOLE 0
size_t utf8_check(uint8_t *state, const uint8_t *text, size_t size);

/* Whether this is UTF-8 that ends with a whole character. */
static inline int
utf8_valid(const uint8_t *text, size_t size)
{
    uint8_t state = UTF8_WHOLE;
    return utf8_check(&state, text, size) == size && state == UTF8_WHOLE;
}

/* The head of an unfragmented data frame (RFC 6455 section 5.2). */
#define HEAD_MAX 14 /* bytes, a masking key counted */
#define MASK_BIT 0x80
#define KEY_SIZE 4

enum { KIND_AUTO = 0, KIND_TEXT = 1, KIND_BINARY = 2 };

static inline size_t
head_size(uint64_t payload)
{
    return payload < 126 ? 2 : payload < 65536 ? 4 : 10;
}

/* Write the head without its key; returns its size. */
static inline size_t
head_write(uint8_t *head, int kind, uint64_t payload, int mask_bit)
{
    size_t size = head_size(payload);
    head[0] = (uint8_t)(0x80 | kind);
    if (size == 2)
        head[1] = (uint8_t)(mask_bit | (int)payload);
    else {
        head[1] = (uint8_t)(mask_bit | (size == 4 ? 126 : 127));
        for (size_t i = size; i-- > 2; payload >>= 8)
            head[i] = (uint8_t)payload;
    }
    return size;
}

/* Exclusive-or with the repeated key; the ranges may overlap where to <= from. */
static inline void
mask_copy(uint8_t *to, const uint8_t *from, size_t size, const uint8_t key[KEY_SIZE])
{
    uint64_t wide, word[4];
    size_t i = 0;
    memcpy(&wide, key, KEY_SIZE);
    memcpy((uint8_t *)&wide + KEY_SIZE, key, KEY_SIZE);
    for (; i + 32 <= size; i += 32) {
        memcpy(word, from + i, 32);
        word[0] ^= wide;
        word[1] ^= wide;
        word[2] ^= wide;
        word[3] ^= wide;
        memcpy(to + i, word, 32);
    }
    for (; i + 8 <= size; i += 8) {
        memcpy(word, from + i, 8);
        word[0] ^= wide;
        memcpy(to + i, word, 8);
    }
    for (; i < size; i++)
        to[i] = from[i] ^ key[i % KEY_SIZE];
}

#endif
