/** `reeve image measure`: the PCRs of an image file, whoever made it. */

import { readFileSync } from 'node:fs';
import { ReeveError } from '../../enclave/link/errors.ts';
import type { Context } from '../cli/command.ts';
import { defineCommand } from '../cli/command.ts';
import { EXIT } from '../cli/io.ts';
import { escapeText, toHex } from '../cli/text.ts';
import type { MeasuredImage } from './measurement.ts';
import { measureImage, readPcr8 } from './measurement.ts';

export const measureCommand = defineCommand(
  {
    usage: 'reeve image measure FILE',
    summary:
      'The PCRs of an enclave image (EIF) of any maker. Refuses a malformed one, and a signature that does not hold.',
    words: 1,
    options: {},
  },
  async (context) => measure(context, context.words[0] ?? ''),
);

/** Exit 0 measured, 1 refused, 2 wrong use. */
export const { run } = measureCommand;

function measure(context: Context, file: string): number {
  const image = readImageFile(file);
  const { pcrs, signature, sections, eif } = image;
  const shown = {
    pcr0: toHex(pcrs.pcr0),
    pcr1: toHex(pcrs.pcr1),
    pcr2: toHex(pcrs.pcr2),
    pcr8: toHex(readPcr8(image)),
    crc32: image.crc32.toString(16).padStart(8, '0'),
    architecture: eif.architecture,
    commandLine: image.commandLine,
    sections,
    signature: signature && { subject: signature.subject, validTo: signature.validTo },
    metadata: image.metadata,
  };
  context.report(shown, [
    ...(['pcr0', 'pcr1', 'pcr2', 'pcr8', 'crc32'] as const).map((name) => `${name}  ${shown[name]}`),
    `${shown.architecture}, command line: ${escapeText(image.commandLine)}`,
    ...sections.map(({ kind, bytes, sha256 }) => `${kind.padEnd(9)} ${String(bytes).padStart(10)} bytes  ${sha256}`),
    signature === null ? 'not signed' : `signed by ${escapeText(signature.subject.replaceAll('\n', ', '))}`,
    `metadata (not measured): ${escapeText(JSON.stringify(image.metadata))}`,
  ]);
  return EXIT.done;
}

/** Reads and measures a file, or throws `file-invalid` or `image-refused`. */
export function readImageFile(file: string): MeasuredImage {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new ReeveError(
      'file-invalid',
      { file, detail: (cause as NodeJS.ErrnoException).code ?? 'unreadable' },
      cause,
    );
  }
  const measured = measureImage(bytes);
  if (measured.ok) return measured.value;
  const { reason, detail } = measured.refusal;
  throw new ReeveError('image-refused', { file, reason, detail });
}
