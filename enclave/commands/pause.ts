/** `pause`: nothing is signed until `resume`. The lease stays as it is and runs out. */

import { requirePhase } from '../wallet/phases.ts';
import type { CommandHandler } from './context.ts';

export const pause: CommandHandler<'pause'> = ({ wallet }) => {
  wallet.phase = requirePhase(wallet, 'pause').success;
  return {};
};
