#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* A Unix listener that Node may connect to, and nobody else. */
static int listen_for_node(const char *path) {
  int fd = listen_at(unix_address(path));
  if (chmod(path, 0600) != 0 || chown(path, NODE_ID, NODE_ID) != 0) refuse("%s: %s\n", path, strerror(errno));
  return fd;
}

/* In the child: every process of the machine ends with process 1. */
static bool start_child(pid_t *child) {
  *child = fork();
  if (*child < 0) refuse("fork: %s\n", strerror(errno));
  return *child == 0;
}

static pid_t start_nsm_channel(int device) {
  pid_t child;
  int listener = listen_for_node(NSM_SOCKET);
  if (start_child(&child)) {
    drop_privileges(NSM_ID);
    serve_nsm(listener, device);
  }
  close(listener);
  return child;
}

static pid_t start_bridge(uint32_t parent) {
  pid_t child;
  struct rule rules[] = {
      {listen_at(vsock_address(VMADDR_CID_ANY, AGENT_PORT)), unix_address(AGENT_SOCKET)},
      {listen_at(vsock_address(VMADDR_CID_ANY, OWNER_PORT)), unix_address(OWNER_SOCKET)},
      {listen_for_node(KMS_SOCKET), vsock_address(parent, RELAY_PORT)},
  };
  if (start_child(&child)) {
    drop_privileges(BRIDGE_ID);
    run_bridge(rules, sizeof rules / sizeof rules[0]);
  }
  return child;
}

/* Everything there is to start. Returns when one of the three has ended; orphans, which Node cannot make, would be reaped. */
static void run(void) {
  static char trust[FILE_BYTES];
  static char command_line[FILE_BYTES];
  uint32_t parent = 0;
  mount_all();
  read_text(TRUST_FILE, trust);
  read_text("/proc/cmdline", command_line);
  if (!parse_parent_cid(command_line, &parent)) refuse("refused: reeve.parent_cid is not the CID of another machine\n");
  int device = open("/dev/nsm", O_RDWR | O_CLOEXEC);
  if (device < 0) refuse("no NSM: %s\n", strerror(errno));
  check_machine(trust, device);
  seal_mounts();
  const pid_t nsm = start_nsm_channel(device);
  close(device);
  const pid_t bridge = start_bridge(parent);
  greet_parent(parent);
  pid_t node;
  if (start_child(&node)) become_node();
  pid_t ended = 0;
  int status = 0;
  do ended = wait(&status);
  while (ended != node && ended != nsm && ended != bridge && !(ended < 0 && errno == ECHILD));
  const char *name = ended == node ? "node" : ended == nsm ? "nsm" : "bridge";
  log_line("%s ended, status %d: so does this machine\n", name, status);
}

/* At the end of process 1. A child's end is seen by `wait`. */
static void end_machine(void) {
  if (getpid() == 1) reboot(RB_AUTOBOOT);
}

/* A refusal anywhere below ends this process in order, and the machine with it. */
int main(void) {
  if (getpid() != 1) {
    log_line("this is the first program of an enclave, not one to run by hand\n");
    return 2;
  }
  if (atexit(end_machine) != 0) return 1;
  run();
  return 0;
}
