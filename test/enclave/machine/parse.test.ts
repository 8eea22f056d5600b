/** What the machine program parses, row by row and fuzzed under sanitizers, with readers written here beside it. */

import t from 'tap';
import type { CborKey, CborValue } from '../../../attestation/cbor.ts';
import { decodeCbor, encodeCbor } from '../../../attestation/cbor.ts';
import { mutate } from '../../fuzz/mutate.ts';
import { seedRandom } from '../../fuzz/random.ts';
import { buildHarness } from './harness.ts';

/** Inputs a parser at scale 1. */
const INPUTS = 1_000_000;
const scale = Number(process.env['REEVE_SCALE'] ?? 0.01);
const machine = buildHarness();
t.teardown(() => machine.close());
const text = (words: string) => Buffer.from(words, 'latin1');

t.test('the parent’s CID', async (t) => {
  const rows: [string, string][] = [
    ['', '3'],
    ['quiet console=ttyS0\n', '3'],
    ['reeve.parent_cid=2', '2'],
    ['a reeve.parent_cid=4294967294 b', '4294967294'],
    ['xreeve.parent_cid=2', '3'],
    ['reeve.parent_cid=0', 'refused'],
    ['reeve.parent_cid=1', 'refused'],
    ['reeve.parent_cid=4294967295', 'refused'],
    ['reeve.parent_cid=4294967298', 'refused'],
    ['reeve.parent_cid=', 'refused'],
    ['reeve.parent_cid=02', 'refused'],
    ['reeve.parent_cid=-2', 'refused'],
    ['reeve.parent_cid=2x', 'refused'],
    ['reeve.parent_cid=2 reeve.parent_cid=2', 'refused'],
    ['reeve.parent_cid', '3'],
  ];
  t.strictSame(
    machine.parse(
      'c',
      rows.map(([line]) => text(line)),
    ),
    rows.map(([, verdict]) => verdict),
  );
});

t.test('a line of the trust file', async (t) => {
  const rows: [string, string][] = [
    ['{\n  "refuseDebug": false\n}', 'lax'],
    ['{\n  "refuseDebug": false,\n}', 'lax'],
    ['"refuseDebug": false', 'lax'],
    ['{\n  "refuseDebug": true,\n}', 'strict'],
    ['{ "refuseDebug": false }', 'strict'],
    ['  "refuseDebug":false', 'strict'],
    ['  "refuseDebug": false, ', 'strict'],
    ['  "refuseDebug": falsey', 'strict'],
    ['  "xrefuseDebug": false', 'strict'],
    ['  "pem": "refuseDebug\\": false"', 'strict'],
    ['', 'strict'],
    ['\n\n,\n "', 'strict'],
  ];
  t.strictSame(
    machine.parse(
      't',
      rows.map(([line]) => text(line)),
    ),
    rows.map(([, verdict]) => verdict),
  );
});

const PCR = Uint8Array.from({ length: 48 }, (_, index) => index + 1);
const definite = (...entries: [string, CborValue][]) =>
  encodeCbor(new Map([['DescribePCR', new Map<CborKey, CborValue>(entries)]]));
const answer = definite(['lock', true], ['data', PCR]);
const indefinite = Buffer.concat([
  ...[text('\xbf\x6bDescribePCR\xbf\x64lock\xf4\x64data\x58\x30'), PCR, text('\xff\xff')],
]);

t.test('the state of a PCR', async (t) => {
  const hex = Buffer.from(PCR).toString('hex');
  const rows: [Uint8Array, string][] = [
    [answer, hex],
    [definite(['data', PCR], ['lock', false]), hex],
    [indefinite, hex],
    [definite(['lock', true]), 'refused'],
    [definite(['lock', true], ['data', PCR.subarray(1)]), 'refused'],
    [definite(['lock', 1], ['data', PCR]), 'refused'],
    [definite(['lock', true], ['datb', PCR]), 'refused'],
    [encodeCbor(new Map([['Error', 'InvalidIndex']])), 'refused'],
    [answer.subarray(0, answer.length - 1), 'refused'],
    [Buffer.concat([answer, text('\0')]), 'refused'],
    [indefinite.subarray(0, indefinite.length - 1), 'refused'],
    [new Uint8Array(0), 'refused'],
  ];
  t.strictSame(
    machine.parse(
      'p',
      rows.map(([bytes]) => bytes),
    ),
    rows.map(([, verdict]) => verdict),
  );
});

/** What a second reader says. */
const REFERENCES = {
  c(input: Buffer): string {
    const line = input.toString('latin1').split('\0')[0] ?? '';
    const words = line.split(/[ \t\n]+/).filter((word) => word.startsWith('reeve.parent_cid='));
    const value = words[0]?.slice(17) ?? '3';
    const isCid =
      words.length < 2 && /^(0|[1-9][0-9]{0,9})$/.test(value) && Number(value) >= 2 && Number(value) < 0xffffffff;
    return isCid ? value : 'refused';
  },
  t(input: Buffer): string {
    const lines = (input.toString('latin1').split('\0')[0] ?? '').split('\n');
    return lines.some((line) => /^ *"refuseDebug": false,?$/.test(line)) ? 'lax' : 'strict';
  },
  p(input: Buffer): string {
    const decoded = decodeCbor(input);
    const whole = decoded.ok ? decoded.value : null;
    const state = whole instanceof Map && whole.size === 1 ? whole.get('DescribePCR') : null;
    if (!(state instanceof Map) || state.size !== 2 || typeof state.get('lock') !== 'boolean') return 'refused';
    const data = state.get('data');
    return data instanceof Uint8Array && data.length === 48 ? Buffer.from(data).toString('hex') : 'refused';
  },
};

t.test('changed inputs: no fault, and what a second reader says', async (t) => {
  const stock = {
    c: {
      seeds: ['quiet reeve.parent_cid=2 x', 'reeve.parent_cid=16'].map(text),
      tokens: ['reeve.parent_cid=', '4294967295', ' ', '\n', '0'],
    },
    t: {
      seeds: ['{\n  "refuseDebug": false,\n  "clockSource": "any"\n}\n'].map(text),
      tokens: ['"refuseDebug": false', ',', '\n', ' '],
    },
    p: {
      seeds: [Buffer.from(answer), indefinite],
      tokens: ['\xbf', '\xff', '\xa1', '\xa2', '\x64lock', '\x64data', '\xf5', '\x58\x30'],
    },
  };
  for (const kind of ['c', 't', 'p'] as const) {
    const random = seedRandom(11);
    const { seeds, tokens } = stock[kind];
    const options = { seeds, corpus: seeds, tokens: tokens.map(text), longest: 300 };
    const inputs = Array.from({ length: Math.ceil(INPUTS * scale) }, () =>
      Buffer.from(mutate(random.pick(seeds), random, options)),
    );
    const said = machine.parse(kind, inputs);
    const wrong = inputs.findIndex((input, index) => said[index] !== REFERENCES[kind](input));
    t.equal(wrong, -1, `${kind}: ${inputs[wrong]?.toString('latin1')} is ${said[wrong]}`);
    t.ok(new Set(said).size > 1 && said.length === inputs.length);
  }
});
