import { describe, expect, it } from 'vitest';
import { showValue } from '../../lib/record/show-value.ts';
import { Slice } from '../../lib/record/slice.ts';

describe('showValue', () => {
  it.each([
    { value: 'a\n\u001b[31m\u202e', shown: '"a\\n\\u001b[31m\\u{202e}"' },
    { value: [1n, NaN, new Slice(Uint8Array.of(104, 105), 0, 2)], shown: '["1n","NaN","hi"]' },
    { value: undefined, shown: 'undefined' },
  ])('shows $shown', ({ value, shown }) => {
    expect(showValue(value)).toBe(shown);
  });

  it('cuts at 100 characters and survives cycles', () => {
    expect(showValue('x'.repeat(1000))).toHaveLength(100);
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(showValue(cycle)).toBe('[object Array]');
  });
});
