/** OpenSSH's ssh-agent with one Ed25519 key, as the yardstick of a signing daemon. */

import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isListening } from '../stack/children.ts';
import { addIdentity, sshKeyBlob } from './requests.ts';

const READY_MS = 5_000;
const POLL_MS = 20;
/** SSH_AGENT_SUCCESS, in its frame. */
const SUCCESS = Buffer.of(0, 0, 0, 1, 6);

export interface SshAgent {
  readonly socket: string;
  /** How requests name the key, base64. */
  readonly keyBlob: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts an agent in `folder`, or gives null where there is none on this machine. */
export async function startSshAgent(folder: string): Promise<SshAgent | null> {
  const socket = join(folder, 'ssh.sock');
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  const isGone = once(child, 'exit').then(
    () => true,
    () => true,
  );
  for (let waited = 0; !(await isListening(socket)); waited += POLL_MS) {
    const gone = await Promise.race([isGone, delay(POLL_MS, false)]);
    if (gone || waited > READY_MS) return null;
  }
  const keyBlob = await addKey(socket);
  const stop = async () => {
    child.kill();
    await isGone;
  };
  return { socket, keyBlob: keyBlob.toString('base64'), pid: child.pid ?? 0, stop };
}

async function addKey(path: string): Promise<Buffer> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const socket = connect(path);
  socket.write(addIdentity(seed, key));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  if (!answer.equals(SUCCESS)) throw new Error('ssh-agent does not take the key');
  return sshKeyBlob(key);
}
