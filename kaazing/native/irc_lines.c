/* The rules of an IRC line, in the order of kaazing/wire/pure_irc.py.
 * RFC 2812 section 2.3.1; IRCv3, Message Tags. */
#include "irc.h"

static inline const uint8_t *
find(const uint8_t *at, int byte, Py_ssize_t size)
{
    return size > 0 ? memchr(at, byte, (size_t)size) : NULL;
}

/* How much of it are tags, the blank behind them counted. */
static inline Py_ssize_t
tags_size(const uint8_t *at, Py_ssize_t size)
{
    if (size == 0 || *at != '@')
        return 0;
    const uint8_t *blank = find(at, ' ', size);
    return blank ? blank - at + 1 : size + 1;
}

/* LINE_TOO_LONG or TAGS_TOO_LONG for a line, or as much of one as there is; its end not counted. */
int
irc_too_long(const irc_scanner *self, const uint8_t *at, Py_ssize_t size)
{
    Py_ssize_t tags = tags_size(at, size);
    if (tags > self->max_tags)
        return TAGS_TOO_LONG;
    return size - tags + 2 > self->max_line ? LINE_TOO_LONG : 0;
}

static inline int
is_letter(uint8_t byte)
{
    return (uint8_t)((byte | 32) - 'a') < 26;
}

static inline int
is_digit(uint8_t byte)
{
    return (uint8_t)(byte - '0') < 10;
}

/* Whether it is [+][vendor/]name. */
static int
is_key(const uint8_t *at, Py_ssize_t size)
{
    const uint8_t *slash = find(at, '/', size);
    Py_ssize_t i = size > 0 && *at == '+', vendor = slash ? slash - at : -1;
    if (vendor == i || (slash ? vendor + 1 : i) == size)
        return 0;
    for (; i < size; i++)
        if (!is_letter(at[i]) && !is_digit(at[i]) && at[i] != '-' &&
            !(i == vendor || (i < vendor && (at[i] == '.' || at[i] == ':'))))
            return 0;
    return 1;
}

/* Where among the tags, which end with a blank, a key is none; -1 for nowhere. */
static Py_ssize_t
bad_tag(const uint8_t *at, Py_ssize_t size)
{
    for (Py_ssize_t start = 1; start < size;) {
        const uint8_t *semicolon = find(at + start, ';', size - 1 - start);
        Py_ssize_t end = semicolon ? semicolon - at : size - 1;
        const uint8_t *equals = find(at + start, '=', end - start);
        if (!is_key(at + start, (equals ? equals - at : end) - start))
            return start;
        start = end + 1;
    }
    return -1;
}

static inline Py_ssize_t
skip_blanks(const irc_line *line, Py_ssize_t at)
{
    while (at < line->size && line->at[at] == ' ')
        at++;
    return at;
}

static inline Py_ssize_t
skip_word(const irc_line *line, Py_ssize_t at)
{
    const uint8_t *blank = find(line->at + at, ' ', line->size - at);
    return blank ? blank - line->at : line->size;
}

static int
fault(irc_line *line, int code, Py_ssize_t place)
{
    line->place = place;
    return code;
}

static int
check_command(const irc_scanner *self, irc_line *line, Py_ssize_t start)
{
    const uint8_t *at = line->at;
    Py_ssize_t end = start;
    while (end < line->size && is_letter(at[end]))
        end++;
    if (end == start) {
        while (end < line->size && is_digit(at[end]))
            end++;
        if (end == line->size || at[end] == ' ') {
            if (end == start)
                return fault(line, NO_COMMAND, start);
            if (end != start + 3)
                return fault(line, BAD_COMMAND, start);
            if (self->client)
                return fault(line, NUMERIC_OF_CLIENT, start);
        }
    }
    if (end < line->size && at[end] != ' ')
        return fault(line, BAD_COMMAND, start);
    line->place = start;
    line->command = end - start;
    return 0;
}

static int
check_parameters(const irc_scanner *self, irc_line *line)
{
    Py_ssize_t at = line->place + line->command;
    for (Py_ssize_t count = 0;; count++) {
        at = skip_blanks(line, at);
        if (at == line->size)
            return 0;
        if (count == self->max_parameters)
            return fault(line, TOO_MANY_PARAMETERS, 0);
        if (line->at[at] == ':')
            return 0;
        at = skip_word(line, at);
    }
}

/* The first rule that the line breaks, 0 for none. */
int
irc_check(const irc_scanner *self, irc_line *line)
{
    const uint8_t *byte;
    Py_ssize_t at = 0, place;
    int code = irc_too_long(self, line->at, line->size);
    if (code)
        return fault(line, code, 0);
    if ((byte = find(line->at, 0, line->size)))
        return fault(line, NUL_IN_LINE, byte - line->at);
    if ((byte = find(line->at, '\r', line->size)))
        return fault(line, STRAY_CR, byte - line->at);
    if (line->at[0] == '@') {
        at = skip_word(line, 0);
        if (at < line->size) {
            if ((place = bad_tag(line->at, at + 1)) >= 0)
                return fault(line, BAD_TAG, place);
            at = skip_blanks(line, at);
        }
    }
    if (at < line->size && line->at[at] == ':') {
        place = at;
        at = skip_word(line, at);
        if (at == place + 1)
            return fault(line, NO_PREFIX, place);
        at = skip_blanks(line, at);
    }
    if ((code = check_command(self, line, at)))
        return code;
    return self->max_parameters ? check_parameters(self, line) : 0;
}
