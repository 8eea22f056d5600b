/** Every limit of the wire, with its unit. Both sides refuse what is over. */

/** Bytes of one frame body on the agent plane. A Solana transaction is at most 4,096 bytes. */
export const AGENT_FRAME_BYTES = 16 * 1024;
/** Bytes of one frame body on the owner plane. */
export const OWNER_FRAME_BYTES = 64 * 1024;
/** Nesting of maps and arrays in one CBOR item. */
export const CBOR_DEPTH = 8;
/** Transactions judged together in one call. */
export const TRANSACTIONS_PER_CALL = 8;
/** Bytes of one wire transaction: a v1 transaction (SIMD-0385); older ones are at most 1,232, which the decoder knows. */
export const TRANSACTION_BYTES = 4096;
/** Recipients a request may name so that the enclave can derive their token accounts. */
export const OWNERS_PER_CALL = 64;
/** Wallets in one attestation. */
export const WALLETS_PER_ATTESTATION = 64;
/** Wallets closed by one `boot.close`. */
export const WALLETS_PER_CLOSE = 32;
/** Bytes of a policy document in its canonical form. */
export const POLICY_BYTES = 256 * 1024;
/** Bytes of one staged blob (a policy, or a run of receipts). */
export const BLOB_BYTES = 4 * 1024 * 1024;
/** Bytes of one part of a staged blob. */
export const BLOB_PART_BYTES = 48 * 1024;
/** Bytes of all blobs staged in the enclave at once. */
export const STAGED_BYTES = 32 * 1024 * 1024;
/** Receipts of one wallet the enclave keeps while the host has not said they are stored. */
export const UNSTORED_RECEIPTS = 1024;
/** Bytes of all unstored receipts the enclave keeps. */
export const UNSTORED_BYTES = 16 * 1024 * 1024;
/** Signatures a command may carry; version 1 needs one. */
export const COMMAND_SIGNATURES = 4;
/** Commands one signature may hold for: as many as wallets in one attestation. */
export const COMMANDS_PER_BATCH = 64;
/** Hashes beside the way to the root of that many commands. */
export const BATCH_DEPTH = 6;
/** Bytes of a message the owner may order to be signed: a whole version 1 transaction. */
export const TICKET_BYTES = 4096;
/** Bytes AWS KMS `Sign` takes with MessageType RAW. */
export const KMS_SIGN_BYTES = 4096;
/** Requests one connection may have in flight. */
export const REQUESTS_IN_FLIGHT = 1024;
/** Bytes a peer may leave unread before its connection is closed. */
export const UNREAD_BYTES = 1024 * 1024;
/** Effects of all transactions of one call together; more is refused, so that every decision fits its frame. */
export const EFFECTS_PER_CALL = 32;
/** Violations reported for one call. */
export const VIOLATIONS_PER_CALL = 24;
/** Bytes of the ledger's state in one checkpoint receipt; a longer state takes several, one after the other. */
export const CHECKPOINT_PART_BYTES = 8 * 1024;
/** Bytes of receipts one agent-plane reply carries at most; what does not fit is fetched with `receipts.since` on the owner plane. */
export const APPEND_BYTES = 12 * 1024;
/** Receipts between two checkpoints. */
export const CHECKPOINT_EVERY = 1000;
