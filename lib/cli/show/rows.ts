import { escapeControls } from './show-error.ts';

export type Row = readonly [name: string, text: string];

const NAME_COLUMNS = 10;

/** A row for each line of a text, the name in the first: messages of user code have several. */
export function textRows(name: string, text: string): readonly Row[] {
  return text.split('\n').map((line, at) => [at === 0 ? name : '', line]);
}

/** Names in one column, texts in another, each ending in a line end. Text that is data does not steer the terminal. */
export function showRows(rows: readonly Row[]): string {
  return rows.map(([name, text]) => `${name.padEnd(NAME_COLUMNS)}${escapeControls(text)}\n`).join('');
}
