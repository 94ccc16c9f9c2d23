/* Sockets: dialling, listening, sending and receiving without ever waiting, TLS where it was asked for. */
#define _GNU_SOURCE
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void (*net_ready)(Conn *c, int readable, int writable);
static int epoll;
#ifdef WITH_TLS
static SSL_CTX *context;
#endif

uint64_t nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

double now(void) { return (double)nanoseconds() * 1e-9; }

void die(int status, const char *why) {
  fprintf(stderr, "load: %s\n", why);
  exit(status);
}

#ifdef WITH_TLS
static void die_of_tls(int status, const char *what, int why) {
  char text[300];
  unsigned long code = ERR_get_error();
  const char *reason = code ? ERR_reason_error_string(code) : why == SSL_ERROR_ZERO_RETURN ? "closed" : strerror(errno);
  snprintf(text, sizeof text, "TLS: %s: %s", what, reason ? reason : "unknown");
  die(status, text);
}
#endif

void net_start(void) {
  epoll = epoll_create1(0);
  if (!options.tls) return;
#ifdef WITH_TLS
  context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION); /* one version and one cipher for every system */
  SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384");
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL); /* the certificate was made for this run */
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
#else
  die(2, "built without TLS");
#endif
}

static struct sockaddr_in address(const char *host, int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  if (inet_pton(AF_INET, host, &a.sin_addr) != 1) die(2, "the host must be an IPv4 address");
  return a;
}

static void enter(Conn *c, int writing) {
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct epoll_event e = {.events = EPOLLIN | (writing ? EPOLLOUT : 0u), .data.ptr = c};
  c->writing = writing;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &e)) die(2, "epoll");
}

Conn *net_listen(int port) {
  Conn *c = calloc(1, sizeof *c);
  int one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(c->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in a = address("127.0.0.1", port);
  if (bind(c->fd, (void *)&a, sizeof a) || listen(c->fd, 4096)) die(2, "the backend's port is in use");
  c->end = LISTENER;
  enter(c, 0);
  return c;
}

void net_dial(Conn *c) {
  struct sockaddr_in a = address(options.host, options.port);
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) die(2, "no socket: raise the limit of open files");
  if (connect(c->fd, (void *)&a, sizeof a) && errno != EINPROGRESS) die(2, strerror(errno));
  c->end = CLIENT;
  enter(c, 1);
}

Conn *net_accept(Conn *listener) {
  int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK);
  if (fd < 0) return NULL;
  Conn *c = calloc(1, sizeof *c);
  c->fd = fd;
  c->end = BACKEND;
  enter(c, 0);
  return c;
}

int net_secure(Conn *c) {
#ifdef WITH_TLS
  if (!c->ssl) {
    c->ssl = SSL_new(context);
    SSL_set_fd(c->ssl, c->fd);
  }
  int r = SSL_connect(c->ssl);
  if (r == 1) return 1;
  int why = SSL_get_error(c->ssl, r);
  if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) die_of_tls(2, "handshake", why);
  net_watch(c, 1, why == SSL_ERROR_WANT_WRITE);
#else
  (void)c;
#endif
  return 0;
}

ssize_t net_send(Conn *c, const void *data, size_t n) {
#ifdef WITH_TLS
  if (c->ssl) {
    int r = SSL_write(c->ssl, data, n > 1 << 30 ? 1 << 30 : (int)n);
    if (r > 0) return r;
    int why = SSL_get_error(c->ssl, r);
    if (why != SSL_ERROR_WANT_WRITE) die_of_tls(3, "sending", why);
    return 0;
  }
#endif
  ssize_t r = send(c->fd, data, n, MSG_NOSIGNAL);
  if (r >= 0) return r;
  if (errno != EAGAIN) die(3, strerror(errno));
  return 0;
}

ssize_t net_receive(Conn *c, void *buffer, size_t n) {
#ifdef WITH_TLS
  if (c->ssl) {
    int r = SSL_read(c->ssl, buffer, n > 1 << 30 ? 1 << 30 : (int)n);
    if (r > 0) return r;
    int why = SSL_get_error(c->ssl, r);
    if (why != SSL_ERROR_WANT_READ) die_of_tls(3, "receiving", why);
    return 0;
  }
#endif
  ssize_t r = recv(c->fd, buffer, n, 0);
  if (r > 0) return r;
  if (r == 0) die(3, c->end == CLIENT ? "a client's connection was closed" : "a backend's connection was closed");
  if (errno != EAGAIN) die(3, strerror(errno));
  return 0;
}

void net_send_whole(Conn *c, const void *data, size_t n) {
  if (net_send(c, data, n) != (ssize_t)n) die(2, "a socket takes not even a handshake");
}

void net_watch(Conn *c, int reading, int writing) {
  if (reading && c->writing == writing) return; /* only an echo stops reading, and it always writes then */
  struct epoll_event e = {.events = (reading ? EPOLLIN : 0u) | (writing ? EPOLLOUT : 0u), .data.ptr = c};
  c->writing = writing;
  epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &e);
}

void net_turn(int milliseconds) {
  struct epoll_event events[256];
  int n = epoll_wait(epoll, events, 256, milliseconds);
  for (int i = 0; i < n; i++) {
    uint32_t is = events[i].events;
    net_ready(events[i].data.ptr, !!(is & (EPOLLIN | EPOLLHUP | EPOLLERR)), !!(is & EPOLLOUT));
  }
}
