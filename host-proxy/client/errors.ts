/** What a call to the agent socket can fail with. A client library stands alone, so these extend Error. */

import type { Violation } from './api.ts';

/** The policy refuses. `violations` say which rule, what was seen and what is left. */
export class ReeveRefused extends Error {
  readonly code: string;
  readonly violations: readonly Violation[];

  constructor(code: string, detail: string, violations: readonly Violation[]) {
    super(detail);
    this.name = 'ReeveRefused';
    this.code = code;
    this.violations = violations;
  }
}

/** The owner has to approve first: wait with `approval(approvalId, {wait})`, then ask again with a fresh blockhash. */
export class ReeveApprovalNeeded extends Error {
  readonly approvalId: string;
  readonly expiresAt: number;

  constructor(approvalId: string, expiresAt: number) {
    super(`approval ${approvalId} is needed`);
    this.name = 'ReeveApprovalNeeded';
    this.approvalId = approvalId;
    this.expiresAt = expiresAt;
  }
}

/** Reeve could not be asked or did not answer as it must. Asking again with the same `id` is safe. */
export class ReeveUnavailable extends Error {
  readonly code: string;

  constructor(code: string, detail: string) {
    super(detail);
    this.name = 'ReeveUnavailable';
    this.code = code;
  }
}
