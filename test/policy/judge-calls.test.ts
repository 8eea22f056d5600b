/** A call of a program that is not decoded is held to every word of the policy's description. One rule a row. */
import t from 'tap';
import type { AccountRule, CallRule, FieldRule } from '../../policy/call-rules.ts';
import { pubkeyToBase58 as base58 } from '../../policy/keys.ts';
import type { Policy } from '../../policy/policy.ts';
import type { OpaqueCall } from '../../policy/rules/calls.ts';
import { judgeCalls, matchCall } from '../../policy/rules/calls.ts';
import type { Facts } from '../../policy/rules/facts.ts';
import type { Pubkey } from '../../policy/types.ts';
import { bytesOf, littleEndian, testKey } from './messages.ts';
import { SOL, USDC } from './policies.ts';

const [program, agent, vault, tokens, mint, stranger] = [1, 2, 3, 4, 5, 6].map(testKey) as [
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
  Pubkey,
];
const ours = new Set([agent, vault, tokens]);
const ownership = {
  agent,
  isOurs: (account: Pubkey) => ours.has(account),
  mintOf: (account: Pubkey) => (account === tokens ? mint : null),
};
const rule = (changes: Partial<CallRule> = {}): CallRule => ({
  name: 'swap',
  discriminator: '0b',
  bytes: null,
  fields: [],
  accounts: new Map(),
  charges: [],
  ...changes,
});
const field = (changes: Partial<FieldRule>): CallRule =>
  rule({ fields: [{ name: 'f', offset: 1, type: 'u8', min: null, max: null, oneOf: null, ...changes }] });
const account = (is: AccountRule): CallRule => rule({ accounts: new Map([[0, is]]) });
const call = (data: Uint8Array, accounts: readonly Pubkey[] = []): OpaqueCall => ({
  kind: 'opaqueCall',
  transaction: 0,
  instruction: 2,
  program,
  accounts,
  data,
  signs: true,
});

function match(rules: readonly CallRule[], opaque: OpaqueCall) {
  const policy = { calls: new Map([[program, rules]]), vaults: new Map([[vault, {}]]) } as unknown as Policy;
  return matchCall(policy, opaque, ownership);
}

t.test('fields', async (t) => {
  const i64 = (value: bigint) => littleEndian(BigInt.asUintN(64, value), 8);
  const rows: readonly [name: string, rule: CallRule, data: Uint8Array, fault: string | null][] = [
    ['at the least', field({ min: 5n }), bytesOf(0x0b, 5), null],
    ['under it', field({ min: 5n }), bytesOf(0x0b, 4), 'f is 4, under 5'],
    ['at the most', field({ max: 5n }), bytesOf(0x0b, 5), null],
    ['over it', field({ max: 5n }), bytesOf(0x0b, 6), 'f is 6, over 5'],
    ['no bounds', field({}), bytesOf(0x0b, 255), null],
    ['low byte first', field({ type: 'u16', min: 0x0102n, max: 0x0102n }), bytesOf(0x0b, 2, 1), null],
    ['a negative number', field({ type: 'i64', max: 0n }), bytesOf(0x0b, i64(-1n)), null],
    ['under a negative one', field({ type: 'i64', min: -1n }), bytesOf(0x0b, i64(-2n)), 'f is -2, under -1'],
    ['a large one is not negative', field({ type: 'u64', min: 0n }), bytesOf(0x0b, i64(-1n)), null],
    ['to the last byte', field({ type: 'u16' }), bytesOf(0x0b, 1, 2), null],
    ['beyond the last byte', field({ type: 'u16' }), bytesOf(0x0b, 1), 'the data ends before f'],
    ['from the first byte', field({ offset: 0, max: 0x0bn }), bytesOf(0x0b), null],
    ['from the end', field({ offset: -2, min: 7n, max: 7n }), bytesOf(0x0b, 1, 7, 2), null],
    ['from the end, the first byte', field({ offset: -2, max: 0x0bn }), bytesOf(0x0b, 1), null],
    ['from before the first byte', field({ offset: -3 }), bytesOf(0x0b, 1), 'the data ends before f'],
    ['any address', field({ type: 'pubkey' }), bytesOf(0x0b, Uint8Array.fromHex(stranger)), null],
    [
      'one of the addresses',
      field({ type: 'pubkey', oneOf: new Set([agent, stranger]) }),
      bytesOf(0x0b, Uint8Array.fromHex(stranger)),
      null,
    ],
    [
      'another address',
      field({ type: 'pubkey', oneOf: new Set([agent]) }),
      bytesOf(0x0b, Uint8Array.fromHex(stranger)),
      'f is none of the addresses it may be',
    ],
    ['as many bytes', rule({ bytes: 2 }), bytesOf(0x0b, 1), null],
    ['a byte more', rule({ bytes: 2 }), bytesOf(0x0b, 1, 2), '3 bytes, not 2'],
    ['any number of bytes', rule(), bytesOf(0x0b, 1, 2), null],
    ['no bytes at all', rule({ discriminator: '', bytes: 0 }), bytesOf(1), '1 bytes, not 0'],
  ];
  for (const [name, described, data, fault] of rows) {
    t.strictSame(match([described], call(data)).faults, fault === null ? [] : [`swap: ${fault}`], name);
  }
});

t.test('accounts', async (t) => {
  const own: AccountRule = { kind: 'ownToken', mint, asset: 'USDC' };
  const rows: readonly [name: string, is: AccountRule, accounts: readonly Pubkey[], fault: string | null][] = [
    ['the agent', { kind: 'agent' }, [agent], null],
    ['not the agent', { kind: 'agent' }, [stranger], `account 0 is ${base58(stranger)}, not agent`],
    ['a vault', { kind: 'vault' }, [vault], null],
    ['no vault', { kind: 'vault' }, [stranger], `account 0 is ${base58(stranger)}, not vault`],
    ['not ours', { kind: 'notOurs' }, [stranger], null],
    ['ours', { kind: 'notOurs' }, [tokens], `account 0 is ${base58(tokens)}, not notOurs`],
    ['our tokens', own, [tokens], null],
    ['other tokens', own, [agent], `account 0 is ${base58(agent)}, not our account for USDC`],
    ['the address', { kind: 'address', address: stranger }, [stranger], null],
    [
      'another address',
      { kind: 'address', address: stranger },
      [agent],
      `account 0 is ${base58(agent)}, not ${base58(stranger)}`,
    ],
    ['none', { kind: 'agent' }, [], 'no account 0'],
    ['somebody else behind', { kind: 'agent' }, [agent, stranger], null],
    ['the same behind', { kind: 'agent' }, [agent, agent], null],
    ['ours behind', { kind: 'agent' }, [agent, tokens], 'account 1 is ours and the policy does not give it'],
  ];
  for (const [name, is, accounts, fault] of rows) {
    const { faults } = match([account(is)], call(bytesOf(0x0b), accounts));
    t.strictSame(faults, fault === null ? [] : [`swap: ${fault}`], name);
  }
});

t.test('the first rule that fits decides, and what it costs', async (t) => {
  const amount: FieldRule = { name: 'amount', offset: 1, type: 'u16', min: null, max: 300n, oneOf: null };
  const dear = rule({
    fields: [{ ...amount, name: 'other', max: null }, amount],
    charges: [
      { asset: USDC, field: 'amount' },
      { asset: SOL, amount: 7n },
    ],
  });
  const cheap = rule({ name: 'cheap', charges: [{ asset: SOL, amount: 1n }] });
  const fitting = match([dear, cheap], call(bytesOf(0x0b, 44, 1)));
  t.equal(fitting.rule, dear);
  t.strictSame(fitting.charges, [
    { asset: USDC, amount: 300n },
    { asset: SOL, amount: 7n },
  ]);
  t.equal(match([dear, cheap], call(bytesOf(0x0b, 45, 1))).rule, cheap, 'the next one that fits');
  const none = match([dear, rule({ bytes: 1 })], call(bytesOf(0x0b, 45, 1)));
  t.strictSame([none.rule, none.charges], [null, []]);
  t.strictSame(none.faults, ['swap: amount is 301, over 300'], 'why not the first');
  const unnamed = match([dear], call(Uint8Array.from({ length: 12 }, (_, index) => index)));
  t.strictSame([unnamed.rule, unnamed.faults], [null, ['no call of it begins with 0001020304050607']]);
  const unknown = matchCall({ calls: new Map() } as unknown as Policy, call(bytesOf(0x0b)), ownership);
  t.strictSame(unknown.faults, ['no call of it begins with 0b'], 'a program without rules');
  t.strictSame(judgeCalls({ calls: [none, fitting] } as unknown as Facts), [
    {
      code: 'call-not-allowed',
      path: 'transactions[0].instructions[2]',
      detail: `${base58(program)}: swap: amount is 301, over 300`,
    },
  ]);
});
