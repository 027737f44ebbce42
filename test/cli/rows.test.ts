import { describe, expect, it } from 'vitest';
import { showRows, textRows } from '../../lib/cli/show/rows.ts';
import { showTable } from '../../lib/cli/show/table.ts';

describe('what commands print', () => {
  it('is a row a line of a message, and its name once', () => {
    expect(showRows([['job', 'words-1'], ...textRows('error', 'REFOLD_X it failed\n  at map')])).toBe(
      'job       words-1\nerror     REFOLD_X it failed\n            at map\n',
    );
  });

  it('is a table in columns as wide as they need', () => {
    const lines = [
      ['words-1f0c', 'DONE', '1'],
      ['x', 'MAPPING (running)', '12'],
    ];
    expect(showTable(['job', 'state', 'run'], lines)).toBe(
      'job         state              run\nwords-1f0c  DONE               1\nx           MAPPING (running)  12\n',
    );
  });

  it('does not steer the terminal', () => {
    const name = 'out\u001b[2J\nstate     DONE';
    expect(showRows([['output', name]])).toBe('output    out\\x1b[2J\\x0astate     DONE\n');
    expect(showTable(['output'], [[name]])).toBe('output\nout\\x1b[2J\\x0astate     DONE\n');
  });
});
