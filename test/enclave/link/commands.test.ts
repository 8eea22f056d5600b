import fc from 'fast-check';
import t from 'tap';
import {
  commandSigningBytes,
  decodeCommandBody,
  encodeCommandBody,
  openCommand,
  sealCommand,
} from '../../../enclave/link/commands.ts';
import { KMS_SIGN_BYTES } from '../../../enclave/link/limits.ts';
import type { CommandPayload } from '../../../enclave/link/schema/command.ts';
import { makeKey } from '../../keys.ts';

const owner = makeKey('owner');
const other = makeKey('other');
const body = encodeCommandBody('pause', {});

const payload: CommandPayload = {
  v: 1,
  wallet: 'alice',
  boot: new Uint8Array(32).fill(7),
  seq: 3,
  notAfter: 1_800_000_000_000n,
  command: 'pause',
  bodyHash: body.hash,
};
const signBy = (by: typeof owner, what: CommandPayload) => ({
  key: by.key,
  signature: by.sign(commandSigningBytes(what, by.key)),
});

t.test('a command opens to what was signed, and names its signer', (t) => {
  const { payload: opened, signers } = openCommand(sealCommand(payload, [signBy(owner, payload)]));
  t.match(opened, { wallet: 'alice', seq: 3, command: 'pause' });
  t.strictSame(
    signers.map((key) => Buffer.from(key).toString('hex')),
    [Buffer.from(owner.key).toString('hex')],
  );
  t.strictSame(decodeCommandBody('pause', body.bytes, body.hash), {});
  t.end();
});

t.test('one signer counts once, two count as two', (t) => {
  const twice = sealCommand(payload, [signBy(owner, payload), signBy(owner, payload)]);
  t.equal(openCommand(twice).signers.length, 1);
  t.equal(openCommand(sealCommand(payload, [signBy(owner, payload), signBy(other, payload)])).signers.length, 2);
  t.end();
});

const otherPayload = { ...payload, seq: 4 };
const sealed = sealCommand(payload, [signBy(owner, payload)]);
const message = sealed[0] as Uint8Array;
const REFUSED: [what: string, envelope: Uint8Array[], code: string][] = [
  [
    'a signature by another key',
    sealCommand(payload, [{ key: owner.key, signature: signBy(other, payload).signature }]),
    'command-signature',
  ],
  ['a signature over another payload', sealCommand(payload, [signBy(owner, otherPayload)]), 'command-signature'],
  [
    'two payloads in one envelope',
    [...sealed, ...sealCommand(otherPayload, [signBy(owner, otherPayload)])],
    'command-malformed',
  ],
  [
    'one good signature and one bad',
    [...sealed, ...sealCommand(payload, [{ key: other.key, signature: new Uint8Array(64) }])],
    'command-signature',
  ],
  ['a COSE tag before it', [Buffer.concat([Uint8Array.of(0xd2), message])], 'command-malformed'],
  ['a byte after it', [Buffer.concat([message, Uint8Array.of(0)])], 'command-malformed'],
  ['nothing', [new Uint8Array()], 'command-malformed'],
];

for (const [what, envelope, code] of REFUSED) {
  t.test(`refused: ${what}`, (t) => {
    t.throws(() => openCommand(envelope), { code });
    t.end();
  });
}

t.test('every single flipped bit of a command is refused', (t) => {
  for (let bit = 0; bit < message.length * 8; bit++) {
    const flipped = Buffer.from(message);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    t.throws(() => openCommand([flipped]), `bit ${bit}`);
  }
  t.end();
});

t.test('a body is held against the signed hash and its own schema', (t) => {
  t.throws(() => decodeCommandBody('pause', encodeCommandBody('resume', {}).bytes, new Uint8Array(32)), {
    code: 'command-body',
  });
  t.throws(() => decodeCommandBody('deny', body.bytes, body.hash), { code: 'command-malformed' });
  t.throws(() => encodeCommandBody('pause', { extra: 1 } as never), { code: 'command-malformed' });
  t.end();
});

t.test('whatever is cut or made up is refused, never a crash', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      try {
        openCommand([bytes]);
        return false;
      } catch (error) {
        return ['command-malformed', 'command-signature', 'cbor-malformed'].includes(
          (error as { code?: string }).code ?? '',
        );
      }
    }),
    { numRuns: 300, seed: 3 },
  );
  t.end();
});

t.test('what KMS has to sign fits its limit whatever the body', (t) => {
  t.ok(commandSigningBytes(payload, owner.key).length < KMS_SIGN_BYTES / 8);
  t.end();
});
