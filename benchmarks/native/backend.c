/* The backend: echoes bytes, or WebSocket messages; or says what the script has for it. */
#define _GNU_SOURCE
#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int accepted;
static unsigned char buffer[1 << 17], echoed[(1 << 17) + 512];

static void echo(Conn *c, const unsigned char *p, size_t n) {
  size_t taken = n ? (size_t)net_send(c, p, n) : 0;
  if (taken == n) return;
  c->rest = malloc(n - taken);
  memcpy(c->rest, p + taken, n - taken);
  c->rest_at = 0;
  c->rest_length = n - taken;
  net_watch(c, 0, 1);
}

static void echo_rest(Conn *c) {
  c->rest_at += (size_t)net_send(c, c->rest + c->rest_at, c->rest_length - c->rest_at);
  if (c->rest_at < c->rest_length) return;
  free(c->rest);
  c->rest = NULL;
  net_watch(c, 1, 0);
}

/* An upgrade, then frames with the mask taken off, as they arrive; never longer than what came in. */
static void echo_frames(Conn *c, const unsigned char *p, size_t n) {
  static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  size_t out = 0;
  if (c->stage != RUNNING) {
    if (!whole_text(c, &p, &n, "\r\n\r\n", 4)) return;
    free(c->text);
    c->text = NULL;
    c->stage = RUNNING;
    net_send_whole(c, answer, sizeof answer - 1);
  }
  while (n) {
    if (!c->frame.left) {
      if (!frame_head(&c->frame, &p, &n)) break;
      out += frame_write(echoed + out, c->frame.head[0] & 15, NULL, c->frame.left);
      continue;
    }
    size_t k = n < c->frame.left ? n : c->frame.left;
    unmask(echoed + out, p, k, frame_key(&c->frame), c->frame.turn);
    c->frame.turn = (unsigned)((c->frame.turn + k) & 3);
    c->frame.left -= k;
    out += k;
    p += k;
    n -= k;
  }
  echo(c, echoed, out);
}

static void scripted(Conn *c, const unsigned char *p, size_t n) {
  if (c->stage == CONNECTING) {
    c->stage = TALKING;
    script_go(c);
  }
  script_hear(c, &p, &n);
  if (!n) return;
  if (c->stage != RUNNING || strcmp(options.mode, "in")) die(4, "bytes that nobody sent");
  flow_check(c->flow, p, n);
  flow_count(c->flow);
}

void backend_ready(Conn *c, int readable, int writable) {
  if (writable && c->rest) echo_rest(c);
  else if (writable && c->flow) {
    c->flow->blocked = 0;
    flow_push(c->flow);
  }
  if (!readable || c->rest) return;
  ssize_t n = net_receive(c, buffer, sizeof buffer);
  if (!n) return;
  if (*options.script) scripted(c, buffer, (size_t)n);
  else if (!strcmp(options.backend, "ws")) echo_frames(c, buffer, (size_t)n);
  else echo(c, buffer, (size_t)n);
}
