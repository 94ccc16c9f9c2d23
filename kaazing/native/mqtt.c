/* MqttScanner: one direction of an MQTT connection, its open packet and its limits.
 * Twin: kaazing/wire/pure_mqtt.py. */
#include "mqtt.h"
#include <structmember.h>

#define HEAD_LONGEST 5 /* of a fixed header, bytes (MQTT 5 section 2.1) */

/* One call of feed: the bytes to look at, and what has come out. */
typedef struct {
    const uint8_t *at, *end;
    const uint8_t *run; /* start of the packets that pass together */
    PyObject *whole;    /* the bytes object that is run..end, or NULL */
    PyObject *items;
} feeding;

static int
keep(scanner *self, const uint8_t *from, Py_ssize_t size)
{
    if (feeding_keep(&self->buffer, &self->room, self->size, from, size) < 0)
        return -1;
    self->size += size;
    return 0;
}

static void
forget(scanner *self)
{
    PyMem_Free(self->buffer);
    self->buffer = NULL;
    self->size = self->room = self->need = 0;
}

/* Put what stands before end and has not been put yet into the items. */
static int
flush(feeding *f, const uint8_t *end)
{
    const uint8_t *run = f->run;
    f->run = end;
    return feeding_put_run(f->items, f->whole, run, end);
}

/* Put a packet into the items, or leave it to the run. */
static int
put(scanner *self, feeding *f, const uint8_t *start, const uint8_t *end, int type)
{
    self->counts[type]++;
    if (self->watched >> type & 1) {
        self->plain = 0;
        if (flush(f, start) < 0)
            return -1;
        f->run = end;
        return feeding_put_watched(f->items, self->offset, start, end);
    }
    if (!self->split)
        return 0;
    f->run = start;
    return flush(f, end);
}

/* Keep the fault of a reading; -1, as for an exception, which tells itself by PyErr_Occurred. */
static int
fail(reading *r)
{
    scanner *self = r->self;
    if (r->code) {
        long long place = self->offset + (r->place - r->start);
        PyObject *fault = Py_BuildValue("iLil", r->code, place, r->type, r->number);
        if (fault)
            Py_SETREF(self->fault, fault);
        self->plain = 0;
    }
    return -1;
}

/* Read a fixed header as far as it is there; sets need once the length is known (MQTT 5 section 2.1). */
static int
read_head(scanner *self, reading *r)
{
    Py_ssize_t length = 0, size = r->end - r->start, i = 1;
    r->type = r->start[0] >> 4;
    r->flags = r->start[0] & 15;
    if (!mqtt_first(r))
        return fail(r);
    for (; i < size && i < HEAD_LONGEST; i++) {
        length |= (Py_ssize_t)(r->start[i] & 0x7F) << 7 * (i - 1);
        if (r->start[i] < 0x80)
            break;
    }
    if (i == size && i < HEAD_LONGEST)
        return 0;
    if (i == HEAD_LONGEST) {
        mqtt_bad(r, LENGTH_TOO_LONG, r->start + 1, 0);
        return fail(r);
    }
    if (r->start[i] == 0 && i > 1 && self->version == V5) {
        mqtt_bad(r, NOT_MINIMAL, r->start + 1, 0);
        return fail(r);
    }
    if (i + 1 + length > self->max_packet) {
        mqtt_bad(r, PACKET_TOO_BIG, r->start, (long)self->max_packet);
        return fail(r);
    }
    self->head = i + 1;
    self->need = i + 1 + length;
    return 0;
}

/* Check the packet whose fixed header has been read, all of which is at start. */
static int
read_packet(scanner *self, feeding *f, const uint8_t *start)
{
    reading r = {.self = self, .start = start, .at = start + self->head, .end = start + self->need,
                 .type = start[0] >> 4, .flags = start[0] & 15};
    if (!mqtt_packet(&r))
        return fail(&r);
    if (put(self, f, start, r.end, r.type) < 0)
        return -1;
    self->offset += self->need;
    self->need = 0;
    return 0;
}

/* Complete the packet in the buffer with no more bytes than are its own. */
static int
go_on(scanner *self, feeding *f)
{
    while (self->need == 0 && f->at < f->end) {
        if (keep(self, f->at++, 1) < 0)
            return -1;
        reading r = {.self = self, .start = self->buffer, .end = self->buffer + self->size};
        if (read_head(self, &r) < 0)
            return -1;
    }
    f->run = f->at;
    if (self->need == 0)
        return 0;
    Py_ssize_t take = self->need - self->size;
    if (take > f->end - f->at)
        take = f->end - f->at;
    if (keep(self, f->at, take) < 0)
        return -1;
    f->at += take;
    if (self->size == self->need) {
        uint8_t *packet = self->buffer;
        feeding own = {.run = packet, .items = f->items};
        Py_ssize_t size = self->size;
        if (read_packet(self, &own, packet) < 0 || flush(&own, own.run == packet ? packet + size : own.run) < 0)
            return -1;
        forget(self);
    }
    f->run = f->at;
    return 0;
}

static int
take_all(scanner *self, feeding *f)
{
    if (self->size && (go_on(self, f) < 0 || self->size))
        return PyErr_Occurred() || self->fault != Py_None ? -1 : 0;
    while (f->at < f->end) {
        reading r = {.self = self, .start = f->at, .end = f->end};
        if (read_head(self, &r) < 0)
            return -1;
        if (self->need == 0 || self->need > f->end - f->at)
            break;
        Py_ssize_t size = self->need;
        if (read_packet(self, f, f->at) < 0)
            return -1;
        f->at += size;
    }
    const uint8_t *open = f->at;
    if (!self->split && flush(f, open) < 0)
        return -1;
    return open < f->end ? keep(self, open, f->end - open) : 0;
}

static PyObject *
scanner_feed(scanner *self, PyObject *data)
{
    if (!PyBytes_CheckExact(data))
        return PyErr_Format(PyExc_TypeError, "expected bytes, not %.100s", Py_TYPE(data)->tp_name);
    const uint8_t *at = (const uint8_t *)PyBytes_AS_STRING(data);
    feeding f = {at, at + PyBytes_GET_SIZE(data), at, data, PyList_New(0)};
    if (f.items == NULL || self->fault != Py_None)
        return f.items;
    self->plain = 1;
    if (take_all(self, &f) < 0) {
        /* A fault: what is in order before it still passes, where it is not in the items yet. */
        int failed = PyErr_Occurred() != NULL;
        if (!failed && self->size == 0 && !self->split)
            failed = flush(&f, f.at) < 0;
        if (failed) {
            Py_DECREF(f.items);
            return NULL;
        }
        forget(self);
    }
    return f.items;
}

static PyObject *
scanner_refill(scanner *self, PyObject *count)
{
    long more = PyLong_AsLong(count);
    if (more == -1 && PyErr_Occurred())
        return NULL;
    self->quota = more < self->receive_max - self->quota ? self->quota + more : self->receive_max;
    Py_RETURN_NONE;
}

static PyObject *
scanner_take_counts(scanner *self, PyObject *nothing)
{
    (void)nothing;
    PyObject *counts = PyTuple_New(TYPES);
    for (int type = 0; counts && type < TYPES; type++) {
        PyObject *count = PyLong_FromLongLong(self->counts[type]);
        if (count == NULL)
            Py_CLEAR(counts);
        else
            PyTuple_SET_ITEM(counts, type, count);
    }
    if (counts)
        memset(self->counts, 0, sizeof self->counts);
    return counts;
}

static int
scanner_init(scanner *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"client", "split", "watched", "max_packet", "max_topic", "max_properties",
                            "max_filters", NULL};
    int client, split;
    unsigned watched;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$ppInnnn:MqttScanner", names, &client, &split, &watched,
                                     &self->max_packet, &self->max_topic, &self->max_properties,
                                     &self->max_filters))
        return -1;
    if (self->max_packet < 1 || self->max_topic < 1 || self->max_properties < 1 || self->max_filters < 1) {
        PyErr_SetString(PyExc_ValueError, "limits are 1 at least");
        return -1;
    }
    self->client = (uint8_t)client;
    self->split = (uint8_t)split;
    self->watched = watched;
    return 0;
}

static PyObject *
scanner_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    (void)args, (void)kwargs;
    scanner *self = (scanner *)type->tp_alloc(type, 0);
    if (self) {
        self->fault = Py_NewRef(Py_None);
        self->receive_max = NO_QUOTA;
        self->plain = 1;
    }
    return (PyObject *)self;
}

static void
scanner_dealloc(scanner *self)
{
    PyTypeObject *type = Py_TYPE(self);
    forget(self);
    PyMem_Free(self->aliases);
    Py_CLEAR(self->fault);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
scanner_connect(scanner *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"version", "auth", "connected", "max_packet", "max_alias", "receive_max", NULL};
    int version, auth, connected, max_alias;
    long receive_max;
    Py_ssize_t max_packet;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$ippnil:connect", names, &version, &auth, &connected,
                                     &max_packet, &max_alias, &receive_max))
        return NULL;
    if (version < V31 || version > V5 || max_alias < 0 || max_alias > ALIAS_MAX || receive_max < NO_QUOTA) {
        PyErr_SetString(PyExc_ValueError, "no such version, or a limit that is none");
        return NULL;
    }
    long used = self->receive_max == NO_QUOTA ? 0 : self->receive_max - self->quota;
    self->version = (uint8_t)version;
    self->auth = (char)auth;
    self->connected = (uint8_t)connected;
    if (max_packet < self->max_packet)
        self->max_packet = max_packet;
    self->max_alias = max_alias;
    self->receive_max = receive_max;
    self->quota = receive_max > used ? receive_max - used : 0;
    Py_RETURN_NONE;
}

static PyMemberDef scanner_members[] = {
    {"fault", T_OBJECT, offsetof(scanner, fault), READONLY, NULL},
    {"version", T_UBYTE, offsetof(scanner, version), READONLY, NULL},
    {"plain", T_BOOL, offsetof(scanner, plain), READONLY, NULL},
    {"offset", T_LONGLONG, offsetof(scanner, offset), READONLY, NULL},
    {"pending", T_PYSSIZET, offsetof(scanner, size), READONLY, NULL},
    {"released", T_PYSSIZET, offsetof(scanner, released), 0, NULL},
    {0, 0, 0, 0, NULL},
};

static PyMethodDef scanner_methods[] = {
    {"feed", (PyCFunction)scanner_feed, METH_O, NULL},
    {"connect", (PyCFunction)(void (*)(void))scanner_connect, METH_VARARGS | METH_KEYWORDS, NULL},
    {"refill", (PyCFunction)scanner_refill, METH_O, NULL},
    {"take_counts", (PyCFunction)scanner_take_counts, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot scanner_slots[] = {
    {Py_tp_doc, "See kaazing.wire.mqtt.Scanner."},
    {Py_tp_new, scanner_new},
    {Py_tp_init, scanner_init},
    {Py_tp_dealloc, scanner_dealloc},
    {Py_tp_methods, scanner_methods},
    {Py_tp_members, scanner_members},
    {0, NULL},
};

static PyType_Spec scanner_spec = {
    .name = "kaazing._speedups.MqttScanner",
    .basicsize = sizeof(scanner),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = scanner_slots,
};

int
mqtt_add(PyObject *module)
{
    return add_type(module, &scanner_spec);
}
