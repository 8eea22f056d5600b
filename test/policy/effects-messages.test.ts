/** What of a message besides its instructions decides about effects: who pays which fee, and what lookup tables add. */
import t from 'tap';
import { readEffects } from '../../policy/effects.ts';
import { knownPubkey } from '../../policy/keys.ts';
import { ED25519_PROGRAM, SYSTEM_PROGRAM } from '../../policy/programs/addresses.ts';
import { agent, context, other, stranger, u32 } from './effects-rows.ts';
import { buildMessage, bytesOf, testKey } from './messages.ts';

t.test('fees of version 1 and of signatures that precompiles check', async (t) => {
  const check = { program: ED25519_PROGRAM, accounts: [], data: bytesOf(3, 0, new Uint8Array(42)) };
  const price = {
    program: knownPubkey('ComputeBudget111111111111111111111111111111'),
    accounts: [],
    data: bytesOf(3, 9_000_000n),
  };
  const v1 = { ...buildMessage([agent], [price, check]), version: 1, config: { priorityFee: 77n } } as const;
  t.match(readEffects([v1], context).effects, [{ kind: 'fee', base: 20_000n, priority: 77n }]);
  t.match(readEffects([{ ...v1, config: {} }], context).effects, [{ kind: 'fee', base: 20_000n, priority: 0n }]);
  t.match(readEffects([buildMessage([agent], [check])], context).effects, [
    { kind: 'fee', base: 20_000n, priority: 0n },
  ]);
  const broken = { ...check, data: bytesOf(200) };
  t.match(readEffects([buildMessage([agent], [broken])], context), {
    effects: [{ base: 1_005_000n }],
    refusals: [{ code: 'instruction-malformed' }],
  });
});

t.test('lookup tables count only as the policy pins them', async (t) => {
  const table = testKey(0xa0);
  const pay = { program: 1, accounts: Uint8Array.of(0, 2), data: bytesOf(u32(2), 9n) };
  const message = {
    ...buildMessage([agent], []),
    keys: [agent, SYSTEM_PROGRAM],
    readonlyUnsigned: 1,
    instructions: [pay],
    lookups: [{ table, writable: Uint8Array.of(1), readonly: bytesOf() }],
  };
  const pinned = { ...context, tables: new Map([[table, [other, stranger]]]) };
  t.match(readEffects([message], pinned).effects, [
    { kind: 'fee' },
    { kind: 'transfer', destination: stranger, amount: 9n },
  ]);
  for (const tables of [undefined, new Map([[table, [other]]])]) {
    const report = readEffects([message], tables === undefined ? context : { ...context, tables });
    t.match(report, {
      effects: [],
      programs: [],
      refusals: [{ code: 'lookup-table-unpinned', path: 'transactions[0]' }],
    });
    t.equal(report.refusals.length, 1);
  }
});
