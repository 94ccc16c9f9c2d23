/* What the two ends say to each other before the messages flow, and the messages: from a file that
 * benchmarks/scripts.py writes.
 *
 * Numbers are 32 bits, little-endian; a text is its length and its bytes. The file holds the number of
 * steps, each a side (0 the client, 1 the backend), what it says, and the mark at whose end the other side
 * has heard it, empty where that does not wait. Then the number of messages, each what the client's end
 * has of it (the number of its WebSocket messages, and they), and what the backend's has. Messages are
 * alike in all their lengths. "load-00000" in a step stands for the connection: its digits become the
 * client's number, and the backend looks for them to know whom it hears.
 */
#define _GNU_SOURCE
#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "load-"
#define DIGITS 5

typedef struct {
  int side;
  Text said, mark;
} Step;

Message *script_messages;
unsigned script_count;
static Step *steps;
static unsigned step_count;
static const unsigned char *at, *end;

static unsigned number(void) {
  if (end - at < 4) die(2, "the script ends too soon");
  at += 4;
  return (unsigned)(at[-4] | at[-3] << 8 | at[-2] << 16) | (unsigned)at[-1] << 24;
}

static Text text(void) {
  Text found = {.length = number()};
  if ((size_t)(end - at) < found.length) die(2, "the script ends too soon");
  found.bytes = at;
  at += found.length;
  return found;
}

static void whole_file(void) {
  FILE *file = fopen(options.script, "rb");
  if (!file || fseek(file, 0, SEEK_END)) die(2, "the script cannot be read");
  size_t size = (size_t)ftell(file);
  unsigned char *bytes = malloc(size + 1);
  rewind(file);
  if (fread(bytes, 1, size, file) != size) die(2, "the script cannot be read");
  fclose(file);
  at = bytes;
  end = bytes + size;
}

void script_start(void) {
  whole_file();
  steps = calloc(step_count = number(), sizeof *steps);
  for (unsigned i = 0; i < step_count; i++) {
    steps[i].side = (int)number();
    steps[i].said = text();
    steps[i].mark = text();
  }
  script_messages = calloc(script_count = number(), sizeof *script_messages);
  for (unsigned i = 0; i < script_count; i++) {
    Message *m = &script_messages[i];
    if ((m->count = number()) > MOST_PARTS) die(2, "a message of too many parts");
    for (unsigned k = 0; k < m->count; k++) m->whole += (m->parts[k] = text()).length;
    m->back = text();
  }
  if (!script_count) die(2, "a script without messages");
}

static void say(Conn *c, Text said) {
  char bytes[MOST_TEXT], *name, figures[DIGITS + 1];
  if (said.length > sizeof bytes) die(2, "a step of more than 4096 bytes");
  memcpy(bytes, said.bytes, said.length);
  if ((name = memmem(bytes, said.length, NAME, strlen(NAME)))) {
    snprintf(figures, sizeof figures, "%0*d", DIGITS, c->index);
    memcpy(name + strlen(NAME), figures, DIGITS);
  }
  if (c->end == CLIENT) client_say(c, bytes, said.length);
  else net_send_whole(c, bytes, said.length);
}

/* Take the steps that c need not wait for; at the end of all of them it is RUNNING. */
void script_go(Conn *c) {
  for (; c->step < step_count; c->step++) {
    Step *step = &steps[c->step];
    if (step->side == (c->end == BACKEND)) say(c, step->said);
    else if (step->mark.length) return;
  }
  if (!c->flow) die(2, "a client that did not say its name");
  int sends = c->end == (strcmp(options.mode, "out") ? CLIENT : BACKEND);
  c->stage = RUNNING;
  if (!sends) return;
  c->flow->sender = c;
  ready++;
}

/* Whom the backend hears. */
static void recognise(Conn *c) {
  char *name = memmem(c->text, c->heard, NAME, strlen(NAME));
  if (c->flow || !name || (size_t)(c->text + c->heard - name) < strlen(NAME) + DIGITS) return;
  c->index = atoi(name + strlen(NAME));
  if (c->index < 0 || c->index >= options.connections) die(2, "a name that nobody has");
  c->flow = &flows[c->index];
}

/* Hear bytes of the opening; what is left in *p belongs to the messages. */
void script_hear(Conn *c, const unsigned char **p, size_t *n) {
  while (*n && c->stage == TALKING) {
    Text mark = steps[c->step].mark;
    if (!whole_text(c, p, n, (const char *)mark.bytes, mark.length)) return;
    if (c->end == BACKEND) recognise(c);
    free(c->text);
    c->text = NULL;
    c->step++;
    script_go(c);
  }
}
