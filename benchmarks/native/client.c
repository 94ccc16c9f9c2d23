/* The clients: TLS, the WebSocket handshake, what the script says, then messages. */
#define _GNU_SOURCE
#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int ready;
static unsigned char buffer[1 << 18];

/* Send one message. */
void client_say(Conn *c, const char *text, size_t n) {
  static const unsigned char key[4] = {1, 2, 3, 4};
  unsigned char frame[MOST_TEXT + 14];
  size_t head = frame_write(frame, options.text ? 1 : 2, key, n);
  unmask(frame + head, (const unsigned char *)text, n, key, 0);
  net_send_whole(c, frame, head + n);
}

/* The header field of a client's own: its line of the file that names one for each, over again where it has fewer. */
static const char *own_field(int index) {
  static char **lines;
  static int count;
  char *line = NULL;
  size_t room = 0;
  FILE *file = !lines && *options.fields ? fopen(options.fields, "r") : NULL;
  if (*options.fields && !lines && !file) die(2, "the file of header fields cannot be read");
  while (file && getline(&line, &room, file) > 0) {
    line[strcspn(line, "\n")] = 0;
    lines = realloc(lines, (size_t)(count + 1) * sizeof *lines);
    lines[count++] = strdup(line);
  }
  if (file) fclose(file);
  free(line);
  return count ? lines[index % count] : "";
}

static void upgrade(Conn *c) {
  char request[MOST_TEXT];
  const char *own = own_field(c->index);
  int n = snprintf(request, sizeof request,
                   "GET %s HTTP/1.1\r\nHost: %s:%d\r\nOrigin: http%s://%s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s%s%s\r\n",
                   options.path, options.host, options.port, options.tls ? "s" : "", options.host, options.port,
                   *options.protocol ? "Sec-WebSocket-Protocol: " : "", options.protocol, *options.protocol ? "\r\n" : "",
                   own, *own ? "\r\n" : "");
  if (n >= (int)sizeof request) die(2, "a header field that is too long");
  net_watch(c, 1, 0);
  net_send_whole(c, request, (size_t)n);
  c->stage = UPGRADING;
}

/* Gather bytes up to an end mark; return 1 when it came, and c->text is NUL-terminated and the caller's to free. */
int whole_text(Conn *c, const unsigned char **p, size_t *n, const char *end, size_t length) {
  if (!c->text) c->text = malloc(MOST_TEXT + 1);
  while (*n) {
    if (c->length == MOST_TEXT) die(2, "a head of more than 4096 bytes");
    c->text[c->length++] = (char)*(*p)++;
    --*n;
    if (c->length < length || memcmp(c->text + c->length - length, end, length)) continue;
    c->text[c->length] = 0;
    c->heard = c->length;
    c->length = 0;
    return 1;
  }
  return 0;
}

static void forget_text(Conn *c) {
  free(c->text);
  c->text = NULL;
}

static void upgraded(Conn *c) {
  if (strncmp(c->text, "HTTP/1.1 101", 12)) {
    fprintf(stderr, "%s", c->text);
    die(2, "not upgraded");
  }
  forget_text(c);
  if (*options.script) {
    c->stage = TALKING;
    script_go(c);
    return;
  }
  c->stage = RUNNING;
  ready++;
}

static void payload(Conn *c, const unsigned char *p, size_t n) {
  if (c->stage == TALKING) script_hear(c, &p, &n);
  if (!n) return;
  if (c->stage != RUNNING || !strcmp(options.mode, "in")) die(4, "bytes that nobody sent");
  flow_check(c->flow, p, n);
}

/* Whether a WebSocket message begins where a part of a message does, and is as long. */
static int is_part(const Conn *c) {
  const Message *m = script_messages;
  size_t at = c->flow->at % m->whole, begins = 0;
  for (unsigned k = 0; k < m->count; begins += m->parts[k++].length)
    if (begins == at) return c->frame.left == m->parts[k].length;
  return 0;
}

/* Where it was asked for, each part of a message must come as a WebSocket message of its own, of our kind. */
static void check_head(const Conn *c) {
  int opcode = c->frame.head[0] & 15;
  if (c->frame.head[1] & 128) die(4, "a masked frame from the server");
  if (opcode == 8) die(3, "a Close frame");
  if (opcode > 2) die(4, "a control frame");
  if (!options.aligned || c->stage != RUNNING || strcmp(options.mode, "out")) return;
  if (c->frame.head[0] != (options.text ? 0x81 : 0x82) || !is_part(c))
    die(4, "a WebSocket message that is not one message of the protocol");
}

static void websocket(Conn *c, const unsigned char *p, size_t n) {
  while (n) {
    if (!c->frame.left) {
      if (!frame_head(&c->frame, &p, &n)) return;
      check_head(c);
      websocket_messages += c->frame.head[0] >> 7;
      continue;
    }
    size_t k = n < c->frame.left ? n : c->frame.left;
    payload(c, p, k);
    c->frame.left -= k;
    p += k;
    n -= k;
  }
}

static void take(Conn *c, const unsigned char *p, size_t n) {
  if (c->stage == UPGRADING) {
    if (!whole_text(c, &p, &n, "\r\n\r\n", 4)) return;
    upgraded(c);
  }
  websocket(c, p, n);
}

static void dialled(Conn *c) {
  if (!options.tls) {
    upgrade(c);
    return;
  }
  c->stage = SECURING;
  net_watch(c, 1, 0);
}

void client_ready(Conn *c, int readable, int writable) {
  ssize_t n;
  if (c->stage == CONNECTING && writable) dialled(c);
  if (c->stage == SECURING) {
    if (net_secure(c)) upgrade(c);
    return;
  }
  if (writable && c->flow->sender == c && c->stage == RUNNING) {
    c->flow->blocked = 0;
    flow_push(c->flow);
  }
  if (!readable) return;
  do {
    n = net_receive(c, buffer, sizeof buffer);
    if (n) take(c, buffer, (size_t)n);
  } while (n && options.tls); /* OpenSSL may hold records that epoll cannot see */
  flow_count(c->flow);
}
