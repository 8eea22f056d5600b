/** Demo steps: what an agent can do by itself, and what needs the owner. */

import { readTokens } from '../chain-calls.ts';
import { DEMO_WALLET } from '../layout.ts';
import type { Step } from './tour.ts';
import { balance, expect, mustBeOwner, mustPay, pay, refusal, sol } from './tour.ts';

const attested: Step = {
  text: 'A wallet was made inside the enclave; the owner checked its attestation before trusting it',
  async run(tour) {
    const { wallets, mode } = await mustBeOwner(tour, 'status');
    const [wallet] = wallets as { agent: string; phase: string; error: string | null }[];
    expect(wallet?.error === null && wallet.agent === tour.parties.agent, 'the pinned wallet', wallet);
    return `${DEMO_WALLET} is ${tour.parties.agent}, mode ${mode}`;
  },
};

const payment: Step = {
  text: 'The agent pays 0.25 SOL; it is signed, sent and landed',
  async run(tour) {
    const before = await balance(tour, tour.parties.shop);
    await mustPay(tour, { id: 'coffee', to: tour.parties.shop, amount: '250000000' });
    const after = await balance(tour, tour.parties.shop);
    expect(after - before === 250_000_000n, 'the shop to have 0.25 SOL more', String(after - before));
    return `shop ${sol(before)} → ${sol(after)}, wallet ${sol(await balance(tour, tour.parties.agent))}`;
  },
};

const repeated: Step = {
  text: 'The same request again pays nothing twice: same id, same signature',
  async run(tour) {
    const before = await balance(tour, tour.parties.shop);
    const signature = await mustPay(tour, { id: 'coffee', to: tour.parties.shop, amount: '250000000' });
    expect((await balance(tour, tour.parties.shop)) === before, 'an unchanged balance', signature);
    return signature.slice(0, 16);
  },
};

const overLimit: Step = {
  text: 'More than the limit per transaction is refused, with what is left',
  async run(tour) {
    const { code, remaining } = refusal(await pay(tour, { id: 'yacht', to: tour.parties.shop, amount: '4000000000' }));
    return `${code}${remaining === undefined ? '' : `, remaining ${sol(BigInt(remaining))}`}`;
  },
};

const stranger: Step = {
  text: 'A recipient the owner did not name is refused',
  async run(tour) {
    const { code } = refusal(await pay(tour, { id: 'phishing', to: tour.parties.stranger, amount: '1000000' }));
    expect(code === 'recipient-not-allowed', 'recipient-not-allowed', code);
    return code;
  },
};

const approval: Step = {
  text: 'A large payment waits; the owner reads what it does, approves, and it lands',
  async run(tour) {
    const large = { id: 'laptop', to: tour.parties.shop, amount: '700000000' };
    const asked = await pay(tour, large);
    const waiting = asked.body['approval'] as { id: string } | undefined;
    expect(asked.status === 202 && waiting !== undefined, 'a payment that waits', asked.body);
    const again = await pay(tour, large);
    expect(
      (again.body['approval'] as { id: string }).id === waiting?.id,
      'the same approval when asked again',
      again.body,
    );
    await mustBeOwner(tour, 'approve', waiting?.id ?? '', '--wallet', DEMO_WALLET);
    const signature = await mustPay(tour, large);
    return `approval ${waiting?.id.slice(0, 8)}, signature ${signature.slice(0, 16)}`;
  },
};

const tokens: Step = {
  text: 'A token payment; the recipient’s token account is made on the way and its rent is counted',
  async run(tour) {
    const { shop, mint } = tour.parties;
    await mustPay(tour, { id: 'licence', to: shop, asset: 'USDC', amount: '12500000' });
    const held = await readTokens(tour.stack.chainUrl, shop, mint);
    expect(held === 12_500_000n, '12.5 USDC', String(held));
    return 'shop has 12.5 USDC';
  },
};

export const PAYMENT_STEPS: readonly Step[] = [attested, payment, repeated, overLimit, stranger, approval, tokens];
