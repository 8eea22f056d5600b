/*
 * Runs the machine program's parts on any machine, under sanitizers: `bridge LISTEN TARGET [LISTEN TARGET ...]` with Unix paths, `nsm PATH` with a device
 * that answers a request backwards, `parse` for inputs on stdin (kind, u32 big-endian length, bytes), one line of verdict each.
 */
#include "../../../enclave/machine/machine.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

struct raw {
  uint64_t request;
  uint64_t request_length;
  uint64_t answer;
  uint64_t answer_length;
};

/* Stands for the device (linked with --wrap=ioctl). A request that starts with 0 gets as many bytes as it says next, one with 255 an error. */
int __wrap_ioctl(int fd, unsigned long command, ...);
int __wrap_ioctl(int fd, unsigned long command, ...) {
  va_list values;
  va_start(values, command);
  struct raw *raw = va_arg(values, struct raw *);
  va_end(values);
  (void)fd;
  const uint8_t *request = (const uint8_t *)(uintptr_t)raw->request;
  uint8_t *answer = (uint8_t *)(uintptr_t)raw->answer;
  if (command != 0xc0200a00 || raw->answer_length != NSM_ANSWER_BYTES || request[0] == 255) return -1;
  size_t length = (size_t)raw->request_length;
  if (request[0] == 0 && length == 3) {
    raw->answer_length = (uint64_t)request[1] << 8 | request[2];
    if (raw->answer_length <= NSM_ANSWER_BYTES) memset(answer, 7, (size_t)raw->answer_length);
    return 0;
  }
  for (size_t i = 0; i < length; i++) answer[i] = request[length - 1 - i];
  raw->answer_length = length;
  return 0;
}

static void judge(int kind, const uint8_t *bytes, size_t length) {
  uint8_t pcr[PCR_BYTES];
  uint32_t cid = 0;
  switch (kind) {
    case 'c':
      if (parse_parent_cid((const char *)bytes, &cid)) printf("%u\n", cid);
      else puts("refused");
      return;
    case 't':
      puts(trust_says((const char *)bytes, "refuseDebug", "false") ? "lax" : "strict");
      return;
    default:
      if (!parse_describe_pcr(bytes, length, pcr)) {
        puts("refused");
        return;
      }
      for (size_t i = 0; i < PCR_BYTES; i++) printf("%02x", pcr[i]);
      puts("");
  }
}

static int parse_all(void) {
  uint8_t head[5];
  while (fread(head, 1, sizeof head, stdin) == sizeof head) {
    size_t length = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
    size_t room = length + (head[0] == 'p' ? 0 : 1);
    uint8_t *bytes = malloc(room == 0 ? 1 : room);
    if (bytes == NULL || fread(bytes, 1, length, stdin) != length) return 1;
    if (head[0] != 'p') bytes[length] = '\0';
    judge(head[0], bytes, length);
    free(bytes);
  }
  return 0;
}

static int listen_on(const char *path) {
  int fd = listen_at(unix_address(path));
  if (chmod(path, 0600) != 0) exit(1);
  return fd;
}

int main(int count, char **words) {
  struct rule rules[3];
  size_t used = 0;
  if (count == 2 && strcmp(words[1], "parse") == 0) return parse_all();
  if (count == 3 && strcmp(words[1], "nsm") == 0) serve_nsm(listen_on(words[2]), 0);
  if (count < 4 || count % 2 != 0 || count > 8 || strcmp(words[1], "bridge") != 0) return 2;
  for (int i = 2; i < count; i += 2, used++) rules[used] = (struct rule){listen_on(words[i]), unix_address(words[i + 1])};
  run_bridge(rules, used);
}
