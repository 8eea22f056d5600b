/** Faults of what a document allows beyond payments: each names its place. */
import t from 'tap';
import { SQUADS_PROGRAM, SYSTEM_PROGRAM } from '../../policy/programs/addresses.ts';
import { testKey } from './messages.ts';
import { draft, faultsOf, pubkeyToBase58 } from './policies.ts';

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
const called = (...calls: object[]) => draft({ programs: { [program]: { calls } } });
const at = (rest: string) => `/programs/${program}${rest}`;
const field = (changes: object) => called({ ...call, fields: [{ name: 'f', offset: 2, type: 'u64', ...changes }] });
const nonce = (assets: object) => draft({ durableNonce: { account: address(0x71), assets } });
const NOT_32 = '1'.repeat(33);

t.test('faults of a document name their place', async (t) => {
  const rows: readonly [name: string, document: Parameters<typeof faultsOf>[0], paths: string[]][] = [
    [
      'a delegate for an unknown asset',
      draft({ effects: { delegate: { EUR: [address(1)] } } }),
      ['/effects/delegate/EUR'],
    ],
    [
      'a delegate that is no address',
      draft({ effects: { delegate: { USDC: [NOT_32] } } }),
      ['/effects/delegate/USDC/0'],
    ],
    ['signatures cannot be burned', draft({ effects: { burn: ['signatures'] } }), ['/effects/burn/0']],
    ['closing to others', draft({ effects: { close: 'anybody' } }), ['/effects/close']],
    ['an effect nobody knows', draft({ effects: { assign: true } }), ['/effects/assign']],
    ['a table that is no address', draft({ lookupTables: { [NOT_32]: [address(1)] } }), [`/lookupTables/${NOT_32}`]],
    [
      'a table that holds no address',
      draft({ lookupTables: { [address(1)]: [NOT_32] } }),
      [`/lookupTables/${address(1)}/0`],
    ],
    ['a nonce that takes a window', nonce({ USDC: '100' }), ['/durableNonce/assets/USDC']],
    ['a nonce that leaves one unit', nonce({ USDC: '99' }), []],
    ['a nonce for an unknown asset', nonce({ EUR: '1' }), ['/durableNonce/assets/EUR']],
    ['a nonce that is no address', draft({ durableNonce: { account: NOT_32, assets: {} } }), ['/durableNonce/account']],
    ['a vault twice', draft({ vaults: [vault, vault] }), ['/vaults/1']],
    [
      'a limit twice',
      draft({
        vaults: [
          {
            ...vault,
            limits: [
              { createKey: address(1), asset: 'SOL' },
              { createKey: address(1), asset: 'USDC' },
            ],
          },
        ],
      }),
      ['/vaults/0/limits'],
    ],
    [
      'a limit of an unknown asset',
      draft({ vaults: [{ ...vault, limits: [{ createKey: address(1), asset: 'EUR' }] }] }),
      ['/vaults/0/limits/0/asset'],
    ],
    [
      'proposals for an unknown group',
      draft({ vaults: [{ ...vault, propose: { assets: {}, recipients: ['x'] } }] }),
      ['/vaults/0/propose/recipients/0'],
    ],
    [
      'proposals of too much',
      draft({ vaults: [{ ...vault, propose: { assets: { SOL: '18446744073709551616' }, recipients: [] } }] }),
      ['/vaults/0/propose/assets/SOL'],
    ],
    [
      'a program that is decoded',
      draft({ programs: { [pubkeyToBase58(SYSTEM_PROGRAM)]: { calls: [call] } } }),
      [`/programs/${pubkeyToBase58(SYSTEM_PROGRAM)}`],
    ],
    [
      'Squads described',
      draft({ programs: { [pubkeyToBase58(SQUADS_PROGRAM)]: { calls: [call] } } }),
      [`/programs/${pubkeyToBase58(SQUADS_PROGRAM)}`],
    ],
    ['Squads named', draft({ programs: { squads: ['proposalApprove'] } }), ['/programs/squads']],
    ['no calls', called(), [at('/calls')]],
    ['two calls of one name', called(call, call), [at('')]],
    ['no charges at all', called({ ...call, charges: undefined }), [at('/calls/0/charges')]],
    ['no word about other accounts', called({ ...call, others: undefined }), [at('/calls/0/others')]],
    [
      'a charge of an unknown asset',
      called({ ...call, charges: [{ asset: 'EUR', amount: '1' }] }),
      [at('/calls/0/charges/0/asset')],
    ],
    [
      'a charge of an unknown field',
      called({ ...call, charges: [{ asset: 'SOL', field: 'f' }] }),
      [at('/calls/0/charges/0/field')],
    ],
    [
      'a charge of a signed field',
      called({ ...call, fields: [{ name: 'f', offset: 2, type: 'i64' }], charges: [{ asset: 'SOL', field: 'f' }] }),
      [at('/calls/0/charges/0/field')],
    ],
    ['a field behind the discriminator', field({}), []],
    ['a field in the discriminator', field({ offset: 1 }), [at('/calls/0/fields/0/offset')]],
    ['a field at the end', field({ offset: -8 }), []],
    ['a field over the end', field({ offset: -7 }), [at('/calls/0/fields/0/offset')]],
    ['min over max', field({ min: '2', max: '1' }), [at('/calls/0/fields/0/min')]],
    ['bounds of an address', field({ type: 'pubkey', max: '1' }), [at('/calls/0/fields/0')]],
    ['addresses of a number', field({ oneOf: [address(1)] }), [at('/calls/0/fields/0/oneOf')]],
    [
      'a vault nobody declared',
      called({ ...call, accounts: [{ index: 0, is: 'vault' }] }),
      [at('/calls/0/accounts/0/is')],
    ],
    [
      'our account for an unknown asset',
      called({ ...call, accounts: [{ index: 0, is: 'ownToken(EUR)' }] }),
      [at('/calls/0/accounts/0/is')],
    ],
    [
      'an account twice',
      called({
        ...call,
        accounts: [
          { index: 0, is: 'agent' },
          { index: 0, is: 'notOurs' },
        ],
      }),
      [at('/calls/0/accounts')],
    ],
    ['a domain with a path', draft({ messages: { signIn: { domains: ['a.com/b'] } } }), ['/messages/signIn/domains/0']],
    ['a domain in capitals', draft({ messages: { signIn: { domains: ['A.com'] } } }), ['/messages/signIn/domains/0']],
    [
      'an application domain that is none',
      draft({ messages: { offchain: { applicationDomains: [NOT_32], maxBytes: 9 } } }),
      ['/messages/offchain/applicationDomains/0'],
    ],
    [
      'wrapped SOL as an asset of its own',
      draft({
        assets: {
          W: {
            mint: 'So11111111111111111111111111111111111111112',
            tokenProgram: 'token',
            decimals: 9,
            windows: [{ seconds: 60, max: '1' }],
          },
        },
        lease: { maxSeconds: 60 },
      }),
      ['/assets/W/mint'],
    ],
    [
      'approval for a program allowed by an effect',
      draft({ programs: {}, effects: { stake: { deactivate: true } }, approvals: { programs: ['stake'] } }),
      [],
    ],
    ['approval for Squads without vaults', draft({ approvals: { programs: ['squads'] } }), ['/approvals/programs/0']],
  ];
  for (const [name, document, paths] of rows) t.same(faultsOf(document), paths, name);
});
