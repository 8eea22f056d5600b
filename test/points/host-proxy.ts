/** The host proxy with points: `--config FILE`. */

import { pino } from 'pino';
import { readConfig } from '../../host-proxy/config.ts';
import { startHostProxy } from '../../host-proxy/main.ts';
import { DISK } from '../../host-proxy/store/files.ts';
import { listenForOrders, pointFiles, pointSockets } from './points.ts';

pointSockets();
listenForOrders();
await startHostProxy(readConfig(process.argv[3] ?? ''), pino({ level: 'silent' }), pointFiles(DISK));
