import type { Row } from '../show/rows.ts';
import { showCount } from '../show/show-quantity.ts';
import type { Bill } from './stack-access.ts';

/** What a cost so far holds. */
export const COST_OF = 'about, for its attempts: Lambda, transitions, ledger and logs; S3 and the deciding functions come on top';

/** `$1,234.50`, `$0.0123`, `$0.000004`: two digits that count below a dollar. */
export function showUsd(usd: number): string {
  if (usd >= 1) {
    const [whole, cents] = usd.toFixed(2).split('.');
    return `$${showCount(Number(whole))}.${cents}`;
  }
  if (usd === 0) return '$0';
  if (usd < 0.000001) return '<$0.000001';
  const digits = Math.min(8, Math.max(2, 1 - Math.floor(Math.log10(usd))));
  return `$${usd.toFixed(digits)}`;
}

/** `about $0.12`, or `about $0.10 to $0.40`. */
export function billTotal({ low, high }: Bill): string {
  return `about ${showRange(showUsd(low.usd), showUsd(high.usd))}`;
}

/** A bill, a line an item, the dearest first. */
export function billRows(bill: Bill): readonly Row[] {
  const items = bill.high.items
    .map((high, at) => ({ ...high, low: bill.low.items[at] ?? high }))
    .filter(({ usd }) => usd > 0)
    .toSorted((a, b) => b.usd - a.usd);
  const prices = items.map(({ usd, low }) => showRange(showUsd(low.usd), showUsd(usd)));
  const [nameWidth, priceWidth] = [widest(items.map(({ item }) => item)), widest(prices)];
  const isRange = showUsd(bill.low.usd) !== showUsd(bill.high.usd);
  return [
    ['price', billTotal(bill)],
    ...items.map(({ item, quantity, unit, low }, at) => {
      const amount = showRange(showQuantity(low.quantity), showQuantity(quantity));
      return ['', `${item.padEnd(nameWidth)}  ${prices[at]!.padStart(priceWidth)}  ${amount} ${unit}`] as const;
    }),
    ...bill.notes.map((note) => ['', note] as const),
    ...(isRange ? [['', WHY_A_RANGE] as const] : []),
  ];
}

const WHY_A_RANGE = 'a range because nobody knows what the code will do: as cheap as counting, as dear as sorting';

function showRange(low: string, high: string): string {
  return low === high ? high : `${low} to ${high}`;
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}

function showQuantity(quantity: number): string {
  if (quantity >= 100) return showCount(Math.round(quantity));
  return quantity > 0 && quantity < 0.001 ? '<0.001' : String(Number(quantity.toPrecision(3)));
}
