import { escapeControls } from './show-error.ts';

export type Row = readonly [name: string, text: string];

const NAME_COLUMNS = 10;

/** Names in one column, texts in another, each ending in a line end. Text that is data does not steer the terminal. */
export function showRows(rows: readonly Row[]): string {
  return rows.map(([name, text]) => `${name.padEnd(NAME_COLUMNS)}${escapeControls(text)}\n`).join('');
}
