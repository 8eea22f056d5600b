/** The audited program comes from a node into a cache by both of its hashes, or not at all. */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSolanaRpc } from '@solana/kit';
import t from 'tap';
import { decodeBase58 } from '../../host-proxy/transactions/base58.ts';
import { startDevChain } from '../../scripts/dev/chain/chain.ts';
import {
  checkConfig,
  loadSquads,
  programFiles,
  programsFolder,
  SQUADS_ADDRESS,
  SQUADS_CONFIG_ADDRESS,
} from '../../scripts/dev/programs.ts';
import { run as programs } from '../../scripts/dev/programs-command.ts';
import { run } from './owner-support.ts';

const LOADER = 'BPFLoaderUpgradeab1e11111111111111111111111';
const CODE_ACCOUNT = 'So11111111111111111111111111111111111111112';

const cached = loadSquads(programsFolder(process.env));
const skip = cached === null ? 'no audited Squads program in the cache: reeve dev programs' : false;
const folderOf = (test: { teardown(work: () => void): unknown }) => {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-p-'));
  test.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** A node that knows three accounts. */
async function serve(test: { teardown(work: () => void): unknown }, code: Uint8Array, config: Uint8Array) {
  const pointer = Buffer.concat([Uint8Array.of(2, 0, 0, 0), decodeBase58(CODE_ACCOUNT, 32) ?? new Uint8Array()]);
  const accounts: Record<string, [string, Uint8Array]> = {
    [SQUADS_ADDRESS]: [LOADER, pointer],
    [CODE_ACCOUNT]: [LOADER, Buffer.concat([new Uint8Array(45), code])],
    [SQUADS_CONFIG_ADDRESS]: [SQUADS_ADDRESS, config],
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { id, params } = JSON.parse(Buffer.concat(chunks).toString());
    const found = accounts[params[0]];
    const data = Buffer.from(found?.[1] ?? []).toString('base64');
    const value = found === undefined ? null : { lamports: 5, owner: found[0], data: [data, 'base64'] };
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result: { context: { slot: 1 }, value } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const discriminated = (length: number) => {
  const data = new Uint8Array(length);
  data.set(Buffer.from('c4d25ae790958c3f', 'hex'));
  return data;
};

t.test('other bytes are not kept, and an empty cache says so', async (t) => {
  const folder = folderOf(t);
  t.match(await run(programs, ['--check', '--folder', folder, '--json']), { code: 1, json: { squads: false } });
  const rpc = await serve(t, new Uint8Array(1000), discriminated(144));
  t.match(await run(programs, ['--rpc', rpc, '--folder', folder]), { code: 1, err: /program-invalid/ });
  t.equal(loadSquads(folder), null, 'nothing was kept');
  writeFileSync(programFiles(folder).program, 'other');
  writeFileSync(programFiles(folder).config, '{}');
  t.throws(() => loadSquads(folder), { code: 'program-invalid' });
  t.match(await run(programs, ['--check', '--folder', folder]), { code: 1, err: /program-invalid/ });
});

t.test('the configuration account is told by its form', async (t) => {
  t.doesNotThrow(() => checkConfig(discriminated(144)));
  for (const wrong of [discriminated(143), discriminated(145), new Uint8Array(144)])
    t.throws(() => checkConfig(wrong), { code: 'program-invalid' });
});

t.test('the audited program: fetched, refused with one bit changed, loaded by a chain', { skip }, async (t) => {
  const { code, config } = cached as NonNullable<typeof cached>;
  const folder = folderOf(t);
  const rpc = await serve(t, code, config.data);
  t.match(await run(programs, ['--rpc', rpc, '--folder', folder, '--json']), { code: 0, json: { squads: true } });
  t.strictSame(Buffer.from(loadSquads(folder)?.code ?? []).equals(Buffer.from(code)), true);

  const changed = folderOf(t);
  cpSync(folder, changed, { recursive: true });
  const bytes = readFileSync(programFiles(changed).program);
  bytes[700_000] = (bytes[700_000] ?? 0) ^ 1;
  writeFileSync(programFiles(changed).program, bytes);
  t.throws(() => loadSquads(changed), { code: 'program-invalid' });

  const chain = await startDevChain({ port: 0, stateDir: join(folder, 'chain'), squads: loadSquads(folder) });
  const { value } = await createSolanaRpc(chain.url)
    .getAccountInfo(SQUADS_CONFIG_ADDRESS as never, { encoding: 'base64' })
    .send();
  await chain.close();
  t.equal(value?.owner, SQUADS_ADDRESS);
});
