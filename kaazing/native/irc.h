/* What the parts of IrcScanner share. */
#ifndef KAAZING_IRC_H
#define KAAZING_IRC_H

#include "feeding.h"

/* The numbers of kaazing.wire.irc_faults.Code. */
enum {
    LINE_TOO_LONG = 1,
    TAGS_TOO_LONG,
    NUL_IN_LINE,
    STRAY_CR,
    BAD_TAG,
    NO_PREFIX,
    NO_COMMAND,
    BAD_COMMAND,
    NUMERIC_OF_CLIENT,
    TOO_MANY_PARAMETERS,
};

#define COMMAND_MAX 15  /* bytes of a command that is counted by name */
#define COMMANDS_MAX 96 /* commands that are counted by name */
#define LENGTH_MAX ((Py_ssize_t)1 << 30)

/* A command that has been seen. */
typedef struct {
    uint8_t name[COMMAND_MAX + 1]; /* upper case, NUL behind */
    uint8_t watched;
    long long count;
} irc_command;

typedef struct {
    PyObject_HEAD
    uint8_t client, split, bare, text, others;
    int known, room;       /* commands seen, and places for them */
    int last;              /* the one seen last */
    irc_command *commands;
    PyObject *watched;     /* frozenset of bytes */
    PyObject *fault;       /* None or a tuple */
    long long offset;      /* in the stream, of the open line */
    long long unnamed;     /* lines whose command is not in commands */
    Py_ssize_t max_line, max_tags, max_parameters;
    uint8_t *buffer;       /* the open line */
    Py_ssize_t size, space;
} irc_scanner;

/* One line without its end: which rule it breaks, 0 for none, and where; else where its command is. */
typedef struct {
    const uint8_t *at;
    Py_ssize_t size;
    Py_ssize_t place;      /* of the fault, or of the command */
    Py_ssize_t command;    /* size of the command */
} irc_line;

int irc_too_long(const irc_scanner *self, const uint8_t *at, Py_ssize_t size);
int irc_check(const irc_scanner *self, irc_line *line);

/* Count a line's command; returns whether the line is to be looked at, -1 with an exception set. */
int irc_note(irc_scanner *self, const uint8_t *command, Py_ssize_t size, int by);

/* Look anew for what is watched; -1 with an exception set. */
int irc_rewatch(irc_scanner *self);
PyObject *irc_counts(irc_scanner *self);

#endif
