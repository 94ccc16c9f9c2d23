/* StompScanner's rules for frames: required headers, bodies, what comes first and last.
 * Twin: kaazing/wire/pure_stomp.py, which has the same rules in the same order. */
#include "stomp.h"

static const char *const header_names[] = {"destination", "id", "message-id", "subscription", "transaction",
                                           "receipt-id"};

static int
missing_header(scanner *self, feeding *f, int missing)
{
    char detail[32];
    int bit = 0;
    while (!(missing >> bit & 1))
        bit++;
    const char *command = stomp_commands[self->command].name;
    int size = PyOS_snprintf(detail, sizeof detail, "%s %s", command, header_names[bit]);
    return stomp_fail(self, f, MISSING_HEADER, f->start, detail, size, self->body);
}

static int
forbid_body(scanner *self, feeding *f)
{
    const command_kind *kind = &stomp_commands[self->command];
    return stomp_fail(self, f, BODY_FORBIDDEN, self->body, kind->name, kind->size, self->body);
}

static inline int
may_have_body(scanner *self)
{
    return stomp_commands[self->command].body || self->version == V10;
}

static int
head_end(scanner *self, feeding *f)
{
    if (self->version != OPENING) {
        int missing = stomp_commands[self->command].needs[self->version - V10] & ~self->seen;
        if (missing)
            return missing_header(self, f, missing);
    }
    if (self->length < 0) {
        self->state = UNCOUNTED;
        return ON;
    }
    if (self->length > 0 && !may_have_body(self))
        return forbid_body(self, f);
    if (self->body - f->start + self->length + 1 > self->max_frame)
        return stomp_fail_limit(self, f, FRAME_TOO_BIG, f->start, self->max_frame, self->body);
    self->state = COUNTED;
    return ON;
}

int
stomp_flush(feeding *f, Py_ssize_t end)
{
    Py_ssize_t from = f->run;
    f->run = end;
    return feeding_put_run(f->items, f->whole, f->at + from, f->at + end);
}

static int
put_watched(scanner *self, feeding *f, Py_ssize_t end)
{
    if (stomp_flush(f, f->start) < 0)
        return -1;
    f->run = end;
    return feeding_put_watched(f->items, self->offset + f->start, f->at + f->start, f->at + end);
}

static int
frame_end(scanner *self, feeding *f, Py_ssize_t end)
{
    int put = 0;
    if (self->split) {
        f->run = f->start;
        put = stomp_flush(f, end);
    }
    else if (stomp_commands[self->command].watched || self->seen & HAS_TRANSACTION ||
             (self->sends && self->command == SEND))
        put = put_watched(self, f, end);
    if (put < 0)
        return FAILED;
    self->frames++;
    self->counts[self->command - FIRST_COMMAND(self)]++;
    self->state = BETWEEN;
    self->place = end;
    self->over = self->command == DISCONNECT;
    self->stopped = self->version == OPENING && stomp_commands[self->command].watched;
    return self->stopped ? STOP : ON;
}

static int
step_counted(scanner *self, feeding *f)
{
    Py_ssize_t nul = self->body + self->length;
    if (nul >= f->size) {
        self->place = f->size;
        return WAIT;
    }
    if (f->at[nul] != 0)
        return stomp_fail(self, f, NO_NUL, nul, "", 0, self->body);
    return frame_end(self, f, nul + 1);
}

static int
step_uncounted(scanner *self, feeding *f)
{
    Py_ssize_t whole = f->start + self->max_frame, to = smaller(f->size, whole);
    if (self->place < to) {
        if (f->at[self->place] != 0 && !may_have_body(self))
            return forbid_body(self, f);
        const uint8_t *nul = memchr(f->at + self->place, 0, (size_t)(to - self->place));
        if (nul)
            return frame_end(self, f, nul - f->at + 1);
        self->place = to;
    }
    if (to < whole)
        return WAIT;
    return stomp_fail_limit(self, f, FRAME_TOO_BIG, f->start, self->max_frame, self->body);
}

static int
step_between(scanner *self, feeding *f)
{
    for (; self->place < f->size; self->place++) {
        uint8_t c = f->at[self->place];
        f->start = self->place;
        if (c == '\r' && (self->version == V12 || self->version == OPENING)) {
            if (self->place + 1 == f->size)
                return WAIT;
            self->line = self->place;
            if (f->at[self->place + 1] != '\n')
                return stomp_fail_line(self, f, STRAY_CR, self->place);
        }
        else if (c == '\n')
            self->beat |= PyList_GET_SIZE(f->items) == 0;
        else {
            self->line = self->place;
            if (self->over)
                return stomp_fail_line(self, f, AFTER_DISCONNECT, self->place);
            if (self->apart && !self->split && stomp_flush(f, f->start) < 0)
                return FAILED;
            self->command = NONE;
            self->headers = 0;
            self->seen = self->odd = 0;
            self->colon = self->length = -1;
            self->state = HEAD;
            return ON;
        }
    }
    f->start = f->size;
    return WAIT;
}

int
stomp_steps(scanner *self, feeding *f)
{
    for (;;) {
        int step = self->state == BETWEEN   ? step_between(self, f)
                   : self->state == HEAD    ? stomp_head(self, f)
                   : self->state == HEADED  ? head_end(self, f)
                   : self->state == COUNTED ? step_counted(self, f)
                                            : step_uncounted(self, f);
        if (step != ON)
            return step;
    }
}

