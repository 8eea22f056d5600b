/** Effects that no budget bounds are denied whatever the policy lifts, and are shown in fields that the wire knows. */
import { Ajv } from 'ajv';
import t from 'tap';
import { defineKeywords } from '../../enclave/link/keywords.ts';
import { EffectJson } from '../../enclave/link/schema/results.ts';
import { effectToJson } from '../../policy/json.ts';
import { deriveTokenAccount, pubkeyToBytes } from '../../policy/keys.ts';
import { SYSTEM_PROGRAM, TOKEN_PROGRAM } from '../../policy/programs/addresses.ts';
import type { Effect } from '../../policy/types.ts';
import type { Call } from './messages.ts';
import { bytesOf, littleEndian, testKey } from './messages.ts';
import { AGENT, ask, codesOf, compile, draft, MINT, SHOP, SOL, STRANGER, sponsored, USDC } from './policies.ts';

const lenient = draft({ approvals: { lifts: ['approvalAbove', 'perTransaction', 'window', 'recipient', 'program'] } });
const account = deriveTokenAccount(AGENT, MINT, TOKEN_PROGRAM);
const system = (tag: number, accounts: Call['accounts'], ...data: (bigint | Uint8Array)[]): Call => ({
  program: SYSTEM_PROGRAM,
  accounts,
  data: bytesOf(littleEndian(BigInt(tag), 4), ...data),
});
const token = (accounts: Call['accounts'], ...data: (number | bigint | Uint8Array)[]): Call => ({
  program: TOKEN_PROGRAM,
  accounts,
  data: bytesOf(...data),
});

t.test('nothing lifts an effect that the policy cannot name', async (t) => {
  const policy = compile(lenient);
  const stranger = pubkeyToBytes(STRANGER);
  const rows: [what: string, call: Call][] = [
    ['the wallet given away', system(1, [AGENT], stranger)],
    ['the wallet locked', system(8, [AGENT], 8n)],
    ['a delegate', token([account, STRANGER, AGENT], 4, 5n)],
    ['a new owner', token([account, AGENT], 6, 2, 1, stranger)],
    ['tokens burned', token([account, MINT, AGENT], 8, 5n)],
    ['an account closed', token([account, AGENT, AGENT], 9)],
    ['all of it in a batch', token([account, STRANGER, AGENT], 255, 3, 9, 4, 5n)],
  ];
  for (const [what, call] of rows) {
    const judgement = ask(policy, [sponsored(call)]);
    t.equal(judgement.decision, 'deny', what);
    t.ok(codesOf(judgement).includes('effect-not-allowed'), what);
  }
  const plain = token([account, deriveTokenAccount(SHOP, MINT, TOKEN_PROGRAM), AGENT], 3, 5n);
  t.equal(ask(policy, [sponsored(plain)]).decision, 'needs-approval', 'what is only a payment may still be lifted');
});

t.test('effects fit the wire, each in its own words', async (t) => {
  const ajv = new Ajv({ strict: true, ownProperties: true });
  defineKeywords(ajv);
  const fits = ajv.compile(EffectJson);
  const policy = compile(draft());
  const [one, two] = [testKey(1), testKey(2)];
  const place = { transaction: 0, instruction: 0 };
  const effects: Effect[] = [
    { ...place, kind: 'delegation', asset: USDC, amount: 5n, account: one, delegate: two },
    { ...place, kind: 'delegation', asset: null, amount: 0n, account: one, delegate: null },
    { ...place, kind: 'authorityChange', account: one, right: 'accountOwner', to: two },
    { ...place, kind: 'authorityChange', account: one, right: 'closeAccount', to: null },
    { ...place, kind: 'close', account: one, destination: two },
    { ...place, kind: 'burn', asset: USDC, amount: 5n, account: one },
    { ...place, kind: 'freeze', account: one, frozen: true },
    { ...place, kind: 'freeze', account: one, frozen: false },
    { ...place, kind: 'nonce', action: 'advance', account: one, authority: two },
    { ...place, kind: 'stake', action: 'deactivateDelinquent', account: one, target: null, lamports: null },
    { ...place, kind: 'stake', action: 'split', account: one, target: two, lamports: 5n },
    { ...place, kind: 'programUpgrade', upgraded: one, buffer: two },
    { ...place, kind: 'proposal', multisig: one, vault: two, index: 7n, approves: true, effects: [], programs: [] },
    { ...place, kind: 'proposal', multisig: one, vault: two, index: 7n, approves: false, effects: [], programs: [] },
    { ...place, kind: 'opaqueCall', program: one, accounts: [], data: bytesOf(), signs: true },
    { ...place, kind: 'opaqueCall', program: one, accounts: [], data: bytesOf(), signs: false },
    {
      ...place,
      kind: 'limitUse',
      limit: one,
      vault: two,
      asset: SOL,
      amount: 5n,
      destination: one,
      recipient: two,
      inward: false,
    },
    {
      ...place,
      kind: 'limitUse',
      limit: one,
      vault: two,
      asset: SOL,
      amount: 5n,
      destination: one,
      recipient: null,
      inward: true,
    },
  ];
  const shown = effects.map((effect) => effectToJson(policy, effect));
  for (const json of shown) t.ok(fits(json), `${json.kind} ${JSON.stringify(fits.errors)}`);
  t.equal(new Set(shown.map((json) => JSON.stringify(json))).size, effects.length, 'no two look the same');
  t.match(shown[0], { kind: 'delegation', asset: 'USDC', amount: '5' });
});
