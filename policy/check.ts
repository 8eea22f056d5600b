/** The linter: shapes that are allowed and probably not meant. A warning has a number that never changes, a place and a reason. */
import { allowanceChecks } from './check-allowances.ts';
import type { GroupLimits } from './document.ts';
import { entriesOf } from './document-blocks.ts';
import type { Asset, Policy } from './policy.ts';
import { SIGNATURES, SOL } from './policy.ts';

export interface Warning {
  readonly number: number;
  readonly path: string;
  readonly detail: string;
  /** What can go wrong. */
  readonly why: string;
}

export interface Finding {
  readonly path: string;
  readonly detail: string;
}

export interface Check {
  readonly number: number;
  readonly why: string;
  readonly find: (policy: Policy) => readonly Finding[];
}

/** Lamports of fees per transaction from which on a policy is asked whether it means it: 0.01 SOL. */
const HIGH_FEE = 10_000_000n;
/** Lamports of rent per byte on the main network: two years at 3,480. */
const MAINNET_RENT_PER_BYTE = 6_960n;
/** Seconds from which on a lease is long: one day. */
const LONG_LEASE_SECONDS = 86_400;

/** Extensions with which somebody else can take, stop or divert what the wallet holds. */
const riskyExtensions: ReadonlySet<string> = new Set([
  'permanentDelegate',
  'transferHook',
  'transferFeeConfig',
  'pausableConfig',
  'defaultAccountState',
  'mintCloseAuthority',
  'nonTransferable',
  'confidentialTransferMint',
]);

const checks: readonly Check[] = [
  { number: 1, why: 'one signature may empty the window', find: findNoPerTransaction },
  { number: 2, why: 'whoever talks the agent into it is paid up to the wallet’s limits', find: findOpenGroup },
  { number: 3, why: 'the group that decides is the one before', find: findUnreachable },
  { number: 4, why: 'it has no effect, or never lets the payment through', find: findUselessLimits },
  { number: 5, why: 'a payment over the slice fits no lease and is always refused', find: findSmallSlices },
  {
    number: 6,
    why: 'priority fees go to whoever produces the block; an agent can be made to burn them',
    find: findHighFees,
  },
  { number: 7, why: 'rent is judged with this number; the network’s differs', find: findRent },
  { number: 8, why: 'a host that hides a pause keeps signing until the lease ends', find: findLongLease },
  { number: 9, why: 'nothing bounds how many small transactions are signed', find: findNoSignatureBudget },
  { number: 10, why: 'fewer signatures fit the window than it seems', find: findSlowCooldown },
  {
    number: 11,
    why: 'what was refused outright becomes a question that somebody may answer in haste',
    find: findWideLifts,
  },
  { number: 12, why: 'the owner key has to be at hand for it, or one key can do two things', find: findRoles },
  { number: 13, why: 'the asset cannot be sent, or the program is allowed for nothing', find: findProgramGaps },
  { number: 14, why: 'somebody else can take, stop or divert the tokens', find: findRiskyMints },
  { number: 15, why: 'nobody can be paid', find: findNoRecipients },
  { number: 16, why: 'what should be asked about is always refused', find: findUnansweredQuestions },
  ...allowanceChecks,
];

/** Warnings in the order of their numbers. A policy without any is not thereby a good one. */
export function checkPolicy(policy: Policy): Warning[] {
  return checks.flatMap(({ number, why, find }) => find(policy).map((finding) => ({ number, ...finding, why })));
}

function sendable(policy: Policy): Asset[] {
  return [...policy.assets.values()].filter(({ id }) => id !== SIGNATURES);
}

function findNoPerTransaction(policy: Policy): Finding[] {
  const open = sendable(policy).filter(({ perTransaction }) => perTransaction === null);
  return open.map(({ name }) => ({ path: `/assets/${name}`, detail: 'no perTransaction' }));
}

function findOpenGroup(policy: Policy): Finding[] {
  return policy.document.recipients.flatMap((group, index) => {
    if (group.owners !== 'any' || group.approval === true) return [];
    const limited = entriesOf<GroupLimits>(group.assets).every(([, limits]) => limits.windows !== undefined);
    if (group.assets !== undefined && limited) return [];
    return [{ path: `/recipients/${index}`, detail: 'anybody may be paid, without limits of the group’s own' }];
  });
}

function findUnreachable(policy: Policy): Finding[] {
  const seen = new Map<string, string>();
  let open: string | null = null;
  const findings: Finding[] = [];
  for (const [index, { name, owners }] of policy.document.recipients.entries()) {
    const path = `/recipients/${index}`;
    if (open !== null) findings.push({ path, detail: `never reached: group ${open} holds everybody` });
    if (owners === 'any') open ??= name;
    else {
      for (const owner of owners) {
        const first = seen.get(owner);
        if (first !== undefined) findings.push({ path, detail: `${owner} is in group ${first} already` });
        else seen.set(owner, name);
      }
    }
  }
  return findings;
}

function findUselessLimits(policy: Policy): Finding[] {
  return [...policy.assets.values()].flatMap(({ name, perTransaction, approvalAbove, windows }) => {
    const path = `/assets/${name}`;
    const findings: Finding[] = [];
    const least = windows.reduce((min, { max }) => (max < min ? max : min), windows[0]?.max ?? 0n);
    if (perTransaction !== null && perTransaction > least)
      findings.push({ path, detail: 'perTransaction is over a window’s max' });
    const lifted = policy.approvals.lifts.has('window');
    if (approvalAbove !== null && approvalAbove >= least && !lifted) {
      findings.push({
        path,
        detail: 'approvalAbove is at or over a window’s max, which approvals.lifts does not name',
      });
    }
    const sorted = [...windows].sort((first, second) => first.seconds - second.seconds);
    for (const [index, window] of sorted.entries()) {
      const shorter = sorted[index - 1];
      if (shorter === undefined || window.max > shorter.max) continue;
      findings.push({
        path: `${path}/windows`,
        detail: `the ${shorter.seconds} s window allows as much as the ${window.seconds} s window`,
      });
    }
    return findings;
  });
}

function findSmallSlices(policy: Policy): Finding[] {
  return sendable(policy).flatMap(({ name, slice, perTransaction, approvalAbove }) => {
    const sizes = [perTransaction, approvalAbove].filter((size) => size !== null);
    const largest = sizes.length === 0 ? null : sizes.reduce((least, size) => (size < least ? size : least));
    if (largest === null || slice >= largest) return [];
    return [{ path: `/lease/slice/${name}`, detail: `a lease exposes ${slice}, one payment may be ${largest}` }];
  });
}

function findHighFees({ fees }: Policy): Finding[] {
  return fees.perTransaction <= HIGH_FEE
    ? []
    : [{ path: '/fees/perTransaction', detail: `more than ${HIGH_FEE} lamports` }];
}

function findRent({ fees }: Policy): Finding[] {
  const same = fees.rentPerByte === MAINNET_RENT_PER_BYTE;
  return same
    ? []
    : [{ path: '/fees/rentPerByte', detail: `not the ${MAINNET_RENT_PER_BYTE} lamports of the main network` }];
}

function findLongLease({ lease }: Policy): Finding[] {
  return lease.maxSeconds <= LONG_LEASE_SECONDS ? [] : [{ path: '/lease/maxSeconds', detail: 'longer than a day' }];
}

function findNoSignatureBudget({ assets }: Policy): Finding[] {
  return assets.has(SIGNATURES)
    ? []
    : [{ path: '/assets/signatures', detail: 'no budget for the number of signatures' }];
}

function findSlowCooldown({ assets, schedule }: Policy): Finding[] {
  return [...assets.values()].flatMap(({ name, windows }) =>
    windows
      .filter(({ seconds }) => seconds * 1_000 <= schedule.cooldownMs)
      .map(({ seconds }) => ({
        path: `/assets/${name}/windows`,
        detail: `the cooldown is as long as the ${seconds} s window`,
      })),
  );
}

function findWideLifts({ approvals }: Policy): Finding[] {
  const wide = ['recipient', 'program', 'window'].filter((lift) => ([...approvals.lifts] as string[]).includes(lift));
  return wide.map((lift) => ({ path: '/approvals/lifts', detail: `${lift} can be lifted` }));
}

function findRoles({ keys }: Policy): Finding[] {
  const empty = (['renew', 'pause'] as const).filter((role) => keys[role].length === 0);
  const shared = keys.renew.filter((key) => keys.approve.includes(key));
  return [
    ...empty.map((role) => ({ path: `/keys/${role}`, detail: `nobody but the owner key may ${role}` })),
    ...shared.map(() => ({ path: '/keys/approve', detail: 'the always-on renew key may approve' })),
  ];
}

function findProgramGaps(policy: Policy): Finding[] {
  if (policy.calls.size > 0 || policy.vaults.size > 0) return [];
  const used = new Set<string>(
    entriesOf<{ tokenProgram?: string }>(policy.document.assets).map(
      ([name, { tokenProgram }]) => tokenProgram ?? name,
    ),
  );
  const findings: Finding[] = [];
  for (const program of ['token', 'token-2022'] as const) {
    const allowed = policy.programs.get(program)?.has('transferChecked') ?? false;
    if (allowed && !used.has(program))
      findings.push({ path: `/programs/${program}`, detail: 'no asset uses this program' });
    if (!allowed && used.has(program))
      findings.push({ path: `/programs/${program}`, detail: 'a mint is pinned, its transfer is not allowed' });
  }
  const transfers = policy.programs.get('system')?.has('transfer') ?? false;
  if (transfers && !policy.assets.has(SOL)) findings.push({ path: '/programs/system', detail: 'SOL has no budget' });
  return findings;
}

function findRiskyMints(policy: Policy): Finding[] {
  return entriesOf<{ extensions?: readonly string[] }>(policy.document.assets).flatMap(([name, { extensions }]) =>
    (extensions ?? [])
      .filter((extension) => riskyExtensions.has(extension))
      .map((extension) => ({ path: `/assets/${name}/extensions`, detail: extension })),
  );
}

function findNoRecipients({ groups }: Policy): Finding[] {
  return groups.length > 0 ? [] : [{ path: '/recipients', detail: 'no group' }];
}

function findUnansweredQuestions({ approvals, assets, groups }: Policy): Finding[] {
  if (approvals.lifts.has('approvalAbove')) return [];
  const limits = [...assets.values()].some(({ approvalAbove }) => approvalAbove !== null);
  const asks =
    limits || approvals.assets.size > 0 || approvals.programs.size > 0 || groups.some(({ approval }) => approval);
  return asks ? [{ path: '/approvals/lifts', detail: 'approvalAbove is not named' }] : [];
}
