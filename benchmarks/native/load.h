/* The load program: WebSocket clients and the backend behind the gateway, in one process and one epoll loop.
 *
 * Both ends in one process cost one context switch less a message than two, so the load's processor is
 * the limit later; and the end that receives can tell the end that sends to go on (a window over both).
 * Every byte that arrives is compared with what was sent.
 */
#ifndef LOAD_H
#define LOAD_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
#endif

typedef struct Conn Conn;
typedef struct Flow Flow;

/* What the command line says; see load.c. */
typedef struct {
  const char *mode, *host, *path, *protocol, *backend, *script, *fields;
  int port, back_port, connections, size, window, batch, tls, text, aligned;
  double seconds;
} Options;
extern Options options;

/* One WebSocket frame as it arrives (RFC 6455 section 5.2). */
typedef struct {
  unsigned char head[14];
  int got;       /* bytes of the head so far */
  uint64_t left; /* payload bytes still to come */
  unsigned turn; /* place in the masking key */
} Frame;

/* One stream of messages from an end that sends to an end that checks. */
struct Flow {
  Conn *sender;
  uint64_t sent;  /* bytes, as they stand on the wire */
  uint64_t seen;  /* bytes of messages that arrived */
  uint64_t done;  /* whole messages among them, as last counted */
  size_t at;      /* place in the ring of messages expected next */
  int blocked;    /* the sender's socket is full */
  uint64_t since; /* when the last message was sent, nanoseconds; kept for a window of 1 */
};

enum { LISTENER, CLIENT, BACKEND };
enum { CONNECTING, SECURING, UPGRADING, TALKING, RUNNING };
struct Conn {
  int fd, end, stage, writing, index;
  unsigned step; /* of the script */
  Frame frame;
  Flow *flow;
  char *text; /* a request head, or what is said in a script's step, not yet whole; NULL when there is none */
  size_t length, heard; /* of the text so far; of the last that was whole */
  unsigned char *rest; /* echoed bytes that the socket did not take; nothing is read meanwhile */
  size_t rest_at, rest_length;
#ifdef WITH_TLS
  SSL *ssl;
#endif
};

typedef struct {
  size_t length;
  const unsigned char *bytes;
} Text;

#define MOST_TEXT 4096
#define MOST_PARTS 4

/* One message as either end has it: WebSocket messages of the client, bytes of the backend. */
typedef struct {
  unsigned count;
  Text parts[MOST_PARTS], back;
  size_t whole; /* bytes of all parts */
} Message;

/* net.c */
uint64_t nanoseconds(void);
double now(void);
void die(int status, const char *why);
void net_start(void);
Conn *net_listen(int port);
void net_dial(Conn *c);
Conn *net_accept(Conn *listener);
int net_secure(Conn *c);                                 /* 1 when TLS stands, 0 while it does not */
ssize_t net_send(Conn *c, const void *data, size_t n);    /* bytes taken, 0 when the socket is full */
ssize_t net_receive(Conn *c, void *buffer, size_t n);     /* 0 when nothing is there; dies on an end */
void net_send_whole(Conn *c, const void *data, size_t n); /* for the few bytes of a handshake */
void net_watch(Conn *c, int reading, int writing);
void net_turn(int milliseconds);
extern void (*net_ready)(Conn *c, int readable, int writable);

/* frames.c */
int frame_head(Frame *f, const unsigned char **p, size_t *n);
size_t frame_write(unsigned char *to, int opcode, const unsigned char *key, size_t length);
void unmask(unsigned char *to, const unsigned char *from, size_t n, const unsigned char *key, unsigned turn);
const unsigned char *frame_key(const Frame *f);

/* flows.c */
void flows_start(void);
void flow_push(Flow *f);
void flow_check(Flow *f, const unsigned char *p, size_t n);
void flow_count(Flow *f);
void flows_forget(void);
void flows_report(double seconds);
extern Flow *flows;
extern uint64_t messages, websocket_messages;

/* script.c */
void script_start(void);
void script_go(Conn *c);
void script_hear(Conn *c, const unsigned char **p, size_t *n);
extern Message *script_messages;
extern unsigned script_count;

/* client.c, backend.c */
void client_say(Conn *c, const char *text, size_t n);
void client_ready(Conn *c, int readable, int writable);
void backend_ready(Conn *c, int readable, int writable);
int whole_text(Conn *c, const unsigned char **p, size_t *n, const char *end, size_t length);
extern int ready, accepted;
#endif
