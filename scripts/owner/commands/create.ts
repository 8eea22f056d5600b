/** `reeve owner create`: a new wallet, trusted only after its first attested statement says what was asked for. */

import { createHash } from 'node:crypto';
import type { Statement } from '../../../enclave/link/schema/statement.ts';
import { usageError } from '../../cli/failures.ts';
import { EXIT } from '../../cli/io.ts';
import { escapeText, toHex } from '../../cli/text.ts';
import type { Pins } from '../attest.ts';
import { attestWallets, mismatch } from '../attest.ts';
import { keepPins, keepPolicy, keepSeal, pinsToJson } from '../copy.ts';
import type { Order } from '../issue.ts';
import { issue, showAndConfirm } from '../issue.ts';
import { readSealed } from '../moved-seal.ts';
import type { PolicyInput } from '../policy-input.ts';
import { readPolicyFile } from '../policy-input.ts';
import type { Session } from '../session.ts';
import { defineOwnerCommand, PROFILE_OPTIONS, RENEWER_OPTION } from '../session.ts';
import { toAddress } from '../show.ts';

export const create = defineOwnerCommand(
  {
    usage: 'reeve owner create WALLET --policy FILE',
    summary: 'Makes a wallet inside the enclave, verifies it, pins its keys and keeps its seal.',
    words: 1,
    options: {
      ...PROFILE_OPTIONS,
      ...RENEWER_OPTION,
      policy: { value: 'FILE', text: 'the policy document' },
      adopt: { text: 'finish a creation that was cut short after the wallet was made' },
    },
  },
  async (session) => {
    const { context, profile } = session;
    const wallet = context.words[0] as string;
    const adopt = context.flag('adopt');
    const file = context.option('policy');
    if (file === undefined && !adopt) throw usageError('--policy is needed');
    const keeper = await session.keeper();
    const made = file === undefined || adopt ? null : await makeWallet(session, wallet, file);
    const statement = await verifyWallet(session, wallet, made);
    const pins = pinsOf(statement);
    const policy = made?.policy ?? (await findPolicy(session, statement));
    await keepMade(session, statement, pins, policy);
    await keeper.enroll(pinsToJson(pins), policy, !adopt);
    keepPins(profile, pins);
    context.report(
      {
        wallet,
        agent: toAddress(pins.agent),
        receiptKey: toHex(pins.receiptKey),
        policyHash: toHex(statement.policyHash),
        mode: statement.mode,
        image: statement.image,
      },
      [
        `Created and verified: ${wallet}, address ${toAddress(pins.agent)}`,
        ...(statement.mode === 'development' ? ['This is a simulated enclave (mode development).'] : []),
        'It signs nothing before its first lease: reeve owner lease --once, or --auto.',
      ],
    );
    return EXIT.done;
  },
);

interface Made {
  readonly policy: Uint8Array;
  /** The boot the command was signed for. */
  readonly boot: Uint8Array;
}

/** The image is verified before anything is signed; the wallet's own statement afterwards, before anything is trusted. */
async function makeWallet(session: Session, wallet: string, file: string): Promise<Made> {
  const { context, profile } = session;
  const input = readPolicyFile(file);
  const admin = await session.admin();
  await attestWallets(admin, profile, []);
  const { boot } = await admin.hello();
  const order = makeOrder(session, wallet, input, boot);
  for (const warning of [...input.warnings, ...roleWarnings(session, input)]) context.say(escapeText(warning));
  await showAndConfirm(session, order);
  await issue(session, order);
  return { policy: input.bytes, boot };
}

function makeOrder(
  { profile }: Session,
  wallet: string,
  { bytes, policy }: PolicyInput,
  boot: Uint8Array,
): Order<'wallet.create'> {
  const owner = new Uint8Array(Buffer.from(profile.keys.owner.publicKey, 'hex'));
  const kmsKeyArn = profile.keys.seal.arn;
  const policyHash = new Uint8Array(Buffer.from(policy.hash, 'hex'));
  return {
    name: 'wallet.create',
    content: { wallet, ownerPublicKey: owner, kmsKeyArn, policyHash },
    target: { wallet, boot, commandSeq: 0, owner, roles: { renew: [], pause: [], approve: [] } },
    policy: bytes,
    meaning: [
      `a new wallet, owned by ${toAddress(owner)} (${profile.keys.owner.arn})`,
      `sealed by ${kmsKeyArn}`,
      `policy ${policy.hash} with ${policy.assets.size} assets and ${policy.groups.length} recipient groups`,
    ],
  };
}

/** An always-on renewer that needs the owner's key is not what roles are for. */
function roleWarnings({ profile }: Session, { policy }: PolicyInput): string[] {
  const named = policy.keys.renew.some((key) => key === profile.keys.renew.publicKey);
  return named
    ? []
    : ['warning: the policy’s keys.renew does not name this profile’s renew key; leases will need the owner key'];
}

/** What is attested must be what was asked for; of a creation cut short, that it is this profile's. */
async function verifyWallet(session: Session, wallet: string, made: Made | null): Promise<Statement> {
  const { profile } = session;
  const [statement] = await attestWallets(await session.admin(), profile, [wallet]);
  if (statement === undefined) throw mismatch('wallet', wallet, 'none');
  const { owner, seal } = profile.keys;
  if (toHex(statement.owner) !== owner.publicKey) throw mismatch('owner', owner.publicKey, toHex(statement.owner));
  if (statement.kmsKeyArn !== seal.arn) throw mismatch('kmsKeyArn', seal.arn, statement.kmsKeyArn);
  if (made === null) return statement;
  checkPolicy(statement, made.policy);
  checkFresh(statement, made.boot);
  return statement;
}

function pinsOf({ wallet, agent, receiptKey, owner, kmsKeyArn }: Statement): Pins {
  return { wallet, agent, receiptKey, owner, kmsKeyArn };
}

function checkPolicy({ policyHash }: Statement, policy: Uint8Array): void {
  const hash = createHash('sha256').update(policy).digest('hex');
  if (toHex(policyHash) !== hash) throw mismatch('policyHash', hash, toHex(policyHash));
}

/** The policy of a creation cut short, as the host has it: its hash is attested. */
async function findPolicy(session: Session, statement: Statement): Promise<Uint8Array> {
  const { policy } = await (await session.admin()).readState(statement.wallet);
  checkPolicy(statement, policy);
  return policy;
}

/** Seal and command out of the attested chain: what the host answered to the command is not needed, nor whether it did. */
async function keepMade(session: Session, statement: Statement, pins: Pins, policy: Uint8Array): Promise<void> {
  const { seal, proof } = await readSealed(session, statement, pins);
  keepSeal(session.profile, pins.wallet, seal);
  keepPolicy(session.profile, pins.wallet, policy, proof.envelope, proof.body);
}

/** A wallet made a moment ago, on the boot the command was for, has no past. */
function checkFresh(statement: Statement, boot: Uint8Array): void {
  if (!Buffer.from(statement.boot).equals(boot)) throw mismatch('boot', toHex(boot), toHex(statement.boot));
  if (statement.m !== 0 || statement.lastLease !== 0) throw mismatch('lastLease', '0', String(statement.lastLease));
}
