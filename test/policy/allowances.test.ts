/** What allows more than payments: faults of the document, warnings about it, and how it is judged. The corpus has the rest. */
import t from 'tap';
import { describeEffects, hashEffects } from '../../policy/approvals.ts';
import { checkPolicy } from '../../policy/check.ts';
import { effectsToJson } from '../../policy/json.ts';
import { EFFECTS_MAX } from '../../policy/limits.ts';
import { deriveSpendingLimit, deriveVault } from '../../policy/programs/squads-addresses.ts';
import { listRisks } from '../../policy/risks.ts';
import type { Effect } from '../../policy/types.ts';
import { ampleLease, compilePolicy } from '../corpus/judge-row.ts';
import { policies } from '../corpus/policies.ts';
import { payFrom, propose } from '../corpus/squads-calls.ts';
import { FRIEND, MULTISIG, ours, STAFF, SWAP, SHOP as TARGET, VAULT, AGENT as WALLET } from '../corpus/world.ts';
import { testKey } from './messages.ts';
import { AGENT, ask, compile, draft, pubkeyToBase58, SHOP } from './policies.ts';

const address = (byte: number) => pubkeyToBase58(testKey(byte));
const program = address(0x91);
const vault = { multisig: address(0x60), index: 0 };
const call = {
  name: 'x',
  discriminator: '0102',
  accounts: [],
  others: 'notOurs',
  charges: [{ asset: 'SOL', amount: '1' }],
};

t.test('warnings and risks', async (t) => {
  const calm = policies['trader'] as Record<string, unknown>;
  const numbers = (changes: object) => checkPolicy(compilePolicy({ ...calm, ...changes })).map(({ number }) => number);
  const one = (changes: object) => ({ programs: { [program]: { calls: [{ ...call, ...changes }] } } });
  const propose = { assets: {}, recipients: ['owner'] };
  const rows: readonly [name: string, changes: object, numbers: number[]][] = [
    ['nothing to say', {}, []],
    ['a call for nothing', one({ bytes: 2, charges: [] }), [17]],
    ['a field from an end that is not given', one({ fields: [{ name: 'f', offset: -8, type: 'u64' }] }), [18]],
    ['a field from an end that is given', one({ bytes: 10, fields: [{ name: 'f', offset: -8, type: 'u64' }] }), []],
    ['any data', one({}), [19]],
    ['no data', one({ bytes: 2 }), []],
    ['a delegate', { effects: { delegate: { USDC: [address(1)] } } }, [20]],
    ['a nonce', { durableNonce: { account: address(1), assets: {} } }, [21]],
    ['a vote', { vaults: [{ ...vault, propose: { ...propose, approve: true } }] }, [22]],
    [
      'proposals to anybody',
      { recipients: [{ name: 'owner', owners: 'any', approval: true }], vaults: [{ ...vault, propose }] },
      [23],
    ],
    [
      'an instruction that can do nothing',
      { programs: { system: ['assign'], token: ['transferChecked', 'setAuthority'] } },
      [24, 24],
    ],
    [
      'an instruction whose effect is allowed',
      { programs: { system: ['transfer'], token: ['transferChecked', 'closeAccount'] } },
      [],
    ],
    ['texts', { messages: { offchain: { applicationDomains: [address(1)], maxBytes: 10 } } }, [25]],
    ['a vault for nothing', { vaults: [vault] }, [26]],
  ];
  for (const [name, changes, expected] of rows) t.same(numbers(changes), expected, name);
  const trusts = (name: string) => listRisks(compilePolicy(policies[name])).map(({ trusts }) => trusts);
  t.same(trusts('payments'), []);
  t.same(trusts('trader'), ['program', 'program', 'enclave-sound', 'enclave-sound']);
  t.same(trusts('treasury'), ['enclave-sound', 'members']);
  t.same(trusts('nonce'), ['enclave-sound']);
  t.match(
    listRisks(compilePolicy(policies['swap']))[0]?.detail,
    /all SOL of the agent and all its USDC and all its EURO/,
  );
});

t.test('a vault and its limits are derived, never named', async (t) => {
  const { vaults } = compilePolicy(policies['squads']);
  t.same([...vaults.keys()], [deriveVault(MULTISIG, 0)]);
  t.same(
    [...(vaults.get(VAULT)?.limits.keys() ?? [])],
    [deriveSpendingLimit(MULTISIG, STAFF), deriveSpendingLimit(MULTISIG, FRIEND)],
  );
});

t.test('a nonce’s budget is held back from wallet and groups alike', async (t) => {
  const policy = compile(
    draft({
      durableNonce: { account: address(0x71), assets: { SOL: '400' } },
      recipients: [
        { name: 'g', owners: [pubkeyToBase58(SHOP)], assets: { SOL: { windows: [{ seconds: 60, max: '500' }] } } },
      ],
    }),
  );
  t.same(policy.assetsByName.get('SOL')?.windows, [{ seconds: 86_400, max: 999_600n }]);
  t.same([...(policy.groups[0]?.assets?.values() ?? [])][0]?.windows, [{ seconds: 60, max: 100n }]);
  t.same(policy.assetsByName.get('USDC')?.windows, [{ seconds: 86_400, max: 100n }]);
});

t.test('an approval covers one proposal and one call, not others like them', async (t) => {
  const policy = compilePolicy(policies['squads']);
  const judged = (lamports: bigint) =>
    ask(policy, [ours(...propose({ multisig: MULTISIG }, [payFrom(VAULT, TARGET, lamports)]))], {
      agent: WALLET,
      lease: ampleLease(policy),
    });
  const [one, two] = [judged(5n), judged(6n)];
  t.not(one.effectsHash(), two.effectsHash());
  const json = effectsToJson(policy, one.effects);
  t.same(
    json.map(({ kind }) => kind),
    ['fee', 'proposal', 'proposed.transfer', 'rent', 'rent'],
  );
  t.ok(
    describeEffects(policy, one.effects).some((line) =>
      /^if the members vote for it, the vault would: send 0.000000005 SOL/.test(line),
    ),
  );
  const opaque = (data: Uint8Array): Effect[] => [
    { kind: 'opaqueCall', transaction: 0, instruction: 0, program: SWAP, accounts: [AGENT], data, signs: true },
  ];
  const hash = (byte: number) => hashEffects(policy, opaque(Uint8Array.of(byte)), [], 0n);
  t.not(hash(1), hash(2), 'the data counts');
  t.equal(hash(1), hash(1));
});

t.test('what is inside a proposal counts among the effects that can be shown', async (t) => {
  const policy = compilePolicy(policies['squads']);
  const codes = (payments: number) => {
    const calls = Array.from({ length: payments }, () => payFrom(VAULT, TARGET, 1n));
    const what = ours(...propose({ multisig: MULTISIG }, calls));
    return ask(policy, [what], { agent: WALLET, lease: ampleLease(policy) }).violations.map(({ code }) => code);
  };
  // A fee, a proposal, two accounts.
  t.same([codes(EFFECTS_MAX - 4).includes('too-many-effects'), codes(EFFECTS_MAX - 3)[0]], [false, 'too-many-effects']);
});

t.test('an approval of a proposal covers what it moves among our own accounts too', async (t) => {
  const policy = compilePolicy(policies['squads']);
  const hash = (lamports: bigint) => {
    const what = ours(...propose({ multisig: MULTISIG }, [payFrom(VAULT, WALLET, lamports)]));
    return ask(policy, [what], { agent: WALLET, lease: ampleLease(policy) }).effectsHash();
  };
  t.equal(hash(1n), hash(1n));
  t.not(hash(1n), hash(2n));
});

t.test('every kind of effect has words of its own', async (t) => {
  const policy = compile(draft());
  const place = { transaction: 0, instruction: 0 };
  const [one, two] = [testKey(1), testKey(2)];
  const rows: [Effect, RegExp][] = [
    [
      { ...place, kind: 'delegation', asset: testKey(0x77) as never, amount: 5n, account: one, delegate: two },
      /^let .* take 0.000005 USDC \(5\) out of/,
    ],
    [{ ...place, kind: 'delegation', asset: null, amount: 0n, account: one, delegate: null }, /^take back/],
    [
      { ...place, kind: 'authorityChange', account: one, right: 'closeAccount', to: null },
      /“closeAccount” over .* to nobody$/,
    ],
    [{ ...place, kind: 'close', account: one, destination: two }, /^close the token account/],
    [{ ...place, kind: 'burn', asset: testKey(0x77) as never, amount: 5n, account: one }, /^destroy 0.000005 USDC/],
    [{ ...place, kind: 'freeze', account: one, frozen: true }, /unusable$/],
    [{ ...place, kind: 'freeze', account: one, frozen: false }, /usable again$/],
    [{ ...place, kind: 'nonce', action: 'advance', account: one, authority: two }, /^stay valid until/],
    [
      { ...place, kind: 'stake', action: 'delegate', account: one, target: two, lamports: null },
      /^stake: delegate .* with /,
    ],
    [{ ...place, kind: 'programUpgrade', upgraded: one, buffer: two }, /^replace the code of/],
    [
      {
        ...place,
        kind: 'proposal',
        multisig: one,
        vault: two,
        index: 7n,
        approves: true,
        effects: [],
        programs: [],
        message: Uint8Array.of(),
      },
      /^propose transaction 7 .* and vote for it$/,
    ],
    [
      { ...place, kind: 'opaqueCall', program: one, accounts: [], data: Uint8Array.of(), signs: true },
      /with the wallet’s signature$/,
    ],
    [
      {
        ...place,
        kind: 'limitUse',
        limit: one,
        vault: two,
        asset: 'SOL' as never,
        amount: 5n,
        destination: one,
        recipient: null,
        inward: true,
      },
      /^move 0.000000005 SOL .* to our own/,
    ],
  ];
  for (const [effect, words] of rows) t.match(describeEffects(policy, [effect])[0], words);
});
