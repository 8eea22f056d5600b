/** `reeve owner create`: a new wallet, trusted only after its first attested statement says what was asked for. */

import { createHash } from 'node:crypto';
import { decodeCbor } from '../../../enclave/link/cbor.ts';
import { ReeveError } from '../../../enclave/link/errors.ts';
import type { Statement } from '../../../enclave/link/schema/statement.ts';
import { isValid } from '../../../enclave/link/validators.ts';
import { usageError } from '../../cli/failures.ts';
import { EXIT } from '../../cli/io.ts';
import { escapeText, toHex } from '../../cli/text.ts';
import type { Pins } from '../attest.ts';
import { attestWallets, checkPins, mismatch } from '../attest.ts';
import { keepPins, keepPolicy, keepSeal, pinsToJson, readKeptPolicy, readWalletCopy } from '../copy.ts';
import type { Order } from '../issue.ts';
import { issue, showAndConfirm } from '../issue.ts';
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
    const made = file === undefined || adopt ? readMade(session, wallet) : await makeWallet(session, wallet, file);
    const { statement, pins } = await verifyWallet(session, made);
    await keeper.enroll(pinsToJson(pins), made.policy, !adopt);
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
  readonly wallet: string;
  readonly seal: Uint8Array;
  readonly policy: Uint8Array;
  /** The boot the command was signed for; null when only the copy is left of it. */
  readonly boot: Uint8Array | null;
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
  const issued = await issue(session, order);
  const seal = issued.sent ? issued.answer.seal : undefined;
  if (seal === undefined) throw new ReeveError('admin-answer', { what: 'no seal' });
  keepSeal(profile, wallet, seal);
  keepPolicy(profile, wallet, input.bytes, issued.signed.envelope, issued.signed.body);
  return { wallet, seal, policy: input.bytes, boot };
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

function readMade({ profile }: Session, wallet: string): Made {
  const { seal } = readWalletCopy(profile, wallet);
  return { wallet, seal, policy: readKeptPolicy(profile, wallet).bytes, boot: null };
}

/** The statement must say what was asked for, and the seal must hold the very keys it names. */
async function verifyWallet(session: Session, made: Made): Promise<{ statement: Statement; pins: Pins }> {
  const { profile } = session;
  const seal = decodeCbor(made.seal);
  if (!isValid('Seal', seal)) throw new ReeveError('seal-invalid', { what: 'form' });
  const pins: Pins = {
    wallet: made.wallet,
    agent: seal.agent,
    receiptKey: seal.receiptKey,
    owner: new Uint8Array(Buffer.from(profile.keys.owner.publicKey, 'hex')),
    kmsKeyArn: profile.keys.seal.arn,
  };
  if (seal.wallet !== made.wallet || !Buffer.from(seal.owner).equals(pins.owner) || seal.kmsKeyArn !== pins.kmsKeyArn)
    throw new ReeveError('seal-invalid', { what: 'the seal is of another wallet, owner or key' });
  const [statement] = await attestWallets(await session.admin(), profile, [made.wallet]);
  if (statement === undefined) throw mismatch('wallet', made.wallet, 'none');
  checkPins(statement, pins);
  const policyHash = createHash('sha256').update(made.policy).digest('hex');
  if (toHex(statement.policyHash) !== policyHash) throw mismatch('policyHash', policyHash, toHex(statement.policyHash));
  if (made.boot !== null) checkFresh(statement, made.boot);
  return { statement, pins };
}

/** A wallet made a moment ago, on the boot the command was for, has no past. */
function checkFresh(statement: Statement, boot: Uint8Array): void {
  if (!Buffer.from(statement.boot).equals(boot)) throw mismatch('boot', toHex(boot), toHex(statement.boot));
  if (statement.m !== 0 || statement.lastLease !== 0) throw mismatch('lastLease', '0', String(statement.lastLease));
}
