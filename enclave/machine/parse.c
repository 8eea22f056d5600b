#include "machine.h"

#include <string.h>

static const char CID_OPTION[] = "reeve.parent_cid=";

static bool read_u32(const char *text, size_t length, uint32_t *value) {
  uint64_t sum = 0;
  if (length == 0 || length > 10 || (length > 1 && text[0] == '0')) return false;
  for (size_t i = 0; i < length; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    sum = sum * 10 + (uint64_t)(text[i] - '0');
  }
  *value = (uint32_t)sum;
  return sum <= UINT32_MAX;
}

/*
 * The parent's CID: PARENT_CID, or the one number after `reeve.parent_cid=` on the kernel command line. False for a number that is no other
 * machine's (0 and 1 are this one, the greatest is everyone) and for two of them.
 */
bool parse_parent_cid(const char *command_line, uint32_t *cid) {
  bool found = false;
  *cid = PARENT_CID;
  for (const char *word = command_line; *word != '\0';) {
    size_t length = strcspn(word, " \t\n");
    size_t name = sizeof CID_OPTION - 1;
    if (length >= name && memcmp(word, CID_OPTION, name) == 0) {
      if (found || !read_u32(word + name, length - name, cid) || *cid < 2 || *cid == UINT32_MAX) return false;
      found = true;
    }
    word += length;
    word += strspn(word, " \t\n");
  }
  return true;
}

/*
 * Whether the trust file holds the line `"field": value`. The file is measured and written by the recipe, one field a line: this is no JSON
 * reader, and what it does not find is the strict rule. Node reads the same file in full and checks it.
 */
bool trust_says(const char *trust, const char *field, const char *value) {
  size_t name = strlen(field);
  size_t said = strlen(value);
  for (const char *line = trust; *line != '\0';) {
    size_t length = strcspn(line, "\n");
    const char *at = line + strspn(line, " ");
    size_t left = length - (size_t)(at - line);
    if (left > 0 && at[left - 1] == ',') left--;
    if (left == name + said + 4 && at[0] == '"' && memcmp(at + 1, field, name) == 0 &&
        memcmp(at + 1 + name, "\": ", 3) == 0 && memcmp(at + name + 4, value, said) == 0)
      return true;
    line += length;
    if (*line == '\n') line++;
  }
  return false;
}

struct cursor {
  const uint8_t *at;
  const uint8_t *end;
};

static bool take(struct cursor *in, uint8_t byte) {
  if (in->at == in->end || *in->at != byte) return false;
  in->at++;
  return true;
}

static bool take_text(struct cursor *in, const char *text) {
  size_t length = strlen(text); /* at most 23: the length is part of the first byte */
  if ((size_t)(in->end - in->at) < 1 + length || *in->at != 0x60 + length || memcmp(in->at + 1, text, length) != 0) return false;
  in->at += 1 + length;
  return true;
}

static bool take_pcr(struct cursor *in, uint8_t pcr[PCR_BYTES]) {
  if (!take(in, 0x58) || !take(in, PCR_BYTES) || (size_t)(in->end - in->at) < PCR_BYTES) return false;
  memcpy(pcr, in->at, PCR_BYTES);
  in->at += PCR_BYTES;
  return true;
}

/* A PCR's state: a map of `lock` (true or false) and `data`, each once, in either order. */
static bool take_state(struct cursor *in, uint8_t pcr[PCR_BYTES]) {
  bool indefinite = take(in, 0xbf);
  bool lock = false;
  bool data = false;
  if (!indefinite && !take(in, 0xa2)) return false;
  for (int i = 0; i < 2; i++) {
    if (!lock && take_text(in, "lock")) {
      lock = true;
      if (!take(in, 0xf5) && !take(in, 0xf4)) return false;
    } else if (!data && take_text(in, "data")) {
      data = true;
      if (!take_pcr(in, pcr)) return false;
    } else {
      return false;
    }
  }
  return !indefinite || take(in, 0xff);
}

/* The NSM's answer to DescribePCR, CBOR `{"DescribePCR": {"lock": bool, "data": bytes}}`; maps may be of indefinite length. */
bool parse_describe_pcr(const uint8_t *bytes, size_t length, uint8_t pcr[PCR_BYTES]) {
  struct cursor in = {bytes, bytes + length};
  bool indefinite = take(&in, 0xbf);
  if (!indefinite && !take(&in, 0xa1)) return false;
  if (!take_text(&in, "DescribePCR") || !take_state(&in, pcr)) return false;
  return (!indefinite || take(&in, 0xff)) && in.at == in.end;
}
