/** Every limit of the enclave that is not one of the wire, with its unit. */

/** Wallets of one owner key: one owner may run thousands of agents, but not fill the enclave alone. */
export const WALLETS_PER_OWNER = 5_000;
/** Wallets of one enclave. */
export const WALLETS_PER_ENCLAVE = 10_000;
/** Connections one plane serves at once. */
export const CONNECTIONS_PER_PLANE = 64;
/** Requests of one connection served in a row while others wait. */
export const REQUESTS_PER_TURN = 8;
/** How long a frame may take from its first byte to its last: milliseconds. */
export const FRAME_DEADLINE_MS = 5_000;
/** How long a peer may leave replies unread: milliseconds. */
export const UNREAD_DEADLINE_MS = 10_000;
/** Bytes of a frame kept free for what stands around a reply's result. */
export const FRAME_MARGIN_BYTES = 512;
/** Bytes of a frame kept free for an attestation document. Those of AWS so far are under 5,000 bytes. */
export const DOCUMENT_BYTES = 6 * 1024;
/** Room for owner commands beyond the receipts a wallet may have unstored: a flood of requests must not keep `pause` out. */
export const COMMAND_HEADROOM_RECEIPTS = 64;
/** Likewise in bytes, over all wallets. */
export const COMMAND_HEADROOM_BYTES = 4 * 1024 * 1024;
/** Furthest end of an owner command from now: milliseconds. */
export const COMMAND_AHEAD_MS = 24 * 60 * 60 * 1000;
/** Sequence numbers a command may skip: enough for what never arrived, and no one command can use up all that are left. */
export const COMMAND_GAP = 1_024;
/** How long ids and message hashes are remembered: milliseconds. */
export const MEMORY_MS = 24 * 60 * 60 * 1000;
/** Messages and ids remembered per wallet, each. */
export const MEMORY_ENTRIES = 4_096;
/** Refusals of one wallet that get a receipt of their own in one second; further ones are folded into one. */
export const REFUSALS_PER_SECOND = 10;
/** How long folded refusals wait for their receipt at most: milliseconds. */
export const FOLD_MS = 1_000;
/** Bytes of the violations reported with an approval, and of those of a refusal. */
export const APPROVAL_VIOLATIONS_BYTES = 1536;
export const REFUSAL_VIOLATIONS_BYTES = 8 * 1024;
/** Bytes of the budget that comes with a signature or is read at once. */
export const BUDGET_BYTES = 8 * 1024;
/** Bytes no asset's budget exceeds: eight windows of five members, each a name and twenty digits, and its own members. */
export const ASSET_BUDGET_BYTES = 2 * 1024;
/** Decided approvals of one wallet that can still be read. */
export const DECIDED_APPROVALS = 64;
/** How long one key pair and attestation document serve the unsealing of wallets: milliseconds. */
export const RESTORE_PASS_MS = 5 * 60 * 1000;
/** How long a call to KMS may take, retries included: milliseconds. */
export const KMS_TIMEOUT_MS = 8_000;
/** Calls to KMS, the first included, before it counts as failed. */
export const KMS_ATTEMPTS = 2;
/** Connections to KMS at once. */
export const KMS_CONNECTIONS = 4;
/** How often the clock is set by the NSM: milliseconds. */
export const CLOCK_EVERY_MS = 60_000;
/** How soon after a reading that does not agree the NSM is asked again: milliseconds. */
export const CLOCK_RETRY_MS = 1_000;
/** Two readings that far apart must agree before a clock that was wrong is believed again: milliseconds. */
export const CLOCK_PROOF_MS = 900;
/** Age of the last reading at which the clock stops: milliseconds. */
export const CLOCK_MAX_AGE_MS = 90_000;
/** How far the NSM's time may step back behind what was shown before: milliseconds. */
export const CLOCK_BACKWARD_MS = 2_000;
/** How far the NSM and the machine's own counting of time may differ between two readings: milliseconds. */
export const CLOCK_DISAGREEMENT_MS = 5_000;
