/** Writes the published JSON Schema of the policy document: `node scripts/policy/schema.ts > policy/policy.schema.json`. */

import { policyDocument } from '../../policy/document.ts';

/** The schema's text, which a test holds against the published file. */
export function formatPolicySchema(): string {
  return `${JSON.stringify(policyDocument, null, 2)}\n`;
}

if (import.meta.main) process.stdout.write(formatPolicySchema());
