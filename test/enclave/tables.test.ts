/** The small tables and lists of a wallet: phases, approvals, memory, blobs. */

import { createHash } from 'node:crypto';
import t from 'tap';
import { createBlobStore } from '../../enclave/blobs.ts';
import { DECIDED_APPROVALS, MEMORY_ENTRIES, MEMORY_MS } from '../../enclave/limits.ts';
import { STAGED_BYTES } from '../../enclave/link/limits.ts';
import { COMMANDS } from '../../enclave/link/schema/command.ts';
import {
  askApproval,
  denyApproval,
  emptyApprovals,
  findApproved,
  grantApproval,
  listApprovals,
  readApproval,
  useApproval,
} from '../../enclave/wallet/approvals.ts';
import { emptyMemory, recallId, recallMessage, remember } from '../../enclave/wallet/memory.ts';
import type { PhasedRequest } from '../../enclave/wallet/phases.ts';
import { PHASES, requirePhase } from '../../enclave/wallet/phases.ts';
import type { Hash } from '../../policy/types.ts';

t.test('phases: only an active wallet signs, and nothing leaves an end', (t) => {
  const phases = Object.keys(PHASES) as (keyof typeof PHASES)[];
  t.same(
    phases.filter((phase) => PHASES[phase].sign !== undefined),
    ['active'],
  );
  t.same(
    phases.filter((phase) => PHASES[phase].ticket === undefined),
    ['failed'],
    'an owner’s ticket is signed everywhere else',
  );
  t.same(Object.keys(PHASES.closed), ['ticket', 'wallet.retire']);
  t.same(Object.keys(PHASES.retired), ['ticket']);
  t.equal(PHASES.active.sign?.failure, 'failed');
  const reached = phases.flatMap((phase) => Object.values(PHASES[phase]).map(({ success }) => success));
  t.notOk(reached.includes('failed'), 'no request leads to failed by success');
  const toActive = phases.flatMap((phase) =>
    Object.entries(PHASES[phase])
      .filter(([, next]) => next.success === 'active' && phase !== 'active')
      .map(([request]) => `${phase} ${request}`),
  );
  t.same(toActive, ['sealed lease.grant', 'paused resume'], 'the only ways to active');
  for (const name of Object.keys(COMMANDS)) {
    const isInTable = phases.some((phase) => PHASES[phase][name as PhasedRequest] !== undefined);
    t.equal(isInTable, name !== 'wallet.create', `${name} stands in the table`);
  }
  t.throws(() => requirePhase({ phase: 'failed' }, 'sign'), { code: 'phase-refused' });
  t.end();
});

const hashOf = (text: string) => new Uint8Array(createHash('sha256').update(text).digest());
const hexOf = (text: string) => Buffer.from(hashOf(text)).toString('hex') as Hash;
const petition = (text: string) => ({
  effectsHash: hashOf(text),
  effects: [],
  programs: [],
  feeCap: '0',
  violations: [],
});
const RULES = { ttlMs: 1000, maxPending: 2 };

t.test('approvals: bound, limited, used once, and ended by time', (t) => {
  const approvals = emptyApprovals();
  const first = askApproval(approvals, petition('a'), RULES, 0);
  t.equal(askApproval(approvals, petition('a'), RULES, 10).id, first.id);
  askApproval(approvals, petition('b'), RULES, 10);
  t.throws(() => askApproval(approvals, petition('c'), RULES, 10), { code: 'approvals-full' });
  const grant = { id: first.id, effectsHash: hashOf('a'), until: 900 };
  t.throws(() => grantApproval(approvals, { ...grant, id: 'ff' }, RULES, 20), { code: 'approval-unknown' });
  t.throws(() => grantApproval(approvals, { ...grant, effectsHash: hashOf('b') }, RULES, 20), {
    code: 'effects-mismatch',
  });
  t.equal(findApproved(approvals, hexOf('a'), 20), null, 'asked is not approved');
  grantApproval(approvals, grant, RULES, 20);
  t.throws(() => grantApproval(approvals, grant, RULES, 20), { code: 'approval-unknown' }, 'decided once');
  t.equal(findApproved(approvals, hexOf('b'), 30), null, 'of other effects');
  t.equal(findApproved(approvals, hexOf('a'), 899)?.id, first.id);
  t.equal(findApproved(approvals, hexOf('a'), 900), null, 'ended');
  const again = askApproval(approvals, petition('a'), RULES, 950);
  t.not(again.id, first.id);
  grantApproval(approvals, { id: again.id, effectsHash: hashOf('a'), until: 1e12 }, RULES, 960);
  t.equal(
    Number(readApproval(approvals, again.id, 960).expiresAt),
    960 + RULES.ttlMs,
    'never longer than the policy allows',
  );
  useApproval(approvals, again.id);
  t.equal(findApproved(approvals, hexOf('a'), 961), null, 'used');
  t.throws(() => useApproval(approvals, again.id), { code: 'internal' });
  t.end();
});

t.test('approvals: decided ones are forgotten, oldest first', (t) => {
  const approvals = emptyApprovals();
  for (let index = 0; index < DECIDED_APPROVALS + 20; index++) {
    const { id } = askApproval(approvals, petition(`p${index}`), RULES, index);
    denyApproval(approvals, id, hashOf(`p${index}`), index);
  }
  askApproval(approvals, petition('last'), RULES, 500);
  const listed = listApprovals(approvals, undefined, 500);
  t.equal(listed.length, DECIDED_APPROVALS + 1);
  t.same(listApprovals(approvals, listed[3]?.id, 500)[0], listed[4]);
  t.end();
});

t.test('memory: first bytes of an id stay, age and number end it', (t) => {
  const memory = emptyMemory();
  const signed = (text: string) => [{ hash: hashOf(text), signature: new Uint8Array(64) }];
  remember(memory, 'id', signed('a'), 0);
  remember(memory, 'id', signed('b'), 1);
  t.same(recallId(memory, 'id'), signed('a'));
  t.ok(recallMessage(memory, hashOf('b')));
  t.equal(recallMessage(memory, hashOf('c')), null);
  remember(memory, undefined, signed('c'), MEMORY_MS + 1);
  t.equal(recallMessage(memory, hashOf('a')), null, 'after a day');
  for (let index = 0; index < MEMORY_ENTRIES; index++)
    remember(memory, `i${index}`, signed(`m${index}`), MEMORY_MS + 2);
  t.equal(memory.messages.size, MEMORY_ENTRIES);
  t.equal(recallMessage(memory, hashOf('c')), null, 'the oldest went first');
  t.end();
});

t.test('blobs: parts in order, whole by hash, bounded', (t) => {
  const blobs = createBlobStore();
  const bytes = new Uint8Array(100).fill(3);
  const hash = new Uint8Array(createHash('sha256').update(bytes).digest());
  const part = (offset: number, length: number, changes: object = {}) => ({
    hash,
    total: 100,
    offset,
    bytes: bytes.slice(offset, offset + length),
    ...changes,
  });
  t.throws(() => blobs.put(part(10, 10)), { code: 'blob-refused' }, 'not from the middle');
  t.equal(blobs.put(part(0, 60)), 60);
  t.throws(() => blobs.read(hash), { code: 'blob-refused' }, 'not whole');
  t.throws(() => blobs.put(part(50, 10)), { code: 'blob-refused' }, 'not twice');
  t.throws(() => blobs.put(part(60, 40, { total: 99 })), { code: 'blob-refused' }, 'not of another length');
  t.throws(() => blobs.put(part(60, 40, { bytes: new Uint8Array(41) })), { code: 'blob-refused' }, 'not over its end');
  t.equal(blobs.put(part(60, 40)), 100);
  t.equal(blobs.put(part(0, 60)), 100, 'again is done already');
  t.same(blobs.read(hash), bytes);
  const wrong = { hash: new Uint8Array(32), total: 5, offset: 0, bytes: new Uint8Array(5) };
  t.throws(() => blobs.put(wrong), { code: 'blob-refused' }, 'another content than its hash');
  for (let index = 1; index <= 9; index++)
    blobs.put({ hash: new Uint8Array(32).fill(index), total: STAGED_BYTES / 8, offset: 0, bytes: new Uint8Array(1) });
  t.throws(() => blobs.read(hash), { code: 'blob-refused' }, 'the oldest made room');
  t.end();
});
