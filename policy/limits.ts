/** Every limit of the policy document and of what the engine keeps, with its unit. */

/** Bytes of a policy document in its canonical form. */
export const POLICY_BYTES_MAX = 256 * 1024;
/** Levels of nesting in a policy document. */
export const JSON_DEPTH_MAX = 16;
/** Assets of a policy, SOL and `signatures` included. */
export const ASSETS_MAX = 32;
/** Recipient groups of a policy. */
export const GROUPS_MAX = 256;
/** Owners in all recipient groups together. */
export const OWNERS_MAX = 2_048;
/** Owners that one request may name. */
export const NAMED_OWNERS_MAX = 64;
/** Windows of one budget. */
export const WINDOWS_MAX = 8;
/** Seconds of the shortest window. */
export const WINDOW_SECONDS_MIN = 60;
/** Seconds of the longest window: 366 days. */
export const WINDOW_SECONDS_MAX = 31_622_400;
/** Seconds between two signatures that a policy may ask for: 31 days. */
export const COOLDOWN_SECONDS_MAX = 2_678_400;
/** Seconds of the shortest longest lease a policy may ask for. */
export const LEASE_SECONDS_MIN = 60;
/** Seconds of the longest lease: 31 days. */
export const LEASE_SECONDS_MAX = 2_678_400;
/** Bytes of memos in one transaction that a policy may allow. */
export const MEMO_BYTES_MAX = 1_024;
/** Programs that a policy describes itself, and programs that need approval. */
export const CALLED_PROGRAMS_MAX = 48;
/** Calls described of one program, and of each call fields, accounts and charges. */
export const CALLS_MAX = 32;
export const CALL_FIELDS_MAX = 32;
export const CALL_ACCOUNTS_MAX = 64;
export const CALL_CHARGES_MAX = 8;
/** Bytes of the longest message: what an offset into instruction data can reach. */
export const MESSAGE_BYTES_MAX = 4_096;
/** Addresses or domains that one allowance may name. */
export const ALLOWED_ADDRESSES_MAX = 256;
/** Lookup tables a policy may pin, and addresses of one: a table holds no more. */
export const TABLES_MAX = 32;
export const TABLE_ADDRESSES_MAX = 256;
/** Squads vaults of one policy, spending limits of one vault, members of its multisig. */
export const VAULTS_MAX = 16;
export const SPENDING_LIMITS_MAX = 32;
export const VAULT_MEMBERS_MAX = 1_000;
/** Bytes of text in an off-chain message. */
export const MESSAGE_TEXT_BYTES_MAX = 4_096;
/** Seconds a sign-in may be valid: 31 days. */
export const SIGN_IN_SECONDS_MAX = 2_678_400;
/** Milliseconds a sign-in's own time may differ from the enclave's. */
export const SIGN_IN_SKEW_MS = 600_000;
/** Keys of one role. */
export const ROLE_KEYS_MAX = 16;
/** Seconds an approval may wait or be used: 31 days. */
export const TTL_SECONDS_MAX = 2_678_400;
/** Approvals of one wallet that wait at the same time. */
export const PENDING_MAX = 256;
/** Effects of one judgement, those inside proposals included: what can be shown to whoever approves. */
export const EFFECTS_MAX = 32;
/** UTF-8 bytes of these effects as JSON, so that an approval of them fits one frame of the agent plane. Their CBOR is never longer. */
export const EFFECTS_BYTES_MAX = 9 * 1024;
/** Violations reported of one judgement; the decision counts all. */
export const VIOLATIONS_REPORTED_MAX = 64;
/** Budget lines of one ledger. Only payments to ever new recipients of an open group come near. */
export const LEDGER_LINES_MAX = 2_048;
/** Charges one lease may carry; more are merged per asset. */
export const LEASE_CHARGES_MAX = 256;
/** The largest amount on chain and on the wire. */
export const U64_MAX = 2n ** 64n - 1n;
/** Milliseconds that two trusted clocks may differ, counted against the wallet. */
export const CLOCK_MARGIN_MS = 30_000;
