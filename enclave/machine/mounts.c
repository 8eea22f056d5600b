#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define INERT (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static void mount_at(const char *kind, const char *path, unsigned long flags, const char *options) {
  if (mount(kind, path, kind, flags, options) != 0) refuse("cannot mount %s: %s\n", path, strerror(errno));
}

static void must(int result, const char *what) {
  if (result != 0) refuse("%s: %s\n", what, strerror(errno));
}

/* Devices, what the kernel tells, and the one place where a file can be made: 64 KiB and 32 names for sockets. Then the console. */
void mount_all(void) {
  mount_at("devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755");
  int console = open("/dev/console", O_WRONLY | O_NOCTTY);
  int nothing = open("/dev/null", O_RDONLY);
  if (console < 0 || nothing < 0) refuse("no console\n");
  if (dup2(nothing, 0) < 0 || dup2(console, 1) < 0 || dup2(console, 2) < 0) refuse("no console\n");
  if (console > 2) close(console);
  if (nothing > 2) close(nothing);
  mount_at("proc", "/proc", INERT, "hidepid=2");
  mount_at("sysfs", "/sys", INERT | MS_RDONLY, NULL);
  mount_at("tmpfs", "/run", INERT, "size=64k,nr_inodes=32,mode=0755");
  must(mkdir("/run/node", 0700), "/run/node");
  must(chown("/run/node", NODE_ID, BRIDGE_ID), "/run/node");
  must(chmod("/run/node", S_ISGID | 0710), "/run/node");
}

/* After this nothing but /run can be written, and no process but this one opens the NSM, the kernel's log or the console. */
void seal_mounts(void) {
  must(chmod("/dev/nsm", 0600), "/dev/nsm");
  must(chmod("/dev/console", 0600), "/dev/console");
  must(chmod("/dev/kmsg", 0600), "/dev/kmsg");
  must(mount(NULL, "/dev", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL), "/dev");
  must(mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | INERT, NULL), "/proc");
  must(mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL), "/");
}
