/** The key policies, evaluated by the development KMS: who gets in, what grants do, and an upgrade of the image. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { compareKeyPolicy, makeRolePolicy, makeSealingPolicy } from '../../attestation/key-policy.ts';
import { run as runKeyPolicy } from '../../scripts/attestation/key-policy.ts';
import { authorize, CALLER } from '../../scripts/dev/kms/policy.ts';
import { readPins } from '../../scripts/owner/copy.ts';
import { hexImage, IMAGE, NEXT_IMAGE, startCustody } from './custody-support.ts';
import { run } from './owner-support.ts';

const OTHER = 'arn:aws:iam::111111111111:role/other';
const [pcr0, pcr8] = ['a1'.repeat(48), 'b2'.repeat(48)];
const at = { 'kms:RecipientAttestation:ImageSha384': pcr0, 'kms:RecipientAttestation:PCR8': pcr8 };
const sealing = makeSealingPolicy({ images: [pcr0], pcr8, users: [CALLER], administrators: [CALLER] });

t.test('who may do what with a sealing key, and a grant opens nothing', (t) => {
  const rows: readonly (readonly [string, object, 'allow' | 'deny', boolean?])[] = [
    ['kms:Decrypt', at, 'allow'],
    ['kms:GenerateDataKey', at, 'allow'],
    ['kms:Decrypt', {}, 'deny'],
    ['kms:Decrypt', {}, 'deny', true],
    ['kms:Decrypt', { ...at, 'kms:RecipientAttestation:ImageSha384': '00'.repeat(48) }, 'deny', true],
    ['kms:Decrypt', { ...at, 'kms:RecipientAttestation:PCR8': 'cc'.repeat(48) }, 'deny', true],
    ['kms:Decrypt', { 'kms:RecipientAttestation:ImageSha384': pcr0 }, 'deny', true],
    ['kms:Decrypt', { ...at, 'kms:RecipientAttestation:ImageSha384': pcr0.toUpperCase() }, 'allow'],
    ['kms:ReEncryptFrom', at, 'deny', true],
    ['kms:Encrypt', at, 'deny', true],
    ['kms:GenerateDataKeyPair', at, 'deny', true],
    ['kms:CreateGrant', at, 'deny'],
    ['kms:ScheduleKeyDeletion', at, 'deny'],
    ['kms:PutKeyPolicy', {}, 'allow'],
    ['kms:DisableKey', {}, 'allow'],
  ];
  for (const [action, conditions, verdict, isGranted = false] of rows) {
    const ask = () => authorize(JSON.stringify(sealing), action, 'arn', new Map(Object.entries(conditions)), isGranted);
    const name = `${action}${isGranted ? ' with a grant' : ''}: ${verdict}`;
    if (verdict === 'allow') t.doesNotThrow(ask, name);
    else t.throws(ask, { name: 'AccessDeniedException' }, name);
  }
  const separate = makeSealingPolicy({ images: [pcr0], users: [OTHER], administrators: [CALLER] });
  const use = () => authorize(JSON.stringify(separate), 'kms:Decrypt', 'arn', new Map(Object.entries(at)));
  t.throws(use, { name: 'AccessDeniedException' }, 'an administrator is no user');
  t.end();
});

t.test('a role key signs for one principal; only the named one deletes', (t) => {
  const ask = (policy: object, action: string) => () =>
    authorize(JSON.stringify(policy), action, 'arn', new Map(), true);
  t.doesNotThrow(ask(makeRolePolicy({ signer: CALLER, administrators: [OTHER] }), 'kms:Sign'));
  t.throws(ask(makeRolePolicy({ signer: OTHER, administrators: [CALLER] }), 'kms:Sign'), {
    name: 'AccessDeniedException',
  });
  const base = { images: [pcr0], users: [OTHER], administrators: [OTHER] };
  t.doesNotThrow(ask(makeSealingPolicy({ ...base, deleter: CALLER }), 'kms:ScheduleKeyDeletion'));
  t.throws(ask(makeSealingPolicy({ ...base, deleter: OTHER }), 'kms:ScheduleKeyDeletion'), {
    name: 'AccessDeniedException',
  });
  t.end();
});

t.test('PCR3, where it is pinned, is demanded beside the image, also of a grant', (t) => {
  const pcr3 = 'c3'.repeat(48);
  const policy = JSON.stringify(makeSealingPolicy({ images: [pcr0], pcr3, users: [CALLER], administrators: [OTHER] }));
  const ask = (value: string | null, isGranted: boolean) => () => {
    const role = value === null ? [] : [['kms:RecipientAttestation:PCR3', value] as const];
    const conditions = new Map([['kms:RecipientAttestation:ImageSha384', pcr0] as const, ...role]);
    authorize(policy, 'kms:Decrypt', 'arn', conditions, isGranted);
  };
  t.doesNotThrow(ask(pcr3, false), 'the pinned role');
  for (const value of [null, pcr8, '00'.repeat(48)])
    for (const isGranted of [false, true])
      t.throws(ask(value, isGranted), { name: 'AccessDeniedException' }, `PCR3 ${value?.slice(0, 4)}, ${isGranted}`);
  t.end();
});

t.test('what differs is found, what is only spelled otherwise is not', (t) => {
  const [first, second, ...rest] = sealing.Statement;
  const respelled = {
    Statement: [
      ...rest,
      { ...first, Principal: { AWS: CALLER }, Action: [...(first?.Action ?? [])].reverse() },
      second,
    ],
  };
  t.same(compareKeyPolicy(sealing, JSON.stringify(respelled), []), []);
  const rows: readonly (readonly [string, object, readonly object[]])[] = [
    ['no Deny', { Statement: sealing.Statement.slice(0, 2) }, [{ statement: 'DenyOtherImage' }, {}, {}, {}]],
    [
      'another image',
      makeSealingPolicy({ images: [pcr8], pcr8, users: [CALLER], administrators: [CALLER] }),
      [
        { code: 'statement-differs', statement: 'UnsealInsideTheEnclave' },
        { code: 'statement-differs', statement: 'DenyOtherImage' },
      ],
    ],
    [
      'an extra Allow',
      { Statement: [...sealing.Statement, { ...first, Sid: 'More' }] },
      [{ code: 'statement-extra', statement: 'More' }],
    ],
  ];
  for (const [name, deployed, findings] of rows)
    t.match(compareKeyPolicy(sealing, JSON.stringify(deployed), []), findings, name);
  t.match(compareKeyPolicy(sealing, JSON.stringify(sealing), [{ id: 'g', operations: ['Decrypt'] }]), [
    { code: 'grant' },
  ]);
  t.same(compareKeyPolicy(sealing, 'nonsense', []), [{ code: 'policy-not-json' }]);
  t.end();
});

t.test('an upgrade: the next image unseals beside the present one, then instead of it', async (t) => {
  const custody = await startCustody(t);
  const { arn } = custody.profile().keys.seal;
  const file = (name: string, image: typeof IMAGE) => {
    const path = join(custody.folder, name);
    writeFileSync(path, JSON.stringify(hexImage(image)));
    return ['--image', path];
  };
  const [present, next] = [file('present.json', IMAGE), file('next.json', NEXT_IMAGE)];
  const people = ['--user', CALLER, '--administrator', CALLER];
  const make = async (images: string[]) => (await run(runKeyPolicy, [...images, ...people, '--json'])).json;
  const put = async (images: string[]) =>
    custody.kms.keys.replace({ ...custody.kms.keys.find(arn), policy: JSON.stringify(await make(images)) });
  const check = (images: string[]) =>
    run(runKeyPolicy, [...images, ...people, '--check', arn, '--profile', custody.profilePath, '--json']);
  t.match(await check(present), { code: 1, json: { asWanted: false } }, 'the policy AWS gives to a new key');
  await put(present);
  t.match(await check(present), { code: 0, json: { asWanted: true, findings: [] } });
  await custody.owner('create', 'w', '--policy', custody.policyFile());
  t.match((await custody.owner('lease', '--once')).json, { outcomes: [{ result: 'leased' }] });
  const { agent } = readPins(custody.profile(), 'w');

  const leaseOf = async () => (await custody.owner('lease', '--once')).json;
  await t.rejects(custody.restart(NEXT_IMAGE), /does not serve/, 'an image the policy does not name unseals nothing');
  await put([...present, ...next]);
  const { images } = custody.profile();
  const path = custody.profilePath;
  const data = {
    ...custody.profile(),
    folder: undefined,
    images: [...images, { name: 'next', ...hexImage(NEXT_IMAGE) }],
  };
  writeFileSync(path, JSON.stringify(data));
  await custody.restart(NEXT_IMAGE);
  t.match(await leaseOf(), { outcomes: [{ result: 'leased' }] }, 'the next image');
  t.same(readPins(custody.profile(), 'w').agent, agent, 'the same wallet');
  await custody.restart(IMAGE);
  t.match(await leaseOf(), { outcomes: [{ result: 'leased' }] }, 'the present one still can');
  await put(next);
  await t.rejects(custody.restart(IMAGE), /does not serve/, 'after the switch-over the old one cannot');
  await custody.restart(NEXT_IMAGE);
  t.match(await leaseOf(), { outcomes: [{ result: 'leased' }] });
  const key = custody.kms.keys.find(arn);
  custody.kms.keys.replace({ ...key, grants: [{ id: 'g1', operations: ['Decrypt'] }] });
  t.match(await check(next), { code: 1, json: { findings: [{ code: 'grant', grant: 'g1' }] } });
});

t.test('a role key’s policy, written, put, and checked; administrators may be of another account', async (t) => {
  const custody = await startCustody(t);
  const { arn } = custody.profile().keys.renew;
  const wanted = ['--signer', CALLER, '--administrator', CALLER, '--administrator', OTHER];
  const check = () => run(runKeyPolicy, [...wanted, '--check', arn, '--profile', custody.profilePath, '--json']);
  const { json: policy, code } = await run(runKeyPolicy, [...wanted, '--json']);
  t.match([code, policy], [0, { Id: 'reeve-role-key' }]);
  const found = await check();
  t.equal(found.code, 1, 'not the one of a new key');
  t.match(found.json, { key: arn, asWanted: false });
  const put = (document: unknown) =>
    custody.kms.keys.replace({ ...custody.kms.keys.find(arn), policy: JSON.stringify(document) });
  put(policy);
  t.match(await check(), { code: 0, json: { asWanted: true, findings: [] } });
  const widened = JSON.parse(JSON.stringify(policy).replaceAll(`"${OTHER}"`, '"*"'));
  put(widened);
  t.match(await check(), { code: 1, json: { findings: [{ code: 'statement-differs', statement: 'Administer' }] } });
  const missing = custody.kms.keys.find(arn).arn.replace(/.{8}$/, '00000000');
  const nowhere = ['--check', missing, '--profile', custody.profilePath, '--json'];
  t.equal((await run(runKeyPolicy, [...wanted, ...nowhere])).code, 1, 'a key that is not there is no key as wanted');
});

t.test('wrong use', async (t) => {
  const zero = join(t.testdir({ 'zero.json': JSON.stringify({ pcr0: '00'.repeat(48) }) }), 'zero.json');
  const rows = [
    [],
    ['--administrator', CALLER],
    ['--signer', 'somebody', '--administrator', CALLER],
    ['--image', zero, '--user', CALLER, '--administrator', CALLER],
    ['--image', zero, '--signer', CALLER, '--administrator', CALLER],
    ['--signer', CALLER],
    ['--signer', CALLER, '--administrator', '*'],
  ];
  for (const argv of rows) t.equal((await run(runKeyPolicy, argv)).code, 2, argv.join(' '));
});
