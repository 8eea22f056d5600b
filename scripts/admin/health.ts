/** `reeve health`: whether a host proxy and its enclave answer. What they say is the host's word. */

import { ADMIN_SOCKET } from '../cli/admin.ts';
import { defineCommand } from '../cli/command.ts';
import { requestJson } from '../cli/http.ts';
import { EXIT } from '../cli/io.ts';
import { openRemote, parseRemote } from '../cli/remote.ts';
import { escapeText } from '../cli/text.ts';

/** A health check answers fast or not at all, milliseconds. */
const HEALTH_TIMEOUT_MS = 5_000;

export const health = defineCommand(
  {
    usage: 'reeve health [--admin ADDRESS]',
    summary: 'Asks a host proxy whether it and its enclave answer.',
    words: 0,
    options: { admin: { value: 'ADDRESS', text: `unix:PATH or ssh:USER@HOST[:PATH] (unix:${ADMIN_SOCKET})` } },
  },
  async (context) => {
    const address = parseRemote(context.option('admin') ?? `unix:${ADMIN_SOCKET}`, ADMIN_SOCKET);
    const socket = await openRemote(address, 'admin-unreachable', context.io.env);
    try {
      const value = await requestJson({
        socketPath: socket.path,
        method: 'GET',
        path: '/v1/health',
        unreachable: 'admin-unreachable',
        timeoutMs: HEALTH_TIMEOUT_MS,
      });
      context.report(value, [escapeText(JSON.stringify(value))]);
      return EXIT.done;
    } finally {
      socket.close();
    }
  },
);
export const { run } = health;
