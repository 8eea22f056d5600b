/** The policy of the development stack's wallet: small limits, so that a newcomer meets each rule within a few calls. */

export interface DemoParties {
  /** Base58 of the keys in the development KMS. */
  readonly renewKey: string;
  readonly pauseKey: string;
  readonly approveKey: string;
  readonly shop: string;
  readonly supplier: string;
  readonly mint: string;
}

/** The document as an owner would write it. 1 SOL is 10^9 lamports, 1 USDC 10^6 base units. */
export function writeDemoPolicy(parties: DemoParties): object {
  return {
    $comment:
      'Development stack. SOL and a test token to two known recipients; more than 0.5 SOL at once needs the owner.',
    format: 'reeve/policy/v1',
    assets: {
      SOL: {
        perTransaction: '1000000000',
        approvalAbove: '500000000',
        windows: [
          { seconds: 86400, max: '3000000000' },
          { seconds: 604800, max: '10000000000' },
        ],
      },
      USDC: {
        mint: parties.mint,
        tokenProgram: 'token',
        decimals: 6,
        extensions: [],
        perTransaction: '50000000',
        windows: [{ seconds: 86400, max: '200000000' }],
      },
      signatures: { windows: [{ seconds: 3600, max: '500' }] },
    },
    recipients: [
      { name: 'shop', owners: [parties.shop] },
      { name: 'suppliers', owners: [parties.supplier], assets: { SOL: { perTransaction: '900000000' } } },
    ],
    programs: {
      system: ['transfer'],
      token: ['transferChecked'],
      'associated-token': ['createIdempotent'],
    },
    memo: { maxBytes: 256 },
    fees: { perTransaction: '100000', rentPerTransaction: '5000000', rentPerByte: '6960' },
    approvals: { ttlSeconds: 3600, maxPending: 16 },
    keys: { renew: [parties.renewKey], pause: [parties.pauseKey], approve: [parties.approveKey] },
    lease: { maxSeconds: 3600, slice: { SOL: '1500000000', USDC: '100000000', signatures: '250' } },
  };
}
