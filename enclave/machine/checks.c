#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define RNG_FILE "/sys/class/misc/hw_random/rng_current"
#define CLOCK_FILE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define HEARTBEAT 0xb7
/* Milliseconds the parent may take for the heartbeat. */
#define HEARTBEAT_MS 5000

/* A whole small file with a zero at its end, without the line break before it. */
void read_text(const char *path, char text[FILE_BYTES]) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  size_t length = 0;
  if (fd < 0) refuse("cannot read %s: %s\n", path, strerror(errno));
  for (ssize_t got = 1; got > 0; length += (size_t)got) {
    got = read(fd, text + length, FILE_BYTES - 1 - length);
    if (got < 0) refuse("cannot read %s: %s\n", path, strerror(errno));
  }
  close(fd);
  if (length == FILE_BYTES - 1) refuse("%s is too long\n", path);
  text[length] = '\0';
  if (length > 0 && text[length - 1] == '\n') text[length - 1] = '\0';
}

static void check_text(const char *path, const char *expected, bool lax) {
  char text[FILE_BYTES];
  read_text(path, text);
  log_line("%s is %s\n", path, text);
  if (!lax && strcmp(text, expected) != 0) refuse("refused: it must be %s\n", expected);
}

/* PCR0 of a debug enclave is zero: its parent reads this console, and anybody can start one. */
static void check_pcr0(const char *trust, int nsm) {
  static const uint8_t REQUEST[] = "\xa1\x6b" "DescribePCR" "\xa1\x65" "index" "\x00";
  static const uint8_t ZERO[PCR_BYTES];
  uint8_t answer[NSM_ANSWER_BYTES];
  uint8_t pcr[PCR_BYTES];
  size_t length = 0;
  if (!exchange_nsm(nsm, REQUEST, sizeof REQUEST - 1, answer, &length) || !parse_describe_pcr(answer, length, pcr))
    refuse("refused: the NSM does not say what PCR0 is\n");
  char hex[2 * PCR_BYTES + 1] = "";
  for (size_t i = 0; i < PCR_BYTES; i++) {
    hex[2 * i] = "0123456789abcdef"[pcr[i] >> 4];
    hex[2 * i + 1] = "0123456789abcdef"[pcr[i] & 15];
  }
  log_line("PCR0 is %s\n", hex);
  if (memcmp(pcr, ZERO, PCR_BYTES) != 0) return;
  log_line("DEBUG BOOT: the parent reads this console and the memory of this machine\n");
  if (!trust_says(trust, "refuseDebug", "false")) refuse("refused: the trust file takes no debug boot\n");
}

/* Random numbers from the NSM, time from the hypervisor, a measured image: or no start. Node checks once more, by the whole trust file. */
void check_machine(const char *trust, int nsm) {
  check_text(RNG_FILE, "nsm-hwrng", false);
  check_text(CLOCK_FILE, "kvm-clock", trust_says(trust, "clockSource", "\"any\""));
  check_pcr0(trust, nsm);
}

/* Tells the parent that the enclave is up, as Nitro's own init does. Emulators do not listen; a parent that does not answer gains nothing. */
void greet_parent(uint32_t cid) {
  const struct address parent = vsock_address(cid, HEARTBEAT_PORT);
  bool pending = false;
  uint8_t beat = HEARTBEAT;
  int fd = connect_to(&parent, &pending);
  struct pollfd slot = {.fd = fd, .events = POLLOUT};
  bool answered = fd >= 0 && poll(&slot, 1, HEARTBEAT_MS) == 1 && send(fd, &beat, 1, MSG_NOSIGNAL) == 1;
  slot.events = POLLIN;
  answered = answered && poll(&slot, 1, HEARTBEAT_MS) == 1 && recv(fd, &beat, 1, 0) == 1 && beat == HEARTBEAT;
  log_line("heartbeat to CID %u: %s\n", cid, answered ? "answered" : "no answer");
  close(fd);
}
