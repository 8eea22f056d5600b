/** `resume`: ends a pause. Gives no lease: what is signed then is still for the judgement to say. */

import { requirePhase } from '../wallet/phases.ts';
import type { CommandHandler } from './context.ts';

export const resume: CommandHandler<'resume'> = ({ wallet }) => {
  wallet.phase = requirePhase(wallet, 'resume').success;
  return {};
};
