import { PRICES, type PriceName, priceOf } from './prices.ts';

/** A line of a bill. */
export type CostItem = {
  /** Such as `S3 GET`. */
  readonly item: string;
  readonly quantity: number;
  readonly unit: string;
  readonly usd: number;
};

export function costItem(item: string, price: PriceName, quantity: number): CostItem {
  return { item, quantity, unit: PRICES[price].unit, usd: priceOf(price, quantity) };
}

export function sumUsd(items: readonly CostItem[]): number {
  return items.reduce((sum, { usd }) => sum + usd, 0);
}
