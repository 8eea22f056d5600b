/** What a method's handler gives back. */

import type { WireAppend } from '../link/messages.ts';

export interface Answer<Result> {
  readonly result: Result;
  /** Whose receipts should travel with the reply before others'. */
  readonly wallet?: string;
  /** The receipt that must be stored before the result may be released. */
  readonly after?: { readonly wallet: string; readonly seq: number };
  /** Receipts asked for by `receipts.since`, instead of pending ones. */
  readonly append?: WireAppend;
}

/** A plane's handlers: method name to function. What is not in the table does not exist on that plane. */
export type Handlers = Readonly<Record<string, (params: never) => Answer<object> | Promise<Answer<object>>>>;
