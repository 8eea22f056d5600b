/** Faults of the parts of a policy document that allow more than payments. Each with its JSON path, like those of `faults.ts`. */
import type { PolicyDocument, WindowLimit } from './document.ts';
import { entriesOf } from './document-blocks.ts';
import type { CallDocument, CalledProgramDocument, CallFieldDocument } from './document-calls.ts';
import { isDecodedProgram } from './instructions.ts';
import { pubkeyFromBase58 } from './keys.ts';
import { U64_MAX } from './limits.ts';
import { NATIVE_MINT, NATIVE_MINT_2022 } from './programs/addresses.ts';

type Report = (path: string, detail: string) => void;

const NO_ADDRESS = 'not an address of 32 bytes';
const NO_ASSET = 'not an asset of this policy';

export function findAllowanceFaults(document: PolicyDocument, report: Report): void {
  checkMints(document, report);
  checkEffects(document, report);
  checkTables(document, report);
  checkNonce(document, report);
  checkVaults(document, report);
  checkMessages(document, report);
  for (const [address, program] of entriesOf<CalledProgramDocument | readonly string[]>(document.programs)) {
    if ('calls' in program) checkProgram(address, program, document, report);
  }
}

function checkAddresses(addresses: readonly string[], path: string, report: Report): void {
  for (const [index, address] of addresses.entries()) {
    if (pubkeyFromBase58(address) === null) report(`${path}/${index}`, NO_ADDRESS);
  }
}

function checkAddress(address: string | undefined, path: string, report: Report): void {
  if (address !== undefined && pubkeyFromBase58(address) === null) report(path, NO_ADDRESS);
}

/** `signatures` is an asset that nothing but signing spends. */
function checkAsset(name: string, { assets }: PolicyDocument, path: string, report: Report): void {
  if (name === 'signatures' || !Object.hasOwn(assets, name)) report(path, NO_ASSET);
}

function checkAmounts(amounts: object, document: PolicyDocument, path: string, report: Report): void {
  for (const [name, amount] of entriesOf<string>(amounts)) {
    checkAsset(name, document, `${path}/${name}`, report);
    if (BigInt(amount) > U64_MAX) report(`${path}/${name}`, 'more than 2^64 - 1');
  }
}

function checkMints({ assets }: PolicyDocument, report: Report): void {
  for (const [name, { mint }] of entriesOf<{ readonly mint?: string }>(assets)) {
    const key = mint === undefined ? null : pubkeyFromBase58(mint);
    if (key === NATIVE_MINT) report(`/assets/${name}/mint`, 'wrapped SOL counts as SOL and needs no asset of its own');
    if (key === NATIVE_MINT_2022) report(`/assets/${name}/mint`, 'wrapped SOL of Token-2022 cannot be told from SOL');
  }
}

function checkEffects(document: PolicyDocument, report: Report): void {
  const { delegate, burn = [], stake } = document.effects ?? {};
  for (const [name, delegates] of entriesOf<readonly string[]>(delegate)) {
    checkAsset(name, document, `/effects/delegate/${name}`, report);
    checkAddresses(delegates, `/effects/delegate/${name}`, report);
  }
  for (const [index, name] of burn.entries()) checkAsset(name, document, `/effects/burn/${index}`, report);
  checkAddresses(stake?.delegate ?? [], '/effects/stake/delegate', report);
}

function checkTables({ lookupTables }: PolicyDocument, report: Report): void {
  for (const [table, addresses] of entriesOf<readonly string[]>(lookupTables)) {
    checkAddress(table, `/lookupTables/${table}`, report);
    checkAddresses(addresses, `/lookupTables/${table}`, report);
  }
}

function checkNonce(document: PolicyDocument, report: Report): void {
  const { durableNonce: nonce, assets, recipients } = document;
  if (typeof nonce !== 'object') return;
  checkAddress(nonce.account, '/durableNonce/account', report);
  checkAddress(nonce.authority, '/durableNonce/authority', report);
  checkAmounts(nonce.assets, document, '/durableNonce/assets', report);
  for (const [name, budget] of entriesOf<string>(nonce.assets)) {
    const groups = recipients.map((group) => group.assets?.[name]?.windows);
    const windows = [assets[name]?.windows, ...groups].flatMap((list): readonly WindowLimit[] => list ?? []);
    if (windows.some(({ max }) => BigInt(max) <= BigInt(budget)))
      report(`/durableNonce/assets/${name}`, 'it is held back from every window and leaves nothing of one');
  }
}

function checkVaults(document: PolicyDocument, report: Report): void {
  const seen = new Set<string>();
  const groups = new Set(document.recipients.map(({ name }) => name));
  for (const [place, { multisig, index, limits = [], propose }] of (document.vaults ?? []).entries()) {
    const path = `/vaults/${place}`;
    checkAddress(multisig, `${path}/multisig`, report);
    if (seen.has(`${multisig} ${index}`)) report(path, 'this vault is declared already');
    seen.add(`${multisig} ${index}`);
    if (new Set(limits.map(({ createKey }) => createKey)).size !== limits.length)
      report(`${path}/limits`, 'two limits have the same createKey');
    for (const [at, { createKey, asset }] of limits.entries()) {
      checkAddress(createKey, `${path}/limits/${at}/createKey`, report);
      checkAsset(asset, document, `${path}/limits/${at}/asset`, report);
    }
    if (propose === undefined) continue;
    checkAmounts(propose.assets, document, `${path}/propose/assets`, report);
    for (const [at, group] of propose.recipients.entries())
      if (!groups.has(group)) report(`${path}/propose/recipients/${at}`, 'not a recipient group of this policy');
  }
}

function checkMessages({ messages }: PolicyDocument, report: Report): void {
  checkAddresses(messages?.offchain?.applicationDomains ?? [], '/messages/offchain/applicationDomains', report);
}

function checkProgram(
  address: string,
  { calls }: CalledProgramDocument,
  document: PolicyDocument,
  report: Report,
): void {
  const path = `/programs/${address}`;
  const key = pubkeyFromBase58(address);
  if (key === null) report(path, NO_ADDRESS);
  else if (isDecodedProgram(key)) report(path, 'this engine decodes or always refuses this program itself');
  if (new Set(calls.map(({ name }) => name)).size !== calls.length) report(path, 'two calls have the same name');
  for (const [index, call] of calls.entries()) checkCall(call, document, `${path}/calls/${index}`, report);
}

function checkCall(call: CallDocument, document: PolicyDocument, path: string, report: Report): void {
  const { fields = [], accounts, charges } = call;
  const byName = new Map(fields.map((field) => [field.name, field]));
  if (byName.size !== fields.length) report(`${path}/fields`, 'two fields have the same name');
  if (new Set(accounts.map(({ index }) => index)).size !== accounts.length)
    report(`${path}/accounts`, 'two accounts have the same index');
  for (const [index, field] of fields.entries()) checkField(field, call, `${path}/fields/${index}`, report);
  for (const [index, { is }] of accounts.entries()) checkAccount(is, document, `${path}/accounts/${index}/is`, report);
  for (const [index, charge] of charges.entries()) {
    const at = `${path}/charges/${index}`;
    checkAsset(charge.asset, document, `${at}/asset`, report);
    if ('amount' in charge) {
      if (BigInt(charge.amount) > U64_MAX) report(`${at}/amount`, 'more than 2^64 - 1');
    } else if (!/^u/.test(byName.get(charge.field)?.type ?? ''))
      report(`${at}/field`, 'not an unsigned field of this call');
  }
}

const widths = { u8: 1, u16: 2, u32: 4, u64: 8, i64: 8, pubkey: 32 } as const;

/** Fields must lie behind the discriminator and, where the length is given, within it. */
function checkField(
  { offset, type, min, max, oneOf }: CallFieldDocument,
  call: CallDocument,
  path: string,
  report: Report,
) {
  const width = widths[type];
  const { bytes = Number.POSITIVE_INFINITY } = call;
  const discriminator = call.discriminator.length / 2;
  const start = offset < 0 ? bytes + offset : offset;
  if (offset < 0 && -offset < width) report(`${path}/offset`, 'it reaches over the end of the data');
  else if (start < discriminator || start + width > bytes)
    report(`${path}/offset`, 'it does not lie between the discriminator and the end of the data');
  if (type === 'pubkey' && (min !== undefined || max !== undefined)) report(path, 'an address has no min or max');
  if (type !== 'pubkey' && oneOf !== undefined) report(`${path}/oneOf`, 'only for a pubkey');
  checkAddresses(oneOf ?? [], `${path}/oneOf`, report);
  if (min !== undefined && max !== undefined && BigInt(min) > BigInt(max)) report(`${path}/min`, 'over max');
}

function checkAccount(is: string, document: PolicyDocument, path: string, report: Report): void {
  if (is === 'agent' || is === 'notOurs') return;
  if (is === 'vault') {
    if ((document.vaults ?? []).length === 0) report(path, 'the policy declares no vault');
    return;
  }
  const asset = /^ownToken\((.+)\)$/.exec(is)?.[1];
  if (asset === undefined) checkAddress(is, path, report);
  else checkAsset(asset, document, path, report);
}
