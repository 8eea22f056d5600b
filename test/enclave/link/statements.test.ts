/** Statements: one form each, and a full attestation of wallets with usual policies fits one frame. */

import t from 'tap';
import { DOCUMENT_BYTES, FRAME_MARGIN_BYTES } from '../../../enclave/limits.ts';
import { decodeCbor, encodeCbor } from '../../../enclave/link/cbor.ts';
import { OWNER_FRAME_BYTES, WALLETS_PER_ATTESTATION } from '../../../enclave/link/limits.ts';
import type { AssetAmounts } from '../../../enclave/link/schema/results.ts';
import type { Statement } from '../../../enclave/link/schema/statement.ts';
import { decodeStatement, encodeStatement } from '../../../enclave/link/statements.ts';

const bytes = (value: number) => new Uint8Array(32).fill(value);
const mint = (value: number) => Buffer.from(bytes(value)).toString('hex');
const MINTS = [mint(0x20), mint(0xff)];

/** Every asset of the policy in every list, as in a boot that was restored and leased. */
function listAll(amount: bigint, mints: readonly string[] = MINTS): AssetAmounts {
  return [...mints, 'SOL', 'signatures'].sort().map((asset) => ({ asset, amount }));
}

function makeStatement(changes: Partial<Statement> = {}): Statement {
  return {
    v: 1,
    wallet: 'payments-eu-000123',
    agent: bytes(1),
    receiptKey: bytes(2),
    owner: bytes(3),
    roles: { renew: [bytes(4)], pause: [bytes(5)], approve: [bytes(6)] },
    kmsKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    policyHash: bytes(7),
    policyVersion: 3,
    boot: bytes(8),
    image: '0.1.0',
    mode: 'development',
    phase: 'active',
    time: 1_800_000_000_000n,
    commandSeq: 123_456,
    head: { seq: 1_234_567, hash: bytes(9) },
    spentInBoot: listAll(5n),
    lastLease: 123_456,
    ceiling: listAll(9n),
    until: 1_800_000_000_000n,
    closed: false,
    m: 123_455,
    mBoot: bytes(10),
    mSpent: listAll(2n ** 64n - 1n),
    mClosed: false,
    ...changes,
  };
}

t.test(`${WALLETS_PER_ATTESTATION} statements of wallets with four assets and a document fit a frame`, (t) => {
  const statement = encodeStatement(makeStatement());
  const room = OWNER_FRAME_BYTES - DOCUMENT_BYTES - FRAME_MARGIN_BYTES;
  const full = encodeCbor(Array.from({ length: WALLETS_PER_ATTESTATION }, () => statement)).length;
  t.ok(full <= room, `${full} of ${room} bytes`);
  t.end();
});

t.test('what is written is read', (t) => {
  const lists: Partial<Statement>[] = [
    {},
    { spentInBoot: [], ceiling: [], mSpent: [], mBoot: null },
    { spentInBoot: [{ asset: 'SOL', amount: 1n }], ceiling: [{ asset: mint(1), amount: 2n }], mSpent: [] },
    {
      mSpent: listAll(
        7n,
        Array.from({ length: 32 }, (_, index) => mint(index)),
      ),
    },
  ];
  for (const changes of lists) t.same(decodeStatement(encodeStatement(makeStatement(changes))), makeStatement(changes));
  const zero = makeStatement({ spentInBoot: [{ asset: 'SOL', amount: 0n }], ceiling: [], mSpent: [] });
  t.same(decodeStatement(encodeStatement(zero)).spentInBoot, [], 'an amount of zero is none');
  t.end();
});

const row = (asset: string | Uint8Array, ...amounts: bigint[]) => [asset, ...amounts];
const REFUSED: readonly (readonly [what: string, amounts: unknown])[] = [
  ['an asset without an amount', [row('SOL', 0n, 0n, 0n)]],
  ['an asset twice', [row('SOL', 1n, 0n, 0n), row('SOL', 0n, 1n, 0n)]],
  ['assets out of order', [row('signatures', 1n, 0n, 0n), row('SOL', 1n, 0n, 0n)]],
  ['mints out of order', [row(bytes(2), 1n, 0n, 0n), row(bytes(1), 1n, 0n, 0n)]],
  ['a mint as text', [row(mint(1), 1n, 0n, 0n)]],
  ['a short mint', [row(bytes(1).slice(1), 1n, 0n, 0n)]],
  ['a column too few', [row('SOL', 1n, 0n)]],
  ['a column too many', [row('SOL', 1n, 0n, 0n, 0n)]],
  ['a small integer as an amount', [['SOL', 1, 0n, 0n]]],
];
for (const [what, amounts] of REFUSED) {
  t.test(`refused: ${what}`, (t) => {
    const wire = { ...(decodeCbor(encodeStatement(makeStatement())) as object), amounts };
    t.throws(() => decodeStatement(encodeCbor(wire as never)), { code: 'request-malformed' });
    t.end();
  });
}
