/**
 * SHA-256 over the DER of the AWS Nitro Enclaves Root-G1 certificate (partition `aws`, valid 2019-10-28 to 2049-10-28), lower-case hex.
 * The certificate itself is not kept here: every document carries it, and it counts only when it has this fingerprint. The other value
 * found in AWS's pages (8cf60e2b…) is the hash of the ZIP file it is downloaded in.
 */
export const AWS_NITRO_ROOT_FINGERPRINT = '641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b';
