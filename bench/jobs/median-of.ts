let buffer = new Float64Array(1024);

/** The middle number, or the mean of the two in the middle. `values` holds at least one number; no call may run within another. */
export function medianOf(values: Iterable<number>): number {
  let count = 0;
  for (const value of values) {
    if (count === buffer.length) {
      const grown = new Float64Array(2 * count);
      grown.set(buffer);
      buffer = grown;
    }
    buffer[count++] = value;
  }
  const half = count >> 1;
  select(buffer, count, half);
  const upper = buffer[half]!;
  if (count % 2 === 1) return upper;
  let lower = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < half; at++) if (buffer[at]! > lower) lower = buffer[at]!;
  return (lower + upper) / 2;
}

/** Hoare's quickselect: afterwards numbers[target] is the one that sorting would put there, with none greater before it. */
function select(numbers: Float64Array, count: number, target: number): void {
  let left = 0;
  let right = count - 1;
  while (left < right) {
    const pivot = numbers[(left + right) >> 1]!;
    let low = left;
    let high = right;
    while (low <= high) {
      while (numbers[low]! < pivot) low++;
      while (numbers[high]! > pivot) high--;
      if (low > high) break;
      const swapped = numbers[low]!;
      numbers[low++] = numbers[high]!;
      numbers[high--] = swapped;
    }
    if (target <= high) right = high;
    else if (target >= low) left = low;
    else return;
  }
}
