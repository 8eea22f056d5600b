/** The NSM client: every request's bytes, answers of every wrong shape, and the socket it speaks through. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import type { CborValue } from '../../attestation/cbor.ts';
import { decodeCbor, encodeCbor } from '../../attestation/cbor.ts';
import { connectNsm, createNsmClient } from '../../attestation/nsm.ts';
import { frameNsmMessage } from '../../attestation/nsm-socket.ts';

const PCR = new Uint8Array(48).fill(7);
const map = (fields: Record<string, CborValue>) => new Map(Object.entries(fields));
type Client = ReturnType<typeof createNsmClient>;

/** A client whose channel answers with these bytes, and what it was asked. */
function fake(answer: Uint8Array | CborValue): { client: Client; asked: string[] } {
  const asked: string[] = [];
  const bytes = answer instanceof Uint8Array ? answer : encodeCbor(answer);
  const request = async (sent: Uint8Array) => {
    asked.push(Buffer.from(sent).toString('hex'));
    return bytes;
  };
  return { client: createNsmClient({ request }), asked };
}

async function outcome(
  answer: Uint8Array | CborValue,
  ask: (client: Client) => Promise<{ ok: boolean }>,
): Promise<string> {
  const result = (await ask(fake(answer).client)) as
    | { ok: true }
    | { ok: false; refusal: { reason: string; detail: string } };
  return result.ok ? 'ok' : result.refusal.reason;
}

t.test('the bytes of every request', async (t) => {
  const rows: readonly (readonly [string, (client: Client) => Promise<unknown>])[] = [
    ['6947657452616e646f6d', (client) => client.getRandom()],
    ['6b44657363726962654e534d', (client) => client.describeNsm()],
    ['a16b4465736372696265504352a165696e64657804', (client) => client.describePcr(4)],
    ['a169457874656e64504352a265696e646578106464617461420102', (client) => client.extendPcr(16, Uint8Array.of(1, 2))],
    ['a1674c6f636b504352a165696e6465781818', (client) => client.lockPcr(24)],
    ['a1684c6f636b50435273a16572616e676511', (client) => client.lockPcrs(17)],
    [
      'a16b4174746573746174696f6ea369757365725f64617461f6656e6f6e636541016a7075626c69635f6b6579f6',
      (client) => client.attest({ nonce: Uint8Array.of(1) }),
    ],
  ];
  for (const [bytes, ask] of rows) {
    const { client, asked } = fake(null);
    await ask(client);
    t.same(asked, [bytes]);
  }
});

const DESCRIPTION = {
  version_major: 1,
  version_minor: 0,
  version_patch: 0,
  module_id: 'm',
  max_pcrs: 32,
  locked_pcrs: [0, 1],
  digest: 'SHA384',
};

t.test('answers, right and wrong', async (t) => {
  const random = (client: Client) => client.getRandom();
  const describe = (client: Client) => client.describeNsm();
  const pcr = (client: Client) => client.describePcr(0);
  const lock = (client: Client) => client.lockPcr(16);
  const attest = (client: Client) => client.attest({});
  const extend = (client: Client) => client.extendPcr(16, PCR);
  const lockAll = (client: Client) => client.lockPcrs(17);
  const rows: readonly (readonly [string, CborValue | Uint8Array, (client: Client) => Promise<{ ok: boolean }>])[] = [
    ['ok', map({ GetRandom: map({ random: new Uint8Array(256) }) }), random],
    ['ok', map({ GetRandom: map({ random: new Uint8Array(1) }) }), random],
    ['nsm-response', map({ GetRandom: map({ random: new Uint8Array(0) }) }), random],
    ['nsm-response', map({ GetRandom: map({ random: new Uint8Array(257) }) }), random],
    ['nsm-response', map({ GetRandom: map({ random: 'text' }) }), random],
    ['nsm-response', map({ GetRandom: map({}) }), random],
    ['nsm-response', 'GetRandom', random],
    ['nsm-response', map({ DescribePCR: map({ lock: true, data: PCR }) }), random],
    ['nsm-response', map({ GetRandom: map({ random: PCR }), Error: 'InvalidArgument' }), random],
    ['nsm-error', map({ Error: 'InvalidArgument' }), random],
    ['nsm-response', map({ Error: 'Whatever' }), random],
    ['nsm-response', new Uint8Array(0), random],
    ['nsm-response', new Uint8Array(12_289), random],
    ['nsm-response', Buffer.concat([encodeCbor('GetRandom'), Uint8Array.of(0)]), random],
    ['ok', map({ DescribePCR: map({ lock: true, data: PCR }) }), pcr],
    ['nsm-response', map({ DescribePCR: map({ lock: true, data: PCR.subarray(1) }) }), pcr],
    ['nsm-response', map({ DescribePCR: map({ lock: 1, data: PCR }) }), pcr],
    ['ok', map({ DescribeNSM: map(DESCRIPTION) }), describe],
    ['ok', map({ DescribeNSM: map(Object.fromEntries(Object.entries(DESCRIPTION).reverse())) }), describe],
    ['nsm-response', map({ DescribeNSM: map({ ...DESCRIPTION, locked_pcrs: [32] }) }), describe],
    ['nsm-response', map({ DescribeNSM: map({ ...DESCRIPTION, digest: 'SHA256' }) }), describe],
    ['nsm-response', map({ DescribeNSM: map({ ...DESCRIPTION, version_major: -1 }) }), describe],
    ['ok', 'LockPCR', lock],
    ['nsm-response', 'LockPCRs', lock],
    ['nsm-response', map({ LockPCR: map({}) }), lock],
    ['ok', map({ Attestation: map({ document: new Uint8Array(5000) }) }), attest],
    ['nsm-response', map({ Attestation: map({ document: new Uint8Array(0) }) }), attest],
    ['nsm-response', 'Attestation', attest],
    ['ok', map({ ExtendPCR: map({ data: PCR }) }), extend],
    ['nsm-response', map({ ExtendPCR: map({ data: PCR.subarray(1) }) }), extend],
    ['nsm-response', map({ ExtendPCR: map({ data: new Uint8Array(49) }) }), extend],
    ['nsm-response', 'ExtendPCR', extend],
    ['ok', 'LockPCRs', lockAll],
    ['nsm-response', 'LockPCR', lockAll],
    ['nsm-error', map({ Error: 'InvalidIndex' }), lockAll],
  ];
  for (const [expected, answer, ask] of rows) {
    t.equal(
      await outcome(answer, ask),
      expected,
      JSON.stringify(answer instanceof Map ? [...answer] : answer)?.slice(0, 60),
    );
  }
});

t.test('every error of an NSM is told by its name, beside the command', async (t) => {
  const names = ['InvalidArgument', 'InvalidIndex', 'InvalidResponse', 'ReadOnlyIndex', 'InvalidOperation'];
  for (const name of [...names, 'BufferTooSmall', 'InputTooLarge', 'InternalError']) {
    const result = await fake(map({ Error: name })).client.extendPcr(16, PCR);
    t.same(result, { ok: false, refusal: { reason: 'nsm-error', detail: `ExtendPCR: ${name}` } });
  }
});

t.test('no answer makes it reject', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 60 }),
      async (bytes) => (await outcome(bytes, (client) => client.getRandom())) === 'nsm-response',
    ),
    { seed: 7, numRuns: 500 },
  );
});

t.test('too long a request is not sent', async (t) => {
  const { client, asked } = fake(null);
  const result = await client.attest({ userData: new Uint8Array(4096) });
  t.match(result, { ok: false, refusal: { reason: 'nsm-request' } });
  t.same(asked, []);
});

const folder = mkdtempSync(join(tmpdir(), 'reeve-nsm-'));
t.teardown(() => rmSync(folder, { recursive: true }));
let count = 0;

/** A server on a fresh socket; `handle` gets each connection. The folder is short: a socket's path may have 107 bytes. */
async function serve(test: Pick<typeof t, 'teardown'>, handle: (socket: Socket) => void): Promise<string> {
  count += 1;
  const path = join(folder, String(count));
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => socket.destroy()));
    handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  test.teardown(() => {
    for (const socket of sockets) {
      socket.destroy();
    }
    server.close();
  });
  return path;
}

/** Answers whole requests with what `reply` makes of them. */
function answering(reply: (request: Uint8Array) => Uint8Array | null): (socket: Socket) => void {
  return (socket) => {
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) {
        const end = 4 + received.readUInt32BE(0);
        const sent = reply(received.subarray(4, end));
        received = received.subarray(end);
        if (sent === null) {
          socket.destroy();
        } else {
          socket.write(sent);
        }
      }
    });
  };
}

const echo = (request: Uint8Array) => frameNsmMessage(request, 4096);

t.test('socket: one answer after the other, in order, also when it comes in pieces', async (t) => {
  const path = await serve(t, answering(echo));
  const channel = await connectNsm(path);
  const requests = Array.from({ length: 50 }, (_, index) => Buffer.alloc(index * 80, index));
  t.same(await Promise.all(requests.map((request) => channel.request(request))), requests);
  channel.close();
  await t.rejects(channel.request(Uint8Array.of(1)), { message: /closed/ });
});

t.test('socket: a broken answer is an error, and the next request gets a new connection', async (t) => {
  const faults: readonly (Uint8Array | null)[] = [
    null,
    Buffer.from('00003001', 'hex'),
    Buffer.from('ffffffff', 'hex'),
    Buffer.concat([echo(Uint8Array.of(1)), echo(Uint8Array.of(2))]),
  ];
  for (const fault of faults) {
    let first = true;
    const reply = (request: Uint8Array) => {
      const answer = first ? fault : echo(request);
      first = false;
      return answer;
    };
    const path = await serve(t, answering(reply));
    const channel = await connectNsm(path);
    const [broken, next] = await Promise.allSettled([
      channel.request(Uint8Array.of(9)),
      channel.request(Uint8Array.of(8)),
    ]);
    t.equal(broken.status, 'rejected');
    t.same(next, { status: 'fulfilled', value: Buffer.of(8) });
    channel.close();
  }
});

t.test('socket: nobody there', async (t) => {
  await t.rejects(connectNsm(join(folder, 'none')), { code: 'ENOENT' });
  const path = await serve(
    t,
    answering(() => null),
  );
  const channel = await connectNsm(path);
  const result = await createNsmClient(channel).getRandom();
  t.match(result, { ok: false, refusal: { reason: 'nsm-unreachable' } });
  channel.close();
});

t.test('what is sent decodes to what was asked', async (t) => {
  const { client, asked } = fake(null);
  await client.attest({ nonce: Buffer.from('n'), userData: new Uint8Array(0), publicKey: Buffer.from('k') });
  const sent = decodeCbor(Buffer.from(asked[0] ?? '', 'hex'));
  const fields = map({ user_data: Buffer.alloc(0), nonce: Buffer.from('n'), public_key: Buffer.from('k') });
  t.same(sent, { ok: true, value: map({ Attestation: fields }) });
});
