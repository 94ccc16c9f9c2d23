/* The streams of messages: what is sent, what must arrive, how much of it did, and how soon.
 *
 * Messages differ from each other and repeat after a ring of them; the ring stands twice, as the sender
 * puts it on the wire and as the receiver must see it.
 */
#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define RING_BYTES (1 << 20)
#define RING_MESSAGES 1024
#define MOST_SAMPLES (1 << 22)

Flow *flows;
uint64_t messages, websocket_messages;
static unsigned char *wire, *clear;
static size_t wire_each, wire_all, clear_each, clear_all;
static uint64_t *samples;
static size_t sampled;
static uint64_t messages_before, frames_before;
static double busy_before, began;

static double busy(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

/* Write a client's WebSocket message; return its length. */
static size_t framed(unsigned char *to, Text from, int number) {
  unsigned char key[4] = {(unsigned char)(number * 5 + 3), 0xfa, (unsigned char)(number * 3), 0x3d};
  size_t head = frame_write(to, options.text ? 1 : 2, key, from.length);
  unmask(to + head, from.bytes, from.length, key, 0);
  return head + from.length;
}

static void body(unsigned char *to, size_t n, int number) {
  for (size_t i = 0; i < n; i++) to[i] = (unsigned char)('a' + (i * 7 + i / 251 + (size_t)number * 11) % 26);
}

/* A ring of echoed messages, framed as clients do. */
static void echoes(void) {
  size_t n = (size_t)options.size, count = RING_BYTES / n;
  if (count > RING_MESSAGES) count = RING_MESSAGES;
  if (count < 1) count = 1;
  clear = malloc(n * count);
  wire = malloc((n + 14) * count);
  for (size_t i = 0; i < count; i++) {
    body(clear + i * n, n, (int)i);
    wire_all += framed(wire + wire_all, (Text){n, clear + i * n}, (int)i);
  }
  wire_each = wire_all / count;
  clear_each = n;
  clear_all = n * count;
}

/* The script's: parts that are framed for the backend to hear, or its own bytes for the client. */
static void scripted(void) {
  int in = !strcmp(options.mode, "in");
  const Message *first = script_messages;
  size_t most = first->whole + first->back.length + 14 * MOST_PARTS;
  clear = malloc(script_count * most);
  wire = malloc(script_count * most);
  for (unsigned i = 0; i < script_count; i++) {
    const Message *m = script_messages + i;
    if (m->whole != first->whole || m->count != first->count || m->back.length != first->back.length)
      die(2, "a script whose messages are not alike");
    unsigned char *bytes = in ? clear : wire;
    size_t *all = in ? &clear_all : &wire_all;
    memcpy(bytes + *all, m->back.bytes, m->back.length);
    *all += m->back.length;
    for (unsigned k = 0; k < m->count; k++) {
      if (in) wire_all += framed(wire + wire_all, m->parts[k], (int)i);
      else memcpy(clear + clear_all, m->parts[k].bytes, m->parts[k].length), clear_all += m->parts[k].length;
    }
  }
  wire_each = wire_all / script_count;
  clear_each = clear_all / script_count;
}

void flows_start(void) {
  if (*options.script) scripted();
  else echoes();
  flows = calloc((size_t)options.connections, sizeof *flows);
  if (options.window == 1) samples = malloc(MOST_SAMPLES * sizeof *samples);
}

/* Send what the window allows; without a window, one batch. */
void flow_push(Flow *f) {
  uint64_t window = (uint64_t)options.window;
  uint64_t limit = window ? (f->done + window) * wire_each : UINT64_MAX;
  while (f->sent < limit) {
    size_t at = f->sent % wire_all, n = wire_all - at;
    size_t most = options.batch ? (size_t)options.batch * wire_each - f->sent % wire_each : window ? n : 1 << 16;
    if (n > most) n = most;
    if (n > limit - f->sent) n = limit - f->sent;
    if (options.window == 1) f->since = nanoseconds();
    ssize_t taken = net_send(f->sender, wire + at, n);
    f->sent += (uint64_t)taken;
    f->blocked = (size_t)taken < n;
    if (f->blocked) break;
    if (!window) break;
  }
  net_watch(f->sender, 1, f->blocked);
}

/* Compare what arrived with what was sent. */
void flow_check(Flow *f, const unsigned char *p, size_t n) {
  f->seen += n;
  while (n) {
    size_t k = clear_all - f->at < n ? clear_all - f->at : n;
    if (memcmp(p, clear + f->at, k)) die(4, "the bytes that arrived are not those that were sent");
    p += k;
    n -= k;
    f->at = f->at + k == clear_all ? 0 : f->at + k;
  }
}

/* Count the messages that are whole, and send as many more where there is a window. */
void flow_count(Flow *f) {
  uint64_t done = f->seen / clear_each;
  if (done == f->done) return;
  messages += done - f->done;
  f->done = done;
  if (options.window == 1 && sampled < MOST_SAMPLES) samples[sampled++] = nanoseconds() - f->since;
  if (options.window && !f->blocked) flow_push(f);
}

void flows_forget(void) {
  messages_before = messages;
  frames_before = websocket_messages;
  sampled = 0;
  busy_before = busy();
  began = now();
}

static int order(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

void flows_report(double handshakes) {
  double took = now() - began, used = busy() - busy_before;
  uint64_t count = messages - messages_before, frames = websocket_messages - frames_before;
  printf("{\"seconds\": %.4f, \"messages\": %llu, \"rate\": %.1f, \"websocket_messages\": %llu, \"handshakes\": %.1f, \"busy\": %.3f",
         took, (unsigned long long)count, (double)count / took, (unsigned long long)frames, handshakes, used / took);
  if (sampled) {
    qsort(samples, sampled, sizeof *samples, order);
    printf(", \"p50\": %.2f, \"p99\": %.2f", (double)samples[sampled / 2] * 1e-3, (double)samples[sampled * 99 / 100] * 1e-3);
  }
  printf("}\n");
}
