/** The effects that are more than a payment or its costs, as JSON fields. What kind of change it is stands behind the kind's name. */
import type { EffectJson } from './json.ts';
import { pubkeyToBase58 } from './keys.ts';
import type { AssetId, Effect, Pubkey } from './types.ts';

type Fields = Partial<EffectJson> & Pick<EffectJson, 'kind'>;

const optional = (key: Pubkey | null) => (key === null ? {} : { destination: pubkeyToBase58(key) });

/** `nameAsset` gives the policy's name of an asset. A proposal's own effects are not in it; payments and costs have fields elsewhere. */
export function specialFields(effect: Effect, nameAsset: (asset: AssetId) => string): Fields {
  const { kind } = effect;
  switch (effect.kind) {
    case 'transfer':
    case 'fee':
    case 'rent':
    case 'memo':
      return { kind };
    case 'delegation':
      return {
        kind,
        ...(effect.asset === null ? {} : { asset: nameAsset(effect.asset) }),
        amount: String(effect.amount),
        account: pubkeyToBase58(effect.account),
        ...optional(effect.delegate),
      };
    case 'authorityChange':
      return { kind: `${kind}.${effect.right}`, account: pubkeyToBase58(effect.account), ...optional(effect.to) };
    case 'close':
      return { kind, account: pubkeyToBase58(effect.account), ...optional(effect.destination) };
    case 'burn':
      return {
        kind,
        asset: nameAsset(effect.asset),
        amount: String(effect.amount),
        account: pubkeyToBase58(effect.account),
      };
    case 'freeze':
      return { kind: effect.frozen ? kind : 'thaw', account: pubkeyToBase58(effect.account) };
    case 'nonce':
      return {
        kind: `${kind}.${effect.action}`,
        account: pubkeyToBase58(effect.account),
        ...optional(effect.authority),
      };
    case 'stake': {
      const lamports = effect.lamports === null ? {} : { lamports: String(effect.lamports) };
      const account = pubkeyToBase58(effect.account);
      return { kind: `${kind}.${effect.action}`, account, ...lamports, ...optional(effect.target) };
    }
    case 'programUpgrade':
      return { kind, account: pubkeyToBase58(effect.upgraded), from: pubkeyToBase58(effect.buffer) };
    case 'proposal':
      return {
        kind: effect.approves ? `${kind}.approve` : kind,
        amount: String(effect.index),
        account: pubkeyToBase58(effect.vault),
        from: pubkeyToBase58(effect.multisig),
      };
    case 'opaqueCall':
      return { kind: effect.signs ? `${kind}.signs` : kind, account: pubkeyToBase58(effect.program) };
    case 'limitUse':
      return limitUseFields(effect, nameAsset(effect.asset));
  }
}

function limitUseFields(effect: Extract<Effect, { readonly kind: 'limitUse' }>, asset: string): Fields {
  const { kind, inward, amount, limit, vault, destination, recipient } = effect;
  return {
    kind: inward ? `${kind}.inward` : kind,
    asset,
    amount: String(amount),
    account: pubkeyToBase58(limit),
    from: pubkeyToBase58(vault),
    destination: pubkeyToBase58(destination),
    recipient: recipient === null ? null : pubkeyToBase58(recipient),
  };
}
