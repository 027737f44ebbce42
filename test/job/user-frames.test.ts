import { describe, expect, it } from 'vitest';
import { userFrames } from '../../lib/job/user-frames.ts';

describe('userFrames', () => {
  const stack = (...frames: readonly string[]) => ['Error: no', ...frames.map((frame) => `    at ${frame}`)].join('\n');

  it('leaves the frames of the engine out, all of lib', () => {
    const engine = { folder: new URL('file:///work/refold/lib/'), isBuilt: false };
    const text = stack(
      'map (/work/jobs/count.ts:7:3)',
      'run (/work/refold/lib/map/map-runner.ts:9:1)',
      'file:///work/refold/lib/x.ts:1:1',
    );
    expect(userFrames(text, engine)).toEqual(['at map (/work/jobs/count.ts:7:3)']);
  });

  it('shows the files of a deployed job, which lie below the built engine, from the folder of the project', () => {
    const engine = { folder: new URL('file:///var/task/'), isBuilt: true };
    const text = stack(
      'shared (/var/task/shared/parse.ts:2:9)',
      'map (/var/task/jobs/src/count.ts:7:3)',
      'MapRunner.run (file:///var/task/chunk-AB12.js:900:10)',
      'file:///var/task/task-thread.js:1:1',
    );
    expect(userFrames(text, engine)).toEqual(['at shared (/var/task/shared/parse.ts:2:9)', 'at map (src/count.ts:7:3)']);
  });
});
