import fc from 'fast-check';
import t from 'tap';
import { findPath, followPath, hashLeaf, hashTree } from '../../../enclave/link/merkle.ts';

/** The reference leaves and roots of RFC 6962 implementations (google/certificate-transparency, merkle tree tests). */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const hex = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString('hex');
const known = LEAVES.map((leaf) => hashLeaf(Buffer.from(leaf, 'hex')));

t.test('the roots of RFC 6962', (t) => {
  t.same(
    ROOTS.map((_, index) => hex(hashTree(known.slice(0, index + 1)))),
    ROOTS,
  );
  t.end();
});

t.test('every leaf of every size has one path, and it leads from no other place', (t) => {
  for (let size = 1; size <= 70; size++) {
    const leaves = Array.from({ length: size }, (_, index) => hashLeaf(Uint8Array.of(size, index)));
    const root = hex(hashTree(leaves));
    for (const [index, leaf] of leaves.entries()) {
      const path = findPath(leaves, index);
      const wrong = [
        followPath(leaf, index + size, size, path),
        followPath(leaf, (index + 1) % size, size, path),
        followPath(leaf, index, size, [...path, leaf]),
        followPath(leaf, index, size, path.slice(1)),
        followPath(leaf, index, size, path.slice(0, -1)),
      ];
      // The only leaf of a tree has no path to shorten, and no other place.
      const expected = size === 1 ? [false, true, false, true, true] : [false, false, false, false, false];
      const found = wrong.map((each) => hex(each) === root);
      if (hex(followPath(leaf, index, size, path)) !== root || String(found) !== String(expected))
        t.fail(`leaf ${index} of ${size}: ${found}`);
    }
  }
  t.pass('sizes 1 to 70');
  t.end();
});

t.test('a node is not a leaf: its two halves in a row have another hash', (t) => {
  const [left, right] = [known[0] as Uint8Array, known[1] as Uint8Array];
  t.not(hex(hashLeaf(left, right)), ROOTS[1]);
  t.not(hex(hashTree([left, right, right])), hex(hashTree([left, right, right, right])), 'an odd leaf is not doubled');
  t.end();
});

t.test('a path of made-up hashes leads nowhere', (t) => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(fc.array(hash, { maxLength: 8 }), fc.nat(70), fc.integer({ min: 1, max: 70 }), (path, index, size) => {
      const found = followPath(known[0] as Uint8Array, index, size, path);
      return found === null || (size === 1 && path.length === 0) || !ROOTS.includes(hex(found));
    }),
    { numRuns: 500, seed: 5 },
  );
  t.end();
});
