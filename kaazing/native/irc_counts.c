/* The commands that an IrcScanner has seen: which are to be looked at, and how often each came. */
#include "irc.h"

static int
is_watched(const irc_scanner *self, const uint8_t *name, Py_ssize_t size)
{
    PyObject *key = PyBytes_FromStringAndSize((const char *)name, size);
    int found = key ? PySet_Contains(self->watched, key) : -1;
    Py_XDECREF(key);
    return found < 0 ? -1 : found != self->others;
}

/* A place for one more command; -1 when there is none to be had. */
static int
more_room(irc_scanner *self)
{
    int room = self->room ? self->room * 2 : 6;
    irc_command *commands = PyMem_Realloc(self->commands, (size_t)room * sizeof(irc_command));
    if (commands == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    self->commands = commands;
    self->room = room;
    return 0;
}

static int
note_unnamed(irc_scanner *self, const uint8_t *command, Py_ssize_t size, int by)
{
    PyObject *name = PyBytes_FromStringAndSize((const char *)command, size);
    if (name == NULL)
        return -1;
    uint8_t *letters = (uint8_t *)PyBytes_AS_STRING(name);
    for (Py_ssize_t i = 0; i < size; i++)
        letters[i] -= letters[i] >= 'a' ? 32 : 0;
    self->unnamed += by;
    int watched = is_watched(self, letters, size);
    Py_DECREF(name);
    return watched;
}

int
irc_note(irc_scanner *self, const uint8_t *command, Py_ssize_t size, int by)
{
    uint8_t name[COMMAND_MAX + 1] = {0};
    if (size > COMMAND_MAX)
        return note_unnamed(self, command, size, by);
    for (Py_ssize_t i = 0; i < size; i++)
        name[i] = command[i] - (command[i] >= 'a' ? 32 : 0);
    int at = self->last;
    if (at >= self->known || memcmp(self->commands[at].name, name, sizeof name) != 0) {
        for (at = 0; at < self->known; at++)
            if (memcmp(self->commands[at].name, name, sizeof name) == 0)
                break;
    }
    if (at == self->known) {
        if (self->known == COMMANDS_MAX)
            return note_unnamed(self, command, size, by);
        int watched = is_watched(self, name, size);
        if (watched < 0 || (self->known == self->room && more_room(self) < 0))
            return -1;
        irc_command *added = &self->commands[self->known++];
        memcpy(added->name, name, sizeof name);
        added->watched = (uint8_t)watched;
        added->count = 0;
    }
    self->last = at;
    self->commands[at].count += by;
    return self->commands[at].watched;
}

int
irc_rewatch(irc_scanner *self)
{
    for (int at = 0; at < self->known; at++) {
        irc_command *command = &self->commands[at];
        int watched = is_watched(self, command->name, (Py_ssize_t)strlen((const char *)command->name));
        if (watched < 0)
            return -1;
        command->watched = (uint8_t)watched;
    }
    return 0;
}

static int
put(PyObject *counts, const char *name, long long count)
{
    PyObject *number = count ? PyLong_FromLongLong(count) : NULL;
    int done = number ? PyDict_SetItemString(counts, name, number) : 0;
    Py_XDECREF(number);
    return PyErr_Occurred() ? -1 : done;
}

PyObject *
irc_counts(irc_scanner *self)
{
    PyObject *counts = PyDict_New();
    long long numerics = 0;
    int done = counts ? 0 : -1;
    for (int at = 0; at < self->known && done == 0; at++) {
        irc_command *command = &self->commands[at];
        if (command->name[0] < 'A')
            numerics += command->count;
        else
            done = put(counts, (const char *)command->name, command->count);
        command->count = 0;
    }
    if (done == 0 && (put(counts, "numeric", numerics) < 0 || put(counts, "other", self->unnamed) < 0))
        done = -1;
    self->unnamed = 0;
    if (done < 0)
        Py_CLEAR(counts);
    return counts;
}
