/** What goes over the sockets of a bench, as bytes made before the clock starts. */

/** A whole transaction (base64) whose amount, a little-endian u64, may be replaced. Its message begins at `messageAt`. */
export interface PaymentForm {
  readonly wire: string;
  readonly amountAt: number;
  readonly messageAt: number;
}

/** Bytes to send, one after the other, each only once. */
export type Take = () => Buffer;

/** Transactions that differ from each other: the first `forms.length` pay `from` lamports or base units, the next one more. */
export function takeTransactions(forms: readonly PaymentForm[], from: number): () => { wire: Buffer; message: Buffer } {
  const wires = forms.map(({ wire }) => Buffer.from(wire, 'base64'));
  let next = 0;
  return () => {
    const index = next % forms.length;
    const { amountAt, messageAt } = forms[index] as PaymentForm;
    const wire = Buffer.from(wires[index] as Buffer);
    wire.writeBigUInt64LE(BigInt(from + Math.floor(next / forms.length)), amountAt);
    next += 1;
    return { wire, message: wire.subarray(messageAt) };
  };
}

/** `POST` requests of an agent, each with a transaction of its own. */
export function takePosts(path: string, forms: readonly PaymentForm[], from: number): Take {
  const next = takeTransactions(forms, from);
  const head = `POST ${path} HTTP/1.1\r\nhost: reeve\r\ncontent-type: application/json\r\ncontent-length: `;
  return () => {
    const body = `{"transaction":"${next().wire.toString('base64')}"}`;
    return Buffer.from(`${head}${body.length}\r\n\r\n${body}`, 'latin1');
  };
}

/** SSH2_AGENTC_SIGN_REQUEST for the same messages. */
export function takeAgentRequests(keyBlob: Uint8Array, forms: readonly PaymentForm[], from: number): Take {
  const next = takeTransactions(forms, from);
  return () => frameAgent(SIGN_REQUEST, sshString(keyBlob), sshString(next().message), Buffer.alloc(4));
}

/** Message numbers of the SSH agent protocol (draft-miller-ssh-agent). */
const SIGN_REQUEST = 13;
const ADD_IDENTITY = 17;
const KEY_TYPE = 'ssh-ed25519';

function sshString(bytes: Uint8Array | string): Buffer {
  const content = Buffer.from(bytes as Uint8Array);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

function frameAgent(type: number, ...parts: readonly Buffer[]): Buffer {
  return sshString(Buffer.concat([Buffer.of(type), ...parts]));
}

/** How the agent protocol names a public key. */
export function sshKeyBlob(publicKey: Uint8Array): Buffer {
  return Buffer.concat([sshString(KEY_TYPE), sshString(publicKey)]);
}

/** The message that gives the agent a key: seed and public key, 32 bytes each. */
export function addIdentity(seed: Uint8Array, publicKey: Uint8Array): Buffer {
  const pair = sshString(Buffer.concat([seed, publicKey]));
  return frameAgent(ADD_IDENTITY, sshString(KEY_TYPE), sshString(publicKey), pair, sshString('bench'));
}
