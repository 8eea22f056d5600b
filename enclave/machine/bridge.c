/*
 * Carries bytes both ways between pairs of stream sockets: one poll loop, one buffer a direction. What one side does not read stays in the kernel
 * of the side that sends: nothing grows, and no pair waits for another.
 */
#include "machine.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* Bytes of one direction's buffer, and so the most of one write: longer ones are corrupted by some kernels' vsock. */
#define BUFFER_BYTES 16384
/* Pairs of one rule. More wait in the listener's queue: a flood of agents does not keep an owner out. */
#define PAIRS_MAX 32
#define RULES_MAX 3
/* Seconds that bytes may wait for a reader, or a connection for an answer, before the pair is cut. */
#define STALL_SECONDS 60

struct flow {
  size_t start;
  size_t end;
  bool ended; /* the source will send no more */
  bool shut;  /* and the target has been told */
  uint8_t bytes[BUFFER_BYTES];
};

/* Flow 0 carries from fd 0 (who came) to fd 1 (where to), flow 1 back. A free pair has fd -1. */
struct pair {
  int fd[2];
  bool gone[2]; /* neither sends nor reads any more */
  bool pending;
  time_t progress;
  struct flow flow[2];
};

static struct pair pairs[RULES_MAX][PAIRS_MAX];

static time_t seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

static void cut(struct pair *pair) {
  close(pair->fd[0]);
  close(pair->fd[1]);
  pair->fd[0] = pair->fd[1] = -1;
}

static struct pair *find_free(struct pair *from) {
  for (size_t i = 0; i < PAIRS_MAX; i++)
    if (from[i].fd[0] < 0) return &from[i];
  return NULL;
}

static void accept_pair(const struct rule *rule, struct pair *pair) {
  int came = accept4(rule->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (came < 0) return; /* it has gone again */
  int to = connect_to(&rule->target, &pair->pending);
  if (to < 0) {
    close(came);
    return;
  }
  pair->fd[0] = came;
  pair->fd[1] = to;
  pair->progress = seconds();
  for (int way = 0; way < 2; way++) {
    pair->gone[way] = pair->flow[way].ended = pair->flow[way].shut = false;
    pair->flow[way].start = pair->flow[way].end = 0;
  }
}

/* Reads what fits. False: the source failed. */
static bool fill_flow(struct flow *flow, int from) {
  ssize_t got = recv(from, flow->bytes, BUFFER_BYTES, 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  flow->start = 0;
  flow->end = (size_t)got;
  flow->ended = got == 0;
  return true;
}

/* Writes what is there, then the end if that is next. False: the target failed. */
static bool empty_flow(struct flow *flow, int to) {
  if (flow->start < flow->end) {
    ssize_t sent = send(to, flow->bytes + flow->start, flow->end - flow->start, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    flow->start += (size_t)sent;
  }
  if (flow->start < flow->end || !flow->ended || flow->shut) return true;
  flow->shut = true;
  return shutdown(to, SHUT_WR) == 0;
}

static bool has_bytes(const struct flow *flow) { return flow->start < flow->end; }

/* What the side `side` of a pair is asked for: to take what is buffered for it, to send where there is room. */
static short wanted(const struct pair *pair, int side) {
  const struct flow *out = &pair->flow[side];
  const struct flow *in = &pair->flow[1 - side];
  if (pair->pending) return side == 1 ? POLLOUT : 0;
  short events = 0;
  if (!out->ended && !has_bytes(out)) events |= POLLIN;
  if (has_bytes(in)) events |= POLLOUT;
  return events;
}

static bool finish_connect(struct pair *pair) {
  int error = 0;
  socklen_t length = sizeof error;
  pair->pending = false;
  return getsockopt(pair->fd[1], SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0;
}

/* Moves what can be moved after poll said `events` of each side. False: the pair is done or broken. */
static bool serve_pair(struct pair *pair, const short events[2]) {
  if (pair->pending) return events[1] == 0 || finish_connect(pair);
  for (int way = 0; way < 2; way++) {
    struct flow *flow = &pair->flow[way];
    bool readable = events[way] != 0 && !flow->ended && !has_bytes(flow);
    if (readable && !fill_flow(flow, pair->fd[way])) return false;
    bool due = readable || (events[1 - way] != 0 && has_bytes(flow));
    if (due && !empty_flow(flow, pair->fd[1 - way])) return false;
    pair->gone[way] |= (events[way] & (POLLHUP | POLLERR)) != 0;
    if (pair->gone[way] && flow->shut) return false;
  }
  return !(pair->flow[0].shut && pair->flow[1].shut);
}

static bool is_stalled(const struct pair *pair, time_t now) {
  return now - pair->progress > STALL_SECONDS && (pair->pending || has_bytes(&pair->flow[0]) || has_bytes(&pair->flow[1]));
}

/* Lists a side for poll. One that has gone and is asked for nothing is left out: poll would report its going again and again. */
static void list_side(struct pollfd *slot, const struct pair *pair, int side) {
  short events = pair->fd[0] < 0 ? 0 : wanted(pair, side);
  *slot = (struct pollfd){.fd = events == 0 && pair->gone[side] ? -1 : pair->fd[side], .events = events};
}

static void serve_rule(const struct rule *rule, struct pair *own, const struct pollfd *slots, time_t now) {
  for (size_t i = 0; i < PAIRS_MAX; i++) {
    const short events[2] = {slots[2 * i].revents, slots[2 * i + 1].revents};
    if (own[i].fd[0] < 0) continue;
    if (events[0] != 0 || events[1] != 0) own[i].progress = now;
    if (!serve_pair(&own[i], events) || is_stalled(&own[i], now)) cut(&own[i]);
  }
  struct pair *free_pair = find_free(own);
  if (slots[2 * PAIRS_MAX].revents != 0 && free_pair != NULL) accept_pair(rule, free_pair);
}

_Noreturn void run_bridge(const struct rule *rules, size_t count) {
  static struct pollfd slots[RULES_MAX][2 * PAIRS_MAX + 1];
  if (count > RULES_MAX) refuse("the bridge has room for %d rules\n", RULES_MAX);
  for (size_t r = 0; r < count; r++)
    for (size_t i = 0; i < PAIRS_MAX; i++) pairs[r][i].fd[0] = pairs[r][i].fd[1] = -1;
  for (;;) {
    for (size_t r = 0; r < count; r++) {
      for (size_t i = 0; i < PAIRS_MAX; i++)
        for (int side = 0; side < 2; side++) list_side(&slots[r][2 * i + (size_t)side], &pairs[r][i], side);
      int listener = find_free(pairs[r]) == NULL ? -1 : rules[r].listener;
      slots[r][2 * PAIRS_MAX] = (struct pollfd){.fd = listener, .events = POLLIN};
    }
    int ready = poll(slots[0], count * (2 * PAIRS_MAX + 1), STALL_SECONDS * 1000);
    if (ready < 0 && errno != EINTR) refuse("poll: %s\n", strerror(errno));
    for (size_t r = 0; ready >= 0 && r < count; r++) serve_rule(&rules[r], pairs[r], slots[r], seconds());
  }
}
