/* AmqpScanner's rules for arguments, properties and field tables (AMQP 0-9-1 section 4.2.5).
 * Twin: kaazing/wire/pure_amqp_fields.py, which has the same rules in the same order. */
#include "amqp.h"

#define FIELD_UNKNOWN (-1)
#define FIELD_LONG (-2)  /* four bytes of length, then as many */
#define FIELD_TABLE (-3)
#define FIELD_ARRAY (-4)

enum { PLAIN = 0, TABLE, ARRAY }; /* kinds of values */

#define PROPERTIES "zzFoozzzzqzzzz" /* of class basic, from the highest flag down */
#define RESERVED_FLAGS 3            /* bit 1 has no property, bit 0 more flags, which basic has not */

static int
fail(reading *r, int code, Py_ssize_t place)
{
    r->code = code;
    r->place = place;
    return -1;
}

static inline int
skip(reading *r, Py_ssize_t size)
{
    if (r->end - r->place < size)
        return fail(r, CUT_SHORT, r->place);
    r->place += size;
    return 0;
}

static inline int
short_string(reading *r)
{
    Py_ssize_t place = r->place;
    if (place == r->end || r->end - place - 1 < r->at[place])
        return fail(r, CUT_SHORT, place);
    size_t size = r->at[place];
    const uint8_t *text = r->at + place + 1;
    r->place += 1 + (Py_ssize_t)size;
    if (r->client && (memchr(text, 0, size) || !utf8_valid(text, size)))
        return fail(r, BAD_STRING, place);
    return 0;
}

/* The four bytes of a length that has to end before `end`; where it ends, or -1. */
static Py_ssize_t
long_end(reading *r, Py_ssize_t end)
{
    Py_ssize_t place = r->place;
    if (end - place < 4 || (size_t)(end - place - 4) < number32(r->at + place))
        return fail(r, CUT_SHORT, place);
    r->place += 4;
    return r->place + (Py_ssize_t)number32(r->at + place);
}

static int
field_size(uint8_t type)
{
    switch (type) {
    case 'V':
        return 0;
    case 't':
    case 'b':
    case 'B':
        return 1;
    case 's':
    case 'u':
    case 'U':
        return 2;
    case 'I':
    case 'i':
    case 'f':
        return 4;
    case 'D':
        return 5;
    case 'l':
    case 'L':
    case 'd':
    case 'T':
        return 8;
    case 'S':
    case 'x':
        return FIELD_LONG;
    case 'F':
        return FIELD_TABLE;
    case 'A':
        return FIELD_ARRAY;
    }
    return FIELD_UNKNOWN;
}

/* One value with its type, up to `end`; of a table or an array, its length only. Returns its kind. */
static int
value(reading *r, Py_ssize_t end, Py_ssize_t *inner)
{
    Py_ssize_t place = r->place;
    if (++r->entries > r->max_entries)
        return fail(r, TOO_MANY, place);
    if (place == end)
        return fail(r, CUT_SHORT, place);
    int size = field_size(r->at[r->place++]);
    if (size == FIELD_UNKNOWN)
        return fail(r, BAD_FIELD, place);
    if (size >= 0) {
        if (end - r->place < size)
            return fail(r, CUT_SHORT, place);
        r->place += size;
        return PLAIN;
    }
    *inner = long_end(r, end);
    if (*inner < 0)
        return -1;
    if (size == FIELD_LONG) {
        r->place = *inner;
        return PLAIN;
    }
    return size == FIELD_TABLE ? TABLE : ARRAY;
}

static int
table(reading *r)
{
    Py_ssize_t ends[DEPTH_MAX];
    uint8_t named[DEPTH_MAX];
    int depth = 0;
    Py_ssize_t whole = r->end;
    ends[0] = long_end(r, whole);
    if (ends[0] < 0)
        return -1;
    named[0] = 1;
    while (depth >= 0) {
        Py_ssize_t inner = 0, place = r->place;
        if (place == ends[depth]) {
            depth--;
            continue;
        }
        r->end = ends[depth];
        if (named[depth] && short_string(r) < 0)
            return -1;
        place = r->place;
        int kind = value(r, ends[depth], &inner);
        if (kind < 0)
            return -1;
        if (kind == PLAIN)
            continue;
        if (++depth == r->max_depth)
            return fail(r, TOO_DEEP, place);
        ends[depth] = inner;
        named[depth] = kind == TABLE;
    }
    r->end = whole;
    return 0;
}

static inline int
argument(reading *r, uint8_t type)
{
    Py_ssize_t end;
    switch (type) {
    case 'o':
        return skip(r, 1);
    case 's':
        return skip(r, 2);
    case 'l':
        return skip(r, 4);
    case 'q':
        return skip(r, 8);
    case 'z':
        return short_string(r);
    case 'S':
        end = long_end(r, r->end);
        r->place = end < 0 ? r->place : end;
        return end < 0 ? -1 : 0;
    case 'F':
        return table(r);
    default: /* a digit: so many bits in one octet */
        if (skip(r, 1) < 0)
            return -1;
        return r->at[r->place - 1] >> (type - '0') ? fail(r, BAD_BITS, r->place - 1) : 0;
    }
}

int
amqp_arguments(reading *r, const uint8_t *signature)
{
    for (; *signature; signature++)
        if (argument(r, *signature) < 0)
            return -1;
    return r->place < r->end ? fail(r, LEFT_OVER, r->place) : 0;
}

int
amqp_properties(reading *r)
{
    Py_ssize_t place = r->place;
    if (skip(r, 2) < 0)
        return -1;
    unsigned flags = number16(r->at + place);
    if (flags & RESERVED_FLAGS)
        return fail(r, HEADER_FLAGS, place);
    for (const char *type = PROPERTIES; *type; type++, flags <<= 1)
        if (flags & 0x8000 && argument(r, (uint8_t)*type) < 0)
            return -1;
    return r->place < r->end ? fail(r, LEFT_OVER, r->place) : 0;
}
