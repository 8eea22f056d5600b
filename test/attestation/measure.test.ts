/** PCRs from bytes, against values known from real enclaves and from the definition. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { extendPcr, measureBundle, measureOnce, measureSections, PCR_BYTES } from '../../attestation/measure.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const sha384 = (...parts: Uint8Array[]) => createHash('sha384').update(Buffer.concat(parts)).digest();
const ZERO = new Uint8Array(PCR_BYTES);

t.test('the definition, written out', async (t) => {
  const [boot, application] = [Buffer.from('kernel, command line, ramdisk'), Buffer.from('second ramdisk')];
  const { pcr0, pcr1, pcr2 } = measureSections(boot, application);
  t.equal(hex(pcr0), hex(sha384(ZERO, sha384(boot, application))));
  t.equal(hex(pcr1), hex(sha384(ZERO, sha384(boot))));
  t.equal(hex(pcr2), hex(sha384(ZERO, sha384(application))));
});

t.test('a bundle is measured as a single-ramdisk image', async (t) => {
  const { pcr0, pcr1, pcr2 } = measureBundle(Buffer.from('bundle'));
  t.equal(hex(pcr0), hex(pcr1));
  t.equal(
    hex(pcr2),
    '21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c10edb30948c90ba67310f7b964fc500a',
    'PCR2 of every image with one ramdisk',
  );
  t.not(hex(measureBundle(Buffer.from('bundlf')).pcr0), hex(pcr0));
});

t.test('bytes may move between sections without PCR0 noticing: PCR1 and PCR2 do', async (t) => {
  const one = measureSections(Buffer.from('ab'), Buffer.from('c'));
  const two = measureSections(Buffer.from('a'), Buffer.from('bc'));
  t.equal(hex(one.pcr0), hex(two.pcr0));
  t.not(hex(one.pcr1), hex(two.pcr1));
  t.not(hex(one.pcr2), hex(two.pcr2));
});

t.test('extension', async (t) => {
  const data = Buffer.from('arn:aws:iam::000000000000:role/reeve');
  t.equal(hex(measureOnce(data)), hex(sha384(ZERO, data)));
  t.equal(hex(extendPcr(measureOnce(data), data)), hex(sha384(sha384(ZERO, data), data)));
});
