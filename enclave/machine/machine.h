/* The machine program: the only code in the image that touches the machine; README.md says what it does. */
#ifndef REEVE_MACHINE_H
#define REEVE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Users and groups of the three processes; files of the image belong to root. */
#define NODE_ID 1000
#define NSM_ID 1001
#define BRIDGE_ID 1002

/* vsock ports: the two planes and the KMS relay as the host proxy knows them, the heartbeat as Nitro does. */
#define AGENT_PORT 5000
#define OWNER_PORT 5001
#define RELAY_PORT 8000
#define HEARTBEAT_PORT 9000
/* The parent of an enclave on Nitro; another one on the kernel command line serves emulation. */
#define PARENT_CID 3

#define AGENT_SOCKET "/run/node/agent.sock"
#define OWNER_SOCKET "/run/node/owner.sock"
#define NSM_SOCKET "/run/nsm.sock"
#define KMS_SOCKET "/run/kms.sock"
#define TRUST_FILE "/app/trust"

/* Bytes of a file that is read whole: the trust file, /proc and /sys entries. */
#define FILE_BYTES 16384
#define PCR_BYTES 48
/* Bytes of one NSM request and of one answer: the driver's own limits. */
#define NSM_REQUEST_BYTES 4096
#define NSM_ANSWER_BYTES 12288

/* One line to the console, which the parent sees in a debug enclave only; and one that ends this process, and with it the machine. */
#define log_line(...) ((void)dprintf(STDERR_FILENO, "machine: " __VA_ARGS__))
#define refuse(...) (log_line(__VA_ARGS__), exit(1))

/* parse.c: readers of text and bytes. None of them reads past `length`, none keeps a pointer. */
bool parse_parent_cid(const char *command_line, uint32_t *cid);
bool trust_says(const char *trust, const char *field, const char *value);
bool parse_describe_pcr(const uint8_t *bytes, size_t length, uint8_t pcr[PCR_BYTES]);

/* address.c */
struct address {
  enum { ADDRESS_UNIX, ADDRESS_VSOCK } kind;
  uint32_t cid;
  uint32_t port;
  char path[108];
};
struct address unix_address(const char *path);
struct address vsock_address(uint32_t cid, uint32_t port);
int listen_at(struct address address);
int connect_to(const struct address *address, bool *pending);

/* bridge.c: carries bytes between what arrives at `listener` and a new connection to `target`, for ever. */
struct rule {
  int listener;
  struct address target;
};
_Noreturn void run_bridge(const struct rule *rules, size_t count);

/* nsm.c */
bool exchange_nsm(int device, const uint8_t *request, size_t length, uint8_t *answer, size_t *answered);
_Noreturn void serve_nsm(int listener, int device);

/* checks.c: what must be true before anything is started. */
void read_text(const char *path, char text[FILE_BYTES]);
void check_machine(const char *trust, int nsm);
void greet_parent(uint32_t cid);

/* mounts.c */
void mount_all(void);
void seal_mounts(void);

/* node.c */
void drop_privileges(uint32_t id);
_Noreturn void become_node(void);

#endif
