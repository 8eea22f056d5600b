#include "machine.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* Files a process may have open. */
#define FILES_MAX 1024
#define LAST_CAPABILITY 63

/* Becomes user and group `id` with nothing left of root, and no way back through any program. */
void drop_privileges(uint32_t id) {
  const struct rlimit core = {0, 0}, files = {FILES_MAX, FILES_MAX};
  if (setrlimit(RLIMIT_CORE, &core) != 0 || setrlimit(RLIMIT_NOFILE, &files) != 0) refuse("setrlimit: %s\n", strerror(errno));
  for (unsigned long capability = 0; capability <= LAST_CAPABILITY; capability++)
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL) refuse("capabilities: %s\n", strerror(errno));
  if (setgroups(0, NULL) != 0 || setresgid(id, id, id) != 0 || setresuid(id, id, id) != 0)
    refuse("cannot become user %u: %s\n", id, strerror(errno));
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) refuse("no_new_privs: %s\n", strerror(errno));
}

#define AT(field) (uint32_t)offsetof(struct seccomp_data, field)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT(field))
#define IF(test, value, skip) BPF_JUMP(BPF_JMP | test | BPF_K, value, 0, skip)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define FAIL(number) RETURN(SECCOMP_RET_ERRNO | (number))
#define DENY(name) IF(BPF_JEQ, __NR_##name, 1), FAIL(EPERM)

/*
 * What Node never needs: other processes, sockets but Unix ones, other processes' memory, the kernel's less used corners. Anything else is
 * allowed: Node's own needs change, and its permission model has already said no to files, workers and addons.
 */
static struct sock_filter FILTER[] = {
    LOAD(arch), IF(BPF_JEQ, AUDIT_ARCH_X86_64, 1), BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr), IF(BPF_JGE, 0x40000000, 1), RETURN(SECCOMP_RET_KILL_PROCESS),
    /* The C library falls back to clone, whose flags can be seen: threads only. */
    IF(BPF_JEQ, __NR_clone3, 1), FAIL(ENOSYS), DENY(fork), DENY(vfork),
    IF(BPF_JEQ, __NR_clone, 4), LOAD(args[0]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0), FAIL(EPERM),
    RETURN(SECCOMP_RET_ALLOW),
    IF(BPF_JEQ, __NR_socket, 4), LOAD(args[0]), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0), FAIL(EAFNOSUPPORT),
    RETURN(SECCOMP_RET_ALLOW),
    IF(BPF_JEQ, __NR_socketpair, 4), LOAD(args[0]), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0), FAIL(EAFNOSUPPORT),
    RETURN(SECCOMP_RET_ALLOW),
    DENY(ptrace), DENY(process_vm_readv), DENY(process_vm_writev), DENY(pidfd_getfd), DENY(kcmp), DENY(mount), DENY(umount2),
    DENY(pivot_root), DENY(chroot), DENY(open_tree), DENY(move_mount), DENY(fsopen), DENY(fsmount), DENY(fsconfig), DENY(mount_setattr),
    DENY(unshare), DENY(setns), DENY(bpf), DENY(perf_event_open), DENY(userfaultfd), DENY(keyctl), DENY(add_key), DENY(request_key),
    DENY(io_uring_setup), DENY(io_uring_enter), DENY(io_uring_register), DENY(init_module), DENY(finit_module), DENY(delete_module),
    DENY(kexec_load), DENY(kexec_file_load), DENY(reboot), DENY(iopl), DENY(ioperm), DENY(modify_ldt), DENY(personality), DENY(syslog),
    DENY(open_by_handle_at), DENY(vmsplice), DENY(execveat), RETURN(SECCOMP_RET_ALLOW),
};

/* The same as in development (scripts/stack/enclave-flags.ts), and one file more to read. */
static char *const ARGUMENTS[] = {
    "/app/node", "--permission", "--allow-fs-read=/app/enclave.mjs", "--allow-fs-read=/app/trust",
    "--allow-fs-read=/sys/devices/system/clocksource/clocksource0/current_clocksource", "--allow-net", "--disable-proto=delete",
    "--disable-sigusr1", "--disallow-code-generation-from-strings", "--frozen-intrinsics", "--disable-warning=ExperimentalWarning",
    "--max-old-space-size=256", "/app/enclave.mjs", "--trust", TRUST_FILE, "--agent", AGENT_SOCKET, "--owner", OWNER_SOCKET,
    "--nsm", NSM_SOCKET, "--kms", KMS_SOCKET, NULL};

/* Becomes Node with an empty environment. It cannot make another process, so the program it is now is the last one it is. */
_Noreturn void become_node(void) {
  char *const nothing[] = {NULL};
  struct sock_fprog program = {sizeof FILTER / sizeof FILTER[0], FILTER};
  drop_privileges(NODE_ID);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) refuse("seccomp: %s\n", strerror(errno));
  execve(ARGUMENTS[0], ARGUMENTS, nothing);
  refuse("cannot start Node: %s\n", strerror(errno));
}
