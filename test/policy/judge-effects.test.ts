/** Effects that no budget bounds are denied whatever the policy lifts, and are shown in fields that the wire knows. */
import { Ajv } from 'ajv';
import t from 'tap';
import { defineKeywords } from '../../enclave/link/keywords.ts';
import { EffectJson } from '../../enclave/link/schema/results.ts';
import { effectToJson } from '../../policy/json.ts';
import { deriveTokenAccount, pubkeyToBase58, pubkeyToBytes } from '../../policy/keys.ts';
import { SYSTEM_PROGRAM, TOKEN_PROGRAM } from '../../policy/programs/addresses.ts';
import { judgeEffects } from '../../policy/rules/effects.ts';
import type { Facts } from '../../policy/rules/facts.ts';
import { pathOf } from '../../policy/rules/facts.ts';
import type { AssetId, Effect } from '../../policy/types.ts';
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

t.test('effects are allowed by name, and to whom', async (t) => {
  const [vote, other, ours] = [testKey(3), testKey(4), testKey(5)];
  const place = { transaction: 0, instruction: 2 };
  const stake = (action: Extract<Effect, { kind: 'stake' }>['action'], target: typeof vote | null = null): Effect => ({
    ...place,
    kind: 'stake',
    action,
    account: ours,
    target,
    lamports: null,
  });
  const delegation = (asset: AssetId | null, delegate: typeof vote | null): Effect => ({
    ...place,
    kind: 'delegation',
    asset,
    amount: 1n,
    account: ours,
    delegate,
  });
  const close: Effect = { ...place, kind: 'close', account: ours, destination: AGENT };
  const burn: Effect = { ...place, kind: 'burn', asset: USDC, amount: 1n, account: ours };
  const nonce = (action: 'advance' | 'withdraw'): Effect =>
    ({ ...place, kind: 'nonce', action, account: ours, authority: AGENT }) as Effect;
  const named = draft({
    effects: {
      close: 'self',
      revoke: true,
      delegate: { USDC: [pubkeyToBase58(other)] },
      burn: ['USDC'],
      stake: { delegate: [pubkeyToBase58(vote)], deactivate: true },
    },
  });
  const freeze: Effect = { ...place, kind: 'freeze', account: ours, frozen: true };
  const upgrade: Effect = { ...place, kind: 'programUpgrade', upgraded: ours, buffer: other };
  const authority: Effect = { ...place, kind: 'authorityChange', account: ours, right: 'closeAccount', to: null };
  const rows: readonly [name: string, effect: Effect, byName: boolean, byDefault: boolean][] = [
    ['to the vote account', stake('delegate', vote), true, false],
    ['to another vote account', stake('delegate', other), false, false],
    ['to no vote account', stake('delegate'), false, false],
    ['a stake action that is named', stake('deactivate'), true, false],
    ['one that is not', stake('split', vote), false, false],
    ['a delegate', delegation(USDC, other), true, false],
    ['another delegate', delegation(USDC, vote), false, false],
    ['a delegate of another asset', delegation(SOL, other), false, false],
    ['a delegate of an unknown mint', delegation(null, other), false, false],
    ['taking back', delegation(USDC, null), true, false],
    ['closing', close, true, false],
    ['burning', burn, true, false],
    ['burning another asset', { ...burn, asset: SOL }, false, false],
    ['advancing a nonce has a rule of its own', nonce('advance'), true, true],
    ['emptying it', nonce('withdraw'), false, false],
    ['freezing', freeze, false, false],
    ['an upgrade', upgrade, false, false],
    ['an authority', authority, false, false],
  ];
  const judged = (document: object, effect: Effect) =>
    judgeEffects({ policy: compile(document as typeof named), effects: [effect] } as unknown as Facts);
  for (const [name, effect, byName, byDefault] of rows)
    t.same([judged(named, effect).length === 0, judged(draft(), effect).length === 0], [byName, byDefault], name);
  t.strictSame(
    [...judged(named, freeze), ...judged(named, upgrade)],
    [
      {
        code: 'effect-not-allowed',
        path: 'transactions[0].instructions[2]',
        detail: `an effect of the kind freeze, which the policy does not allow, on ${pubkeyToBase58(ours)}`,
      },
      {
        code: 'effect-not-allowed',
        path: 'transactions[0].instructions[2]',
        detail: 'an effect of the kind programUpgrade, which the policy does not allow',
      },
    ],
  );
  t.equal(pathOf({ transaction: 3, instruction: -1 }), 'transactions[3]', 'what no instruction does');
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
    {
      ...place,
      kind: 'proposal',
      multisig: one,
      vault: two,
      index: 7n,
      approves: true,
      effects: [],
      programs: [],
      message: bytesOf(),
    },
    {
      ...place,
      kind: 'proposal',
      multisig: one,
      vault: two,
      index: 7n,
      approves: false,
      effects: [],
      programs: [],
      message: bytesOf(),
    },
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
