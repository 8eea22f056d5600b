/** A key in AWS KMS as a signer of kit: it signs the message bytes of a transaction, nothing else of it. */

import type { Address, SignatureBytes, TransactionPartialSigner } from '@solana/kit';
import type { Kms } from '../owner/kms.ts';
import type { SigningKey } from '../owner/profile.ts';
import { toAddress } from '../owner/show.ts';

export function createKmsSigner(kms: Kms, { arn, publicKey }: SigningKey): TransactionPartialSigner {
  const key = new Uint8Array(Buffer.from(publicKey, 'hex'));
  const address = toAddress(key) as Address;
  return {
    address,
    async signTransactions(transactions) {
      const signed = transactions.map(async ({ messageBytes }) => {
        const signature = await kms.sign(arn, key, Uint8Array.from(messageBytes));
        return { [address]: signature as unknown as SignatureBytes };
      });
      return Promise.all(signed);
    },
  };
}
