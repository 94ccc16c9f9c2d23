/* UTF-8, checked in pieces.  RFC 3629 section 4.
 *
 * A state machine whose row for a byte is one word: the next state stands in it at the place that the
 * present state, a multiple of six, gives as a shift. A forbidden byte leads to BROKEN and stays there.
 */
#include "speedups.h"

enum {
    WHOLE = UTF8_WHOLE,
    BROKEN = 6,
    ONE_LEFT = 12,  /* 80..BF closes the character */
    TWO_LEFT = 18,  /* 80..BF, then ONE_LEFT */
    AFTER_E0 = 24,  /* A0..BF: shorter forms are forbidden */
    AFTER_ED = 30,  /* 80..9F: surrogates are forbidden */
    AFTER_F0 = 36,  /* 90..BF: shorter forms are forbidden */
    THREE_LEFT = 42,
    AFTER_F4 = 48,  /* 80..8F: nothing above U+10FFFF */
};

#define GO(state, next) ((uint64_t)(next) << (state))
#define STUCK GO(BROKEN, BROKEN)
#define INSIDE (GO(ONE_LEFT, BROKEN) | GO(TWO_LEFT, BROKEN) | GO(THREE_LEFT, BROKEN) | GO(AFTER_E0, BROKEN) \
    | GO(AFTER_ED, BROKEN) | GO(AFTER_F0, BROKEN) | GO(AFTER_F4, BROKEN) | STUCK)
#define LEAD(next) (GO(WHOLE, next) | INSIDE)
#define TRAIL(e0, ed, f0, f4) (GO(WHOLE, BROKEN) | STUCK | GO(ONE_LEFT, WHOLE) | GO(TWO_LEFT, ONE_LEFT) \
    | GO(THREE_LEFT, TWO_LEFT) | GO(AFTER_E0, e0) | GO(AFTER_ED, ed) | GO(AFTER_F0, f0) | GO(AFTER_F4, f4))

#define X16(row) row, row, row, row, row, row, row, row, row, row, row, row, row, row, row, row
#define X14(row) row, row, row, row, row, row, row, row, row, row, row, row, row, row
#define TRAIL_8 TRAIL(BROKEN, ONE_LEFT, BROKEN, TWO_LEFT)
#define TRAIL_9 TRAIL(BROKEN, ONE_LEFT, TWO_LEFT, BROKEN)
#define TRAIL_AB TRAIL(ONE_LEFT, BROKEN, TWO_LEFT, BROKEN)

static const uint64_t rows[256] = {
    X16(LEAD(WHOLE)), X16(LEAD(WHOLE)), X16(LEAD(WHOLE)), X16(LEAD(WHOLE)),
    X16(LEAD(WHOLE)), X16(LEAD(WHOLE)), X16(LEAD(WHOLE)), X16(LEAD(WHOLE)),
    X16(TRAIL_8), X16(TRAIL_9), X16(TRAIL_AB), X16(TRAIL_AB),
    LEAD(BROKEN), LEAD(BROKEN), X14(LEAD(ONE_LEFT)), X16(LEAD(ONE_LEFT)),
    LEAD(AFTER_E0), /* E1..EC */ LEAD(TWO_LEFT), LEAD(TWO_LEFT), LEAD(TWO_LEFT), LEAD(TWO_LEFT),
    LEAD(TWO_LEFT), LEAD(TWO_LEFT), LEAD(TWO_LEFT), LEAD(TWO_LEFT), LEAD(TWO_LEFT), LEAD(TWO_LEFT),
    LEAD(TWO_LEFT), LEAD(TWO_LEFT), LEAD(AFTER_ED), LEAD(TWO_LEFT), LEAD(TWO_LEFT),
    LEAD(AFTER_F0), LEAD(THREE_LEFT), LEAD(THREE_LEFT), LEAD(THREE_LEFT), LEAD(AFTER_F4),
    LEAD(BROKEN), LEAD(BROKEN), LEAD(BROKEN), LEAD(BROKEN), LEAD(BROKEN), LEAD(BROKEN),
    LEAD(BROKEN), LEAD(BROKEN), LEAD(BROKEN), LEAD(BROKEN), LEAD(BROKEN),
};

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* How many bytes at the start are ASCII, in steps of 8 (at least; the rest is for the rows). */
static inline size_t
ascii_run(const uint8_t *text, size_t size)
{
    uint64_t a, b, c, d;
    size_t i = 0;
    for (; i + 32 <= size; i += 32) {
        memcpy(&a, text + i, 8);
        memcpy(&b, text + i + 8, 8);
        memcpy(&c, text + i + 16, 8);
        memcpy(&d, text + i + 24, 8);
        if ((a | b | c | d) & HIGH_BITS)
            break;
    }
    for (; i + 8 <= size; i += 8) {
        memcpy(&a, text + i, 8);
        if (a & HIGH_BITS)
            break;
    }
    return i;
}

size_t
utf8_check(uint8_t *state, const uint8_t *text, size_t size)
{
    uint64_t now = *state, before;
    size_t i = 0, k;
    for (;;) {
        if (now == WHOLE)
            i += ascii_run(text + i, size - i);
        if (i + 8 > size)
            break;
        before = now;
        for (k = 0; k < 8; k++)
            now = rows[text[i + k]] >> (now & 63);
        now &= 63;
        if (now == BROKEN) {
            now = before;
            break;
        }
        i += 8;
    }
    for (; i < size; i++) { /* the end, or the eight bytes that hold the bad one */
        now = rows[text[i]] >> now & 63;
        if (now == BROKEN)
            break;
    }
    *state = (uint8_t)now;
    return i;
}
