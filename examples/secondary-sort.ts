// The longest rise of each share: over how many months in a row its price went up. The key is [symbol, time]; `groupBy: 1` makes a group of
// each symbol, and its values come in the order of the rest of the key, so nothing is collected or sorted here.
//
//   refold run examples/secondary-sort.ts --input node_modules/vega-datasets/data/stocks.csv
import { csv, defineJob, type Emit } from 'refold';

export default defineJob({
  input: csv({ header: true, columns: { symbol: 'string', date: 'string', price: 'number' } }),
  map(share, emit: Emit<[symbol: string, time: number], number>) {
    emit([share.symbol, Date.parse(`${share.date} UTC`)], share.price);
  },
  groupBy: 1,
  reduce([symbol], prices, emit: Emit<string, number>) {
    let rise = 0;
    let longest = 0;
    let before = Number.POSITIVE_INFINITY;
    for (const price of prices) {
      rise = price > before ? rise + 1 : 0;
      longest = Math.max(longest, rise);
      before = price;
    }
    emit(symbol, longest);
  },
});
