/**
 * The instructions a policy can allow, by program. What is decoded and not in here is refused by every policy, and no approval lifts that:
 * the engine cannot say, or does not want to allow, what it does to the wallet.
 */
export const callable = {
  system: ['transfer'],
  token: ['transferChecked'],
  'token-2022': ['transferChecked'],
  'associated-token': ['create', 'createIdempotent'],
} as const;

export type CallableProgram = keyof typeof callable;

/** Whether a policy could name this instruction. */
export function isCallable(program: string, name: string): boolean {
  const names: readonly string[] | undefined = Object.hasOwn(callable, program)
    ? callable[program as CallableProgram]
    : undefined;
  return names?.includes(name) ?? false;
}
