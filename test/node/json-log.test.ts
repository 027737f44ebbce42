import { expect, it } from 'vitest';
import { SleepingClock } from '../../lib/memory/memory-world.ts';
import { JsonLog } from '../../lib/node/json-log.ts';

it('JsonLog writes one JSON object a line, at and above its level', () => {
  const lines: string[] = [];
  const log = new JsonLog({ writeLine: (line) => lines.push(line), clock: new SleepingClock() });
  log.write('debug', 'dropped');
  log.write('info', 'an attempt\nended', { jobId: 'j', bytes: 7n, error: Object.assign(new Error('boom'), { code: 'E1' }) });
  expect(lines).toEqual([
    '{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"an attempt\\nended","jobId":"j","bytes":"7","error":{"name":"Error","message":"boom","code":"E1"}}\n',
  ]);
});
