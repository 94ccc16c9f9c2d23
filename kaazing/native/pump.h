/* What every pump has, and what the three kinds of pump share. */
#ifndef KAAZING_PUMP_H
#define KAAZING_PUMP_H

#include "lane.h"

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    int source, sink;    /* -1 when detached */
    int kind;            /* back: of the frames made */
    unsigned int repeat; /* echo: how often each message goes back */
    PyObject *sink_transport, *spill;
    LaneObject *lane;          /* front, echo */
    uint64_t messages, octets; /* back: framed so far */
    double last;               /* when bytes last came, seconds of the monotonic clock */
} PumpObject;

/* What one call receives, after room for a frame head. One for all pumps: from the receiving to the
 * last use no Python runs, and so no other pump. */
#define PUMP_ROOM 16
#define PUMP_CHUNK_MAX (256 * 1024)
extern uint8_t pump_chunk[PUMP_ROOM + PUMP_CHUNK_MAX];

enum { STATUS_GO_ON = 0 };

/* Pass on what was received, size bytes of the chunk. */
typedef PyObject *(*pump_pass)(PumpObject *self, size_t size, int busy);

/* One call of a pump: receive once, and pass on. */
PyObject *pump_call(PumpObject *self, size_t nargsf, PyObject *names, pump_pass pass);

/* Send what can be sent at once, nothing when the sink is busy; returns how much that was. A failure
 * is met again on the ordinary path. */
size_t pump_send(PumpObject *self, const uint8_t *data, size_t size, int busy);

/* Give the ordinary path what it has to see to; returns its answer. */
PyObject *pump_spill(PumpObject *self, const uint8_t *unsent, size_t unsent_size, const uint8_t *rest,
    size_t rest_size, int status);

/* A new pump; NULL with an exception set. */
PyObject *pump_make(PyTypeObject *type, vectorcallfunc call, int source, int sink, PyObject *transport,
    PyObject *callable);

/* Give a new pump, which may be NULL, its lane; NULL with an exception set. */
PyObject *pump_with_lane(PyObject *made, LaneObject *over, int whole);

/* tp_new of the kinds. */
PyObject *front_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);
PyObject *back_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);
PyObject *echo_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);

#endif
