import { escapeControls } from './show-error.ts';

/** Lines of cells below their headings, in columns that are as wide as their widest cell. Text that is data does not steer the terminal. */
export function showTable(headings: readonly string[], lines: readonly (readonly string[])[]): string {
  const table = [headings, ...lines.map((cells) => cells.map(escapeControls))];
  const widths = headings.map((_, column) => Math.max(...table.map((cells) => cells[column]!.length)));
  return table
    .map(
      (cells) =>
        `${cells
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
