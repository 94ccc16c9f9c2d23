/* load NAME=VALUE...: puts load on a gateway from both its ends, and prints what went through.
 *
 *   mode         echo (messages go out and come back), in (clients send the messages of the script), out
 *                (the backend sends them), idle (connections are opened and held)
 *   script       file with what both ends say to each other, for in and out; see script.c
 *   backend      raw or ws: what listens on back_port of 127.0.0.1 for an echo
 *   fields       file with a line for each client: a header field of its handshake
 *   host port path protocol   of the WebSocket URL; tls=1 for wss; text=1 sends text messages;
 *                aligned=1 wants, in the mode out, each part of a message in a message of its own
 *   connections  opened 64 at a time
 *   size         bytes of one message of an echo
 *   window       messages that each connection has under way; 0: as many as the sockets take
 *   batch        messages in one send(); 0: as many as may go
 *   seconds      length of the run; its first fifth is warm-up
 *
 * It prints a line "measuring" when the warm-up is over, at the end one JSON object, and then keeps its
 * connections until its input ends, so that the caller can take the other processes' measure at both
 * moments. Exit status 2: something could not be set up; 3: a connection was lost, or nothing moved for
 * 10 s; 4: wrong bytes.
 */
#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPENING 64
#define PATIENCE 10.0

Options options = {.mode = "echo", .host = "127.0.0.1", .path = "/", .protocol = "", .backend = "raw", .script = "",
                   .fields = "", .connections = 1, .size = 64, .window = 1, .seconds = 3};

static void read_options(int count, char **words) {
  struct { const char *name; const char **text; int *number; } known[] = {
    {"mode", &options.mode, 0}, {"host", &options.host, 0}, {"path", &options.path, 0},
    {"protocol", &options.protocol, 0}, {"backend", &options.backend, 0}, {"script", &options.script, 0},
    {"fields", &options.fields, 0}, {"port", 0, &options.port},
    {"back_port", 0, &options.back_port}, {"connections", 0, &options.connections}, {"size", 0, &options.size},
    {"window", 0, &options.window}, {"batch", 0, &options.batch}, {"tls", 0, &options.tls}, {"text", 0, &options.text},
    {"aligned", 0, &options.aligned},
  };
  for (int i = 0; i < count; i++) {
    char *value = strchr(words[i], '=');
    size_t k = 0, n = sizeof known / sizeof *known;
    if (!value) die(2, "options are NAME=VALUE");
    *value++ = 0;
    while (k < n && strcmp(known[k].name, words[i])) k++;
    if (k < n && known[k].text) *known[k].text = value;
    else if (k < n) *known[k].number = atoi(value);
    else if (!strcmp(words[i], "seconds")) options.seconds = atof(value);
    else die(2, "unknown option");
  }
  if (options.connections < 1 || options.size < 1 || options.window < 0 || options.batch < 0)
    die(2, "connections and size are 1 at least, window and batch 0 at least");
}

static void dispatch(Conn *c, int readable, int writable) {
  if (c->end == CLIENT) client_ready(c, readable, writable);
  else if (c->end == BACKEND) backend_ready(c, readable, writable);
  else while (net_accept(c)) accepted++;
}

/* Open all connections; return how many a second got ready, their backends included. */
static double open_all(void) {
  int started = 0, before = -1;
  double began = now(), moved = began;
  while (ready < options.connections || accepted < options.connections) {
    for (; started < options.connections && started - ready < OPENING; started++) {
      Conn *c = calloc(1, sizeof *c);
      c->index = started;
      c->flow = &flows[started];
      c->flow->sender = c;
      net_dial(c);
    }
    net_turn(500);
    if (ready + accepted != before) moved = now();
    before = ready + accepted;
    if (now() - moved > PATIENCE) die(3, "a connection did not get ready in 10 s");
  }
  return options.connections / (now() - began);
}

/* Give every sender its turn; return whether one of them can go on. */
static int push_all(void) {
  int more = 0;
  for (int i = 0; i < options.connections; i++) {
    if (!flows[i].blocked) flow_push(&flows[i]);
    more |= !flows[i].blocked;
  }
  return more;
}

static void run(void) {
  double end = now() + options.seconds, warm = end - options.seconds * 0.8, moved = now();
  uint64_t before = 0;
  int measuring = 0;
  push_all();
  for (double t = now(); t < end; t = now()) {
    if (!measuring && t >= warm) {
      puts("measuring");
      fflush(stdout);
      flows_forget();
      measuring = 1;
    }
    net_turn(!options.window && push_all() ? 0 : 100);
    if (messages != before) moved = t;
    before = messages;
    if (t - moved > PATIENCE) die(3, "nothing moved for 10 s");
  }
}

int main(int count, char **words) {
  read_options(count - 1, words + 1);
  int idle = !strcmp(options.mode, "idle");
  if (idle) options.mode = "echo";
  net_ready = dispatch;
  net_start();
  if (*options.script) script_start();
  else if (strcmp(options.mode, "echo")) die(2, "in and out want a script");
  flows_start();
  net_listen(options.back_port);
  double handshakes = open_all();
  if (idle) {
    puts("measuring");
    flows_forget();
  } else run();
  flows_report(handshakes);
  fflush(stdout);
  char word;
  while (read(0, &word, 1) > 0) {
  }
  return 0;
}
