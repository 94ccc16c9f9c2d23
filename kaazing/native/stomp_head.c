/* StompScanner's rules for heads: commands, header lines, escapes and content-length.
 * Twin: kaazing/wire/pure_stomp.py, which has the same rules in the same order. */
#include "stomp.h"
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define EXCERPT 40 /* bytes of a faulty line that go into the fault */

#define CLIENT 1
#define SERVER 0
#define BODY 1
#define WATCHED 1

#define TO HAS_DESTINATION
#define TO_ID (HAS_DESTINATION | HAS_ID)
#define FROM (HAS_DESTINATION | HAS_MESSAGE_ID)
#define FROM_SUBSCRIPTION (FROM | HAS_SUBSCRIPTION)
#define ID_SUBSCRIPTION (HAS_MESSAGE_ID | HAS_SUBSCRIPTION)
#define IN HAS_TRANSACTION
#define RECEIVED HAS_RECEIPT_ID

const command_kind stomp_commands[COMMANDS] = {
    [CONNECT] = {"CONNECT", 7, {0, 0, 0}, CLIENT, 0, WATCHED},
    [STOMP] = {"STOMP", 5, {0, 0, 0}, CLIENT, 0, WATCHED},
    [SEND] = {"SEND", 4, {TO, TO, TO}, CLIENT, BODY, 0},
    [SUBSCRIBE] = {"SUBSCRIBE", 9, {TO, TO_ID, TO_ID}, CLIENT, 0, WATCHED},
    [UNSUBSCRIBE] = {"UNSUBSCRIBE", 11, {0, HAS_ID, HAS_ID}, CLIENT, 0, WATCHED},
    [ACK] = {"ACK", 3, {HAS_MESSAGE_ID, ID_SUBSCRIPTION, HAS_ID}, CLIENT, 0, 0},
    [NACK] = {"NACK", 4, {0, ID_SUBSCRIPTION, HAS_ID}, CLIENT, 0, 0},
    [BEGIN] = {"BEGIN", 5, {IN, IN, IN}, CLIENT, 0, WATCHED},
    [COMMIT] = {"COMMIT", 6, {IN, IN, IN}, CLIENT, 0, WATCHED},
    [ABORT] = {"ABORT", 5, {IN, IN, IN}, CLIENT, 0, WATCHED},
    [DISCONNECT] = {"DISCONNECT", 10, {0, 0, 0}, CLIENT, 0, 0},
    [CONNECTED] = {"CONNECTED", 9, {0, 0, 0}, SERVER, 0, WATCHED},
    [MESSAGE] = {"MESSAGE", 7, {FROM, FROM_SUBSCRIPTION, FROM_SUBSCRIPTION}, SERVER, BODY, 0},
    [RECEIPT] = {"RECEIPT", 7, {RECEIVED, RECEIVED, RECEIVED}, SERVER, 0, 0},
    [ERROR] = {"ERROR", 5, {0, 0, 0}, SERVER, BODY, 0},
};

int
stomp_fail(scanner *self, feeding *f, int code, Py_ssize_t place, const void *detail, Py_ssize_t size,
           Py_ssize_t head)
{
    PyObject *fault = Py_BuildValue("iLy#y#", code, self->offset + place, (const char *)detail, size,
                                    (const char *)f->at + f->start, head - f->start);
    if (fault == NULL)
        return FAILED;
    Py_SETREF(self->fault, fault);
    return STOP;
}

int
stomp_fail_line(scanner *self, feeding *f, int code, Py_ssize_t place)
{
    return stomp_fail(self, f, code, place, "", 0, self->line);
}

int
stomp_fail_limit(scanner *self, feeding *f, int code, Py_ssize_t place, Py_ssize_t limit, Py_ssize_t head)
{
    char digits[24];
    int size = PyOS_snprintf(digits, sizeof digits, "%zd", limit);
    return stomp_fail(self, f, code, place, digits, size, head);
}

/* Look for the line feed in [from, to); note the first colon, and whether there is anything odd: NUL,
 * CR, backslash or a byte above 127. Returns the line feed's place, or to. */
static Py_ssize_t
scan_line(scanner *self, const uint8_t *at, Py_ssize_t from, Py_ssize_t to)
{
    Py_ssize_t i = from;
#if defined(__SSE2__)
    const __m128i feed = _mm_set1_epi8('\n'), colon = _mm_set1_epi8(':'), cr = _mm_set1_epi8('\r'),
                  slash = _mm_set1_epi8('\\'), nul = _mm_setzero_si128();
    for (; i + 16 <= to; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(at + i));
        unsigned ends = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, feed));
        unsigned colons = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, colon));
        __m128i odds = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, cr), _mm_cmpeq_epi8(v, slash)),
                                    _mm_or_si128(_mm_cmpeq_epi8(v, nul), v));
        unsigned odd = (unsigned)_mm_movemask_epi8(odds);
        unsigned before = ends ? (ends & (0u - ends)) - 1 : 0xFFFF;
        self->odd |= (odd & before) != 0;
        if (self->colon < 0 && (colons & before))
            self->colon = i + __builtin_ctz(colons);
        if (ends)
            return i + __builtin_ctz(ends);
    }
#endif
    for (; i < to; i++) {
        uint8_t c = at[i];
        if (c == '\n')
            return i;
        if (c == ':' && self->colon < 0)
            self->colon = i;
        self->odd |= c == 0 || c == '\r' || c == '\\' || c >= 0x80;
    }
    return to;
}

static int
command_of(const uint8_t *name, Py_ssize_t size)
{
    for (int i = 1; i < COMMANDS; i++)
        if (stomp_commands[i].size == size && memcmp(stomp_commands[i].name, name, (size_t)size) == 0)
            return i;
    return NONE;
}

/* The most frequent two first. */
static inline int
command_at(const uint8_t *name, Py_ssize_t size, int client)
{
    if (client && size == 4 && memcmp(name, "SEND", 4) == 0)
        return SEND;
    if (!client && size == 7 && memcmp(name, "MESSAGE", 7) == 0)
        return MESSAGE;
    return command_of(name, size);
}

static int
command_line(scanner *self, feeding *f, Py_ssize_t end)
{
    const uint8_t *name = f->at + self->line;
    Py_ssize_t size = end - self->line;
    int command = command_at(name, size, self->client), code = 0;
    int once = command == CONNECT || command == STOMP || command == CONNECTED;
    if (command == NONE)
        return stomp_fail(self, f, UNKNOWN_COMMAND, self->line, name, smaller(size, EXCERPT), self->line);
    if (stomp_commands[command].client != self->client)
        code = WRONG_SIDE;
    else if (self->version == OPENING)
        code = once || command == ERROR ? 0 : NOT_FIRST;
    else if (once)
        code = TWICE;
    else if (command == NACK && self->version == V10)
        code = NOT_IN_VERSION;
    if (code)
        return stomp_fail(self, f, code, self->line, name, size, self->line);
    self->command = (uint8_t)command;
    return ON;
}

/* The first undefined escape in [from, end), or end. */
static Py_ssize_t
bad_escape(scanner *self, const uint8_t *at, Py_ssize_t from, Py_ssize_t end)
{
    for (Py_ssize_t i = from; i < end; i++) {
        if (at[i] != '\\')
            continue;
        if (i + 1 == end)
            return i;
        uint8_t c = at[i + 1];
        if (c != 'n' && c != 'c' && c != '\\' && (c != 'r' || self->version != V12))
            return i;
        i++;
    }
    return end;
}

static int
odd_header(scanner *self, feeding *f, Py_ssize_t end)
{
    if (self->version != V11 && self->version != V12)
        return ON;
    Py_ssize_t escape = bad_escape(self, f->at, self->line, end);
    if (escape < end)
        return stomp_fail(self, f, BAD_ESCAPE, escape, f->at + escape, smaller(2, end - escape), self->line);
    if (self->client) {
        uint8_t state = UTF8_WHOLE;
        size_t size = (size_t)(end - self->line);
        if (utf8_check(&state, f->at + self->line, size) < size || state != UTF8_WHOLE)
            return stomp_fail_line(self, f, BAD_UTF8, self->line);
    }
    return ON;
}

static int
content_length(scanner *self, feeding *f, Py_ssize_t end)
{
    Py_ssize_t from = self->colon + 1, number = 0;
    if (self->version == V10 || self->version == OPENING) { /* STOMP 1.0 pads values */
        while (from < end && f->at[from] == ' ')
            from++;
        while (from < end && f->at[end - 1] == ' ')
            end--;
    }
    if (from == end)
        return stomp_fail_line(self, f, LENGTH_SYNTAX, self->line);
    for (Py_ssize_t i = from; i < end; i++) {
        unsigned digit = (unsigned)f->at[i] - '0';
        if (digit > 9)
            return stomp_fail_line(self, f, LENGTH_SYNTAX, self->line);
        number = smaller(number * 10 + digit, LENGTH_MAX);
    }
    if (self->length >= 0 && self->length != number)
        return stomp_fail_line(self, f, LENGTH_DIFFERS, self->line);
    self->length = number;
    return ON;
}

#define NAMED(literal) (memcmp(name, literal, sizeof literal - 1) == 0)

static int
header_line(scanner *self, feeding *f, Py_ssize_t end)
{
    const uint8_t *name = f->at + self->line;
    if (++self->headers > self->max_headers)
        return stomp_fail_limit(self, f, TOO_MANY_HEADERS, self->line, self->max_headers, self->line);
    if (self->colon < 0)
        return stomp_fail_line(self, f, NO_COLON, self->line);
    if (self->colon == self->line)
        return stomp_fail_line(self, f, EMPTY_NAME, self->line);
    if (self->odd) {
        int step = odd_header(self, f, end);
        if (step != ON)
            return step;
    }
    switch (self->colon - self->line) {
    case 2:
        self->seen |= NAMED("id") ? HAS_ID : 0;
        break;
    case 10:
        self->seen |= NAMED("message-id") ? HAS_MESSAGE_ID : NAMED("receipt-id") ? HAS_RECEIPT_ID : 0;
        break;
    case 11:
        self->seen |= NAMED("destination") ? HAS_DESTINATION : NAMED("transaction") ? HAS_TRANSACTION : 0;
        break;
    case 12:
        self->seen |= NAMED("subscription") ? HAS_SUBSCRIPTION : 0;
        break;
    case 14:
        if (NAMED("content-length"))
            return content_length(self, f, end);
    }
    return ON;
}

/* A line without its line feed stands in [self->line, feed). */
static int
whole_line(scanner *self, feeding *f, Py_ssize_t feed)
{
    Py_ssize_t end = feed;
    int step;
    if (self->odd && (self->version == V12 || self->version == OPENING)) {
        end -= f->at[end - 1] == '\r';
        const uint8_t *stray = memchr(f->at + self->line, '\r', (size_t)(end - self->line));
        if (stray)
            return stomp_fail_line(self, f, STRAY_CR, stray - f->at);
    }
    if (self->command == NONE)
        step = command_line(self, f, end);
    else if (end == self->line) {
        self->state = HEADED;
        self->body = feed + 1;
        step = ON;
    }
    else
        step = header_line(self, f, end);
    self->place = self->line = feed + 1;
    self->colon = -1;
    self->odd = 0;
    return step;
}

static int
step_line(scanner *self, feeding *f)
{
    Py_ssize_t whole = smaller(self->line + self->max_line + 1, f->start + self->max_frame);
    Py_ssize_t to = smaller(f->size, whole);
    Py_ssize_t feed = scan_line(self, f->at, self->place, to);
    if (self->odd) {
        const uint8_t *nul = memchr(f->at + self->place, 0, (size_t)(feed - self->place));
        if (nul)
            return stomp_fail_line(self, f, NUL_IN_HEAD, nul - f->at);
    }
    if (feed < to)
        return whole_line(self, f, feed);
    self->place = to;
    if (to < whole)
        return WAIT;
    if (whole == f->start + self->max_frame)
        return stomp_fail_limit(self, f, FRAME_TOO_BIG, f->start, self->max_frame, self->line);
    return stomp_fail_limit(self, f, LINE_TOO_LONG, self->line + self->max_line, self->max_line, self->line);
}

int
stomp_head(scanner *self, feeding *f)
{
    int step;
    do
        step = step_line(self, f);
    while (step == ON && self->state == HEAD);
    return step;
}
