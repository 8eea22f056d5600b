/*
 * The NSM channel: over a Unix socket, a message is its length (u32, big-endian) and so many bytes; each request of at most 4,096 gets one answer of at
 * most 12,288. One client at a time. What the bytes say is between Node and the NSM.
 */
#include "machine.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* The driver's request: two buffers and their lengths (linux/nsm.h, struct nsm_raw). */
struct nsm_raw {
  uint64_t request;
  uint64_t request_length;
  uint64_t answer;
  uint64_t answer_length;
};
#define NSM_IOCTL _IOWR(0x0a, 0x0, struct nsm_raw)

/* One request to the device. False when the driver refuses; an answer longer than its buffer would be cut by the driver without a word. */
bool exchange_nsm(int device, const uint8_t *request, size_t length, uint8_t *answer, size_t *answered) {
  struct nsm_raw raw = {(uintptr_t)request, length, (uintptr_t)answer, NSM_ANSWER_BYTES};
  if (ioctl(device, NSM_IOCTL, &raw) != 0 || raw.answer_length > NSM_ANSWER_BYTES) return false;
  *answered = (size_t)raw.answer_length;
  return true;
}

static bool wait_for(int fd, short events) {
  struct pollfd slot = {.fd = fd, .events = events};
  while (poll(&slot, 1, -1) < 0 && errno == EINTR) slot.revents = 0;
  return slot.revents != 0;
}

static bool read_all(int fd, uint8_t *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    if (!wait_for(fd, POLLIN)) return false;
    ssize_t got = recv(fd, bytes + done, length - done, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return false;
    if (got > 0) done += (size_t)got;
  }
  return true;
}

static bool write_all(int fd, const uint8_t *bytes, size_t length) {
  for (size_t done = 0; done < length;) {
    if (!wait_for(fd, POLLOUT)) return false;
    ssize_t sent = send(fd, bytes + done, length - done, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (sent > 0) done += (size_t)sent;
  }
  return true;
}

/* One request and its answer. False ends the connection: after a wrong length nothing could be told apart. */
static bool serve_request(int client, int device) {
  static uint8_t request[NSM_REQUEST_BYTES];
  static uint8_t answer[4 + NSM_ANSWER_BYTES];
  uint8_t head[4];
  size_t answered = 0;
  if (!read_all(client, head, sizeof head)) return false;
  size_t length = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
  if (length == 0 || length > NSM_REQUEST_BYTES || !read_all(client, request, length)) return false;
  if (!exchange_nsm(device, request, length, answer + 4, &answered)) return false;
  for (int i = 0; i < 4; i++) answer[i] = (uint8_t)(answered >> (24 - 8 * i));
  bool sent = write_all(client, answer, 4 + answered);
  explicit_bzero(answer, sizeof answer);
  return sent;
}

_Noreturn void serve_nsm(int listener, int device) {
  while (wait_for(listener, POLLIN)) {
    int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    while (serve_request(client, device)) continue;
    close(client);
  }
  refuse("the NSM channel: %s\n", strerror(errno));
}
