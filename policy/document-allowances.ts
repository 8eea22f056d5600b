/** The schema of what a policy may allow beyond payments: effects that give away a right, nonces, lookup tables, vaults, messages. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { ADDRESS_PATTERN, address, amount, closed, listOf, name, named, oneOf } from './document-blocks.ts';
import {
  ALLOWED_ADDRESSES_MAX,
  ASSETS_MAX,
  GROUPS_MAX,
  MESSAGE_TEXT_BYTES_MAX,
  SIGN_IN_SECONDS_MAX,
  SPENDING_LIMITS_MAX,
  TABLE_ADDRESSES_MAX,
  TABLES_MAX,
  VAULT_MEMBERS_MAX,
  VAULTS_MAX,
} from './limits.ts';

const addresses = () => listOf(address(), ALLOWED_ADDRESSES_MAX, 1);
const yes = () => Type.Optional(Type.Literal(true));

const stakeEffects = closed({
  delegate: Type.Optional({ ...addresses(), description: 'vote accounts' }),
  deactivate: yes(),
  split: yes(),
  merge: yes(),
  move: yes(),
});

/** Each names its instructions as well: nothing of `programs` is needed for them. */
export const effects = closed({
  close: Type.Optional(Type.Literal('self')),
  revoke: yes(),
  syncNative: yes(),
  delegate: Type.Optional(named(addresses())),
  burn: Type.Optional(listOf(name(), ASSETS_MAX, 1)),
  stake: Type.Optional(stakeEffects),
});

/** By table address: what the table holds from its first place on, as far as the owner cares to pin it. */
export const lookupTables = named(
  Type.Array(address(), { minItems: 1, maxItems: TABLE_ADDRESSES_MAX }),
  ADDRESS_PATTERN,
  {},
  TABLES_MAX + 1,
);

export const durableNonce = Type.Union([
  Type.Literal('deny'),
  closed({
    account: address(),
    authority: Type.Optional(address()),
    assets: named(amount()),
  }),
]);

const spendingLimit = closed({ createKey: address(), asset: name() });
const propose = closed({
  assets: named(amount()),
  recipients: listOf(name(), GROUPS_MAX),
  approve: yes(),
});
export const vaults = Type.Array(
  closed({
    multisig: address(),
    index: Type.Integer({ minimum: 0, maximum: 255 }),
    members: Type.Optional(Type.Integer({ minimum: 1, maximum: VAULT_MEMBERS_MAX })),
    limits: Type.Optional(Type.Array(spendingLimit, { minItems: 1, maxItems: SPENDING_LIMITS_MAX })),
    propose: Type.Optional(propose),
  }),
  { maxItems: VAULTS_MAX },
);

/** No capitals, no user, no path: what a person reads as the site's name. */
const domain = () =>
  Type.String({
    pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[1-9][0-9]{0,4})?$',
    maxLength: 253,
  });
export const messages = closed({
  offchain: Type.Optional(
    closed({
      applicationDomains: addresses(),
      maxBytes: Type.Integer({ minimum: 1, maximum: MESSAGE_TEXT_BYTES_MAX }),
    }),
  ),
  signIn: Type.Optional(
    closed({
      domains: listOf(domain(), ALLOWED_ADDRESSES_MAX, 1),
      chains: Type.Optional(listOf(oneOf('mainnet', 'devnet', 'testnet', 'localnet'), 4, 1)),
      maxSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: SIGN_IN_SECONDS_MAX })),
    }),
  ),
});

export type EffectsDocument = Static<typeof effects>;
export type VaultDocument = Static<typeof vaults>[number];
export type NonceDocument = Exclude<Static<typeof durableNonce>, 'deny'>;
export type MessagesDocument = Static<typeof messages>;
