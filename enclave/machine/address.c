#include "machine.h"

#include <errno.h>
#include <linux/vm_sockets.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Connections the kernel holds until they are accepted. */
#define BACKLOG 128

struct address unix_address(const char *path) {
  struct address address = {.kind = ADDRESS_UNIX};
  if (strlen(path) >= sizeof address.path) refuse("the path of a socket is too long\n");
  memcpy(address.path, path, strlen(path));
  return address;
}

struct address vsock_address(uint32_t cid, uint32_t port) {
  return (struct address){.kind = ADDRESS_VSOCK, .cid = cid, .port = port};
}

union socket_address {
  struct sockaddr any;
  struct sockaddr_un un;
  struct sockaddr_vm vm;
};

static socklen_t fill(const struct address *address, union socket_address *to) {
  memset(to, 0, sizeof *to);
  if (address->kind == ADDRESS_UNIX) {
    to->un.sun_family = AF_UNIX;
    memcpy(to->un.sun_path, address->path, sizeof to->un.sun_path);
    return sizeof to->un;
  }
  to->vm.svm_family = AF_VSOCK;
  to->vm.svm_cid = address->cid;
  to->vm.svm_port = address->port;
  return sizeof to->vm;
}

static int open_socket(const struct address *address) {
  int family = address->kind == ADDRESS_UNIX ? AF_UNIX : AF_VSOCK;
  return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* A listening socket, or the end of this process: there is no machine without its listeners. */
int listen_at(struct address address) {
  union socket_address to;
  socklen_t length = fill(&address, &to);
  int fd = open_socket(&address);
  if (fd < 0 || bind(fd, &to.any, length) != 0 || listen(fd, BACKLOG) != 0)
    refuse("cannot listen on %s port %u: %s\n", address.path, address.port, strerror(errno));
  return fd;
}

/* A socket that is connected, or will be when `*pending`; -1 when nobody listens. */
int connect_to(const struct address *address, bool *pending) {
  union socket_address to;
  socklen_t length = fill(address, &to);
  int fd = open_socket(address);
  *pending = false;
  if (fd < 0) return -1;
  if (connect(fd, &to.any, length) == 0) return fd;
  *pending = errno == EINPROGRESS;
  if (*pending) return fd;
  close(fd);
  return -1;
}
