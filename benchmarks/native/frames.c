/* WebSocket frames, RFC 6455 section 5.2: heads read and written, masks put on and taken off. */
#include "load.h"
#include <string.h>

static int head_length(const Frame *f) {
  int b = f->head[1] & 127;
  return 2 + (b == 126 ? 2 : b == 127 ? 8 : 0) + (f->head[1] & 128 ? 4 : 0);
}

const unsigned char *frame_key(const Frame *f) { return f->head + head_length(f) - 4; }

/* Take bytes of a head from *p; return 1 when it is whole, and f->left says how much payload follows. */
int frame_head(Frame *f, const unsigned char **p, size_t *n) {
  while (*n) {
    f->head[f->got++] = *(*p)++;
    --*n;
    if (f->got < 2 || f->got < head_length(f)) continue;
    uint64_t length = f->head[1] & 127;
    int extra = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (extra) length = 0;
    for (int i = 0; i < extra; i++) length = length << 8 | f->head[2 + i];
    f->left = length;
    f->got = 0;
    f->turn = 0;
    return 1;
  }
  return 0;
}

/* Write the head of a whole message; return its length. */
size_t frame_write(unsigned char *to, int opcode, const unsigned char *key, size_t length) {
  size_t n = 2;
  to[0] = (unsigned char)(0x80 | opcode);
  int wide = length < 126 ? 0 : length < 65536 ? 2 : 8;
  to[1] = (unsigned char)((key ? 128 : 0) | (wide == 0 ? length : wide == 2 ? 126u : 127u));
  for (int i = wide - 1; i >= 0; i--) to[n++] = (unsigned char)(length >> (8 * i));
  if (key) {
    memcpy(to + n, key, 4);
    n += 4;
  }
  return n;
}

/* Copy n bytes with the mask taken off (or put on); turn is the place in the key of the first byte. */
void unmask(unsigned char *to, const unsigned char *from, size_t n, const unsigned char *key, unsigned turn) {
  unsigned char turned[8];
  uint64_t wide, word;
  size_t i = 0;
  for (int k = 0; k < 8; k++) turned[k] = key[(turn + (unsigned)k) & 3];
  memcpy(&wide, turned, 8);
  for (; i + 8 <= n; i += 8) {
    memcpy(&word, from + i, 8);
    word ^= wide;
    memcpy(to + i, &word, 8);
  }
  for (; i < n; i++) to[i] = from[i] ^ turned[i & 7];
}
