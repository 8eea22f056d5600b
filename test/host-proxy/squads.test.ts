/** The small Squads encoder against the Squads library and against the enclave's own decoder: the same accounts and the same bytes. */

import { AccountRole } from '@solana/kit';
import t from 'tap';
import { encodeBase58 } from '../../host-proxy/transactions/base58.ts';
import type { Instruction } from '../../host-proxy/transactions/instructions.ts';
import { transferSol } from '../../host-proxy/transactions/instructions.ts';
import { compileVaultMessage } from '../../host-proxy/transactions/message.ts';
import { deriveVault, proposePayment, useSpendingLimit } from '../../host-proxy/transactions/squads.ts';
import { pubkeyFromBytes, pubkeyToBytes } from '../../policy/keys.ts';
import { decodeSquads } from '../../policy/programs/squads.ts';
import { deriveVault as derivePolicyVault } from '../../policy/programs/squads-addresses.ts';
import { decodeInnerMessage, encodeInnerMessage } from '../../policy/programs/squads-message.ts';
import type { Pubkey } from '../../policy/types.ts';
import { loadSdk } from '../../scripts/squads/sdk.ts';

const key = (fill: number) => new Uint8Array(32).fill(fill);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const raw = ({ program, accounts, data }: Instruction) => ({
  accounts: accounts.map(({ key: account }) => pubkeyFromBytes(account)),
  data: new Uint8Array(data),
  program: pubkeyFromBytes(program),
  positions: Uint8Array.from(accounts.keys()),
  requiredSignatures: 1,
});
const [multisig, member, createKey, to, mint] = [key(7), key(8), key(9), key(10), key(11)];
const vault = deriveVault(multisig, 3);

t.equal(hex(vault), derivePolicyVault(hex(multisig) as Pubkey, 3), 'the vault’s address');

const use = { multisig, vaultIndex: 3, createKey, member, to, amount: 2n ** 64n - 1n };
const uses: [string, Parameters<typeof useSpendingLimit>[0]][] = [
  ['SOL', { ...use, token: null }],
  ['SOL with a memo', { ...use, token: null, memo: 'invoice 7 ✓' }],
  ['a token', { ...use, token: { mint, tokenProgram: 'token', decimals: 6 } }],
  ['a token of Token-2022', { ...use, token: { mint, tokenProgram: 'token-2022', decimals: 2 }, memo: 'x' }],
];

t.test('a spending limit’s use', async (t) => {
  const warn = console.warn;
  console.warn = () => undefined;
  const [{ instructions }, { PublicKey }] = await Promise.all([import('@sqds/multisig'), import('@solana/web3.js')]);
  console.warn = warn;
  for (const [name, wanted] of uses) {
    const ours = useSpendingLimit(wanted);
    const decoded = decodeSquads(raw(ours));
    t.match(decoded, { ok: true, value: { name: 'spendingLimitUse', amount: wanted.amount } }, name);
    const { token, memo } = wanted;
    const theirs = instructions.spendingLimitUse({
      multisigPda: new PublicKey(multisig),
      member: new PublicKey(member),
      spendingLimit: new PublicKey(ours.accounts[2]?.key ?? new Uint8Array()),
      vaultIndex: 3,
      amount: String(wanted.amount) as unknown as number,
      decimals: token?.decimals ?? 9,
      destination: new PublicKey(to),
      ...(token === null ? {} : { mint: new PublicKey(token.mint) }),
      ...(token?.tokenProgram === 'token-2022'
        ? { tokenProgram: new PublicKey('TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb') }
        : {}),
      ...(memo === undefined ? {} : { memo }),
    });
    t.equal(hex(ours.data), hex(theirs.data), `${name}: data`);
    const metas = theirs.keys.map(({ pubkey }) => pubkey.toBase58());
    const own = ours.accounts.map(({ key: account }) => encodeBase58(account));
    // The library names the System program where the token form does not need it: both are accepted by program and enclave.
    t.strictSame(own.toSpliced(5, 1), metas.toSpliced(5, 1), `${name}: accounts`);
    for (const [index, { isSigner, isWritable }] of theirs.keys.entries())
      if (index !== 5)
        t.match(
          ours.accounts[index],
          { signer: isSigner, ...(isWritable ? { writable: true } : {}) },
          `${name}: ${index}`,
        );
  }
});

t.test('a proposal: the library’s bytes, and an inner message our decoder reads back to the same bytes', async (t) => {
  const sdk = await loadSdk();
  const message = compileVaultMessage(vault, [transferSol(vault, to, 5n), transferSol(vault, key(12), 6n)]);
  const inner = decodeInnerMessage(message);
  if (!inner.ok) throw new Error(inner.refusal);
  t.equal(hex(encodeInnerMessage(inner.value)), hex(message));
  t.match(inner.value, { requiredSignatures: 1, writableSigners: 1, writableOthers: 2, keys: { 0: hex(vault) } });
  const draft = { multisig, vaultIndex: 3, index: 2n ** 40n, member, message, approve: true };
  const at = {
    multisig: hex(multisig) as Pubkey,
    index: draft.index,
    member: hex(member) as Pubkey,
    rentPayer: hex(member) as Pubkey,
  };
  for (const memo of [undefined, 'why']) {
    const ours = proposePayment({ ...draft, ...(memo === undefined ? {} : { memo }) });
    const theirs = [sdk.createVault(at, 3, message, memo), sdk.createProposal(at), sdk.approve(at)];
    t.equal(ours.length, 3);
    for (const [index, instruction] of ours.entries()) {
      const other = theirs[index];
      t.equal(hex(instruction.data), hex(Uint8Array.from(other?.data ?? [])));
      t.strictSame(
        instruction.accounts.map(({ key: account }) => encodeBase58(account)),
        other?.accounts?.map(({ address }) => String(address)),
      );
      t.strictSame(
        instruction.accounts.map(({ signer }) => signer),
        other?.accounts?.map(({ role }) => role >= AccountRole.READONLY_SIGNER),
      );
      t.ok(decodeSquads(raw(instruction)).ok);
    }
  }
  t.equal(proposePayment({ ...draft, approve: false }).length, 2, 'no vote unless it is allowed');
  t.equal(pubkeyToBytes(hex(member) as Pubkey).length, 32);
});
