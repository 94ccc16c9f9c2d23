/* AmqpScanner's rules for frames: what may come when on a channel (AMQP 0-9-1 sections 2.2.4, 2.3.5, 4.2).
 * Twin: kaazing/wire/pure_amqp.py, which has the same rules in the same order. */
#include "amqp.h"

static int
fail(scanner *self, feeding *f, int code, Py_ssize_t place, long long number)
{
    PyObject *fault = Py_BuildValue("iLLI", code, self->offset + place, number, f->method);
    if (fault == NULL)
        return FAILED;
    Py_SETREF(self->fault, fault);
    return STOP;
}

int
amqp_flush(feeding *f, Py_ssize_t end)
{
    Py_ssize_t from = f->run;
    f->run = end;
    return feeding_put_run(f->items, f->whole, f->at + from, f->at + end);
}

static int
put_watched(scanner *self, feeding *f, Py_ssize_t end)
{
    if (amqp_flush(f, f->start) < 0)
        return -1;
    f->run = end;
    self->looks++;
    return feeding_put_watched(f->items, self->offset + f->start, f->at + f->start, f->at + end);
}

/* The frame that ends here passes, to be looked at or not. */
static int
pass(scanner *self, feeding *f, Py_ssize_t end, int watched)
{
    int put = 0;
    if (watched || self->opening)
        put = put_watched(self, f, end);
    else if (self->split)
        put = amqp_flush(f, end);
    f->start = end;
    return put < 0 ? FAILED : ON;
}

/* The frame that ends here goes nowhere. */
static int
drop(feeding *f, Py_ssize_t end)
{
    int put = amqp_flush(f, f->start);
    f->start = f->run = end;
    return put < 0 ? FAILED : ON;
}

static int
row_of(scanner *self, const uint8_t *key)
{
    const uint8_t *row = (const uint8_t *)PyBytes_AS_STRING(self->methods);
    for (int i = 0; i < self->rows; i++, row += ROW_SIZE)
        if (memcmp(row, key, 4) == 0)
            return i;
    return -1;
}

/* What a method does to its channel; the code of the fault, or 0 where it may come now. */
static int
transition(channel_state *channel, uint32_t method)
{
    switch (method) {
    case CHANNEL_OPEN:
        if (channel->state != FREE)
            return OPEN_ALREADY;
        *channel = (channel_state){0, OPEN, 0};
        return 0;
    case CHANNEL_OPEN_OK:
        if (channel->state != OPENING)
            return UNASKED;
        channel->state = OPEN;
        return 0;
    case CHANNEL_CLOSE_OK:
    case CONNECTION_CLOSE_OK:
        if (!channel->owes)
            return UNASKED;
        int last = channel->state == CLOSING || method == CONNECTION_CLOSE_OK;
        *channel = (channel_state){0, last ? CLOSING : FREE, 0};
        return 0;
    }
    if (channel->state == FREE)
        return NOT_OPEN;
    if (channel->left && channel->state == OPEN)
        return CONTENT_MISSING;
    if (method == CHANNEL_CLOSE || method == CONNECTION_CLOSE)
        channel->state = channel->state == REFUSED ? FREE : CLOSING;
    else if (channel->state == OPENING)
        return BEFORE_OPEN_OK;
    return 0;
}

static inline int
answers_close(uint32_t method)
{
    return method == CHANNEL_CLOSE_OK || method == CONNECTION_CLOSE_OK;
}

/* Whether what comes on a channel is to be ignored, because it was closed already. */
static inline int
ignored(const channel_state *channel, uint32_t method)
{
    if (channel->state == CLOSING)
        return !(answers_close(method) && channel->owes);
    return channel->state == REFUSED && method != CHANNEL_CLOSE && !(answers_close(method) && channel->owes);
}

static int
method_frame(scanner *self, feeding *f, channel_state *channel, int number, Py_ssize_t end)
{
    const uint8_t *payload = f->at + f->start + HEAD_SIZE;
    Py_ssize_t place = f->start + HEAD_SIZE;
    int row = row_of(self, payload);
    if (row < 0)
        return fail(self, f, UNKNOWN_METHOD, place, 0);
    const uint8_t *rule = (const uint8_t *)PyBytes_AS_STRING(self->methods) + row * ROW_SIZE;
    if (!(rule[4] & (self->client ? FROM_CLIENT : FROM_SERVER)))
        return fail(self, f, WRONG_SIDE, place, 0);
    if ((f->method >> 16 == 10) != (number == 0))
        return fail(self, f, WRONG_CHANNEL, f->start + 1, number);
    int code = transition(channel, f->method);
    if (code)
        return fail(self, f, code, place, number);
    reading r = {.at = f->at, .place = place + 4, .end = end - 1, .client = self->client,
                 .max_entries = self->max_entries, .max_depth = self->max_depth};
    if (amqp_arguments(&r, rule + 5) < 0)
        return fail(self, f, r.code, r.place, 0);
    if (rule[4] & HAS_CONTENT)
        channel->left = HEADER_NEXT;
    self->counts[row]++;
    int stop = self->stops[row] || self->opening;
    int step = pass(self, f, end, rule[4] & WATCHED || stop);
    return step == ON && stop ? STOP : step;
}

static int
header_frame(scanner *self, feeding *f, channel_state *channel, Py_ssize_t end)
{
    Py_ssize_t place = f->start + HEAD_SIZE;
    if (channel->left != HEADER_NEXT)
        return fail(self, f, UNEXPECTED_HEADER, f->start, 0);
    if (end - 1 - place < 12)
        return fail(self, f, CUT_SHORT, place, 0);
    if (number32(f->at + place) != KEY(BASIC, 0))
        return fail(self, f, HEADER_CLASS, place, 0);
    uint64_t size = (uint64_t)number32(f->at + place + 4) << 32 | number32(f->at + place + 8);
    if (size >> 63)
        return fail(self, f, BODY_TOO_LONG, place + 4, 0);
    reading r = {.at = f->at, .place = place + 12, .end = end - 1, .client = self->client,
                 .max_entries = self->max_entries, .max_depth = self->max_depth};
    if (amqp_properties(&r) < 0)
        return fail(self, f, r.code, r.place, 0);
    channel->left = (int64_t)size;
    int step = pass(self, f, end, self->stop_headers);
    return step == ON && self->stop_headers ? STOP : step;
}

static int
body_frame(scanner *self, feeding *f, channel_state *channel, Py_ssize_t end)
{
    int64_t size = end - f->start - OVERHEAD;
    if (channel->left <= 0)
        return fail(self, f, UNEXPECTED_BODY, f->start, 0);
    if (size > channel->left)
        return fail(self, f, BODY_TOO_LONG, f->start + HEAD_SIZE + channel->left, 0);
    channel->left -= size;
    return pass(self, f, end, 0);
}

/* The head of a frame, seven bytes; ON where it is as it must be. */
static int
head(scanner *self, feeding *f, const uint8_t *at)
{
    uint32_t size = number32(at + 3);
    int channel = number16(at + 1);
    if (at[0] != METHOD && at[0] != HEADER && at[0] != BODY && at[0] != HEARTBEAT)
        return fail(self, f, BAD_TYPE, f->start, at[0]);
    if ((int64_t)size > (int64_t)self->max_frame - OVERHEAD)
        return fail(self, f, TOO_BIG, f->start + 3, self->max_frame);
    if (at[0] == HEARTBEAT && (channel || size))
        return fail(self, f, BAD_HEARTBEAT, f->start + 1, 0);
    if (self->opening && (channel || at[0] == HEADER || at[0] == BODY))
        return fail(self, f, NOT_YET, f->start, 0);
    if (channel > self->max_channel)
        return fail(self, f, CHANNEL_TOO_HIGH, f->start + 1, self->max_channel);
    if (at[0] == METHOD && size < 4)
        return fail(self, f, NO_METHOD, f->start + 3, 0);
    return ON;
}

static int
step_frame(scanner *self, feeding *f)
{
    const uint8_t *at = f->at + f->start;
    f->method = 0;
    if (f->size - f->start < HEAD_SIZE)
        return WAIT;
    int step = head(self, f, at);
    if (step != ON)
        return step;
    Py_ssize_t end = f->start + OVERHEAD + (Py_ssize_t)number32(at + 3);
    if (end > f->size)
        return WAIT;
    if (at[0] == METHOD)
        f->method = number32(at + HEAD_SIZE);
    if (f->at[end - 1] != END_OCTET)
        return fail(self, f, BAD_END, end - 1, 0);
    if (at[0] == HEARTBEAT) {
        self->counts[self->rows]++;
        return pass(self, f, end, 0) == FAILED ? FAILED : self->opening ? STOP : ON;
    }
    int number = number16(at + 1);
    channel_state *channel = amqp_channel(self, number);
    if (channel == NULL)
        return FAILED;
    if ((number && self->channels[0].state == CLOSING) || ignored(channel, f->method))
        return drop(f, end);
    if (at[0] == METHOD)
        return method_frame(self, f, channel, number, end);
    if (channel->state != OPEN)
        return fail(self, f, NOT_OPEN, f->start + 1, number);
    return at[0] == HEADER ? header_frame(self, f, channel, end) : body_frame(self, f, channel, end);
}

int
amqp_frames(scanner *self, feeding *f)
{
    int step;
    do
        step = step_frame(self, f);
    while (step == ON);
    return step;
}
