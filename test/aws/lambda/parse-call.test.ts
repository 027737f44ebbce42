import { describe, expect, it } from 'vitest';
import {
  BadEventError,
  parseCheckCall,
  parseCommitCall,
  parseMarkFailedCall,
  parseMessageBatch,
  parsePlanCall,
  parsePlanReduceCall,
  parseSampleCall,
  parseSoloCall,
  parseTaskCall,
  parseWatchCall,
} from '../../../lib/aws/lambda/parse-call.ts';

const TASK = { jobId: 'count-1a', run: 2, step: 0, task: { index: 3, row: { key: 'k', byteStart: 0, byteEnd: 9 } } };
const call = (at: object, rest: object = {}) => ({ jobId: 'count-1a', run: 2, at, ...rest });
const PHASE = { next: 'map', step: 0, round: 1, bucket: 'b', key: 'k', groupConcurrency: 1, taskConcurrency: 1 };

describe('what the state machine sends', () => {
  it.each([
    ['a map or reduce task', parseTaskCall, TASK],
    ['plan at the start', parsePlanCall, call({ next: 'plan', step: 0 })],
    ['plan after Solo', parsePlanCall, call({ next: 'solo', step: 1, round: 4 })],
    ['solo', parseSoloCall, call({ next: 'solo', step: 0 })],
    ['sample', parseSampleCall, call({ next: 'sample', step: 0 })],
    ['check', parseCheckCall, call(PHASE)],
    ['planReduce', parsePlanReduceCall, call({ next: 'planReduce', step: 0, round: 0 })],
    ['commit', parseCommitCall, call({ next: 'commit', step: 0, round: 0, published: 2000 })],
    ['the first watch', parseWatchCall, call(PHASE)],
    ['a later watch', parseWatchCall, call(PHASE, { watch: { next: 'wait', seconds: 8 } })],
    ['markFailed', parseMarkFailedCall, call(PHASE, { failure: { Error: 'UserError', Cause: '{}' } })],
    [
      'markFailed of an answer nobody knows',
      parseMarkFailedCall,
      call({ next: 'nowhere' }, { failure: { Error: 'UnknownAnswer' } }),
    ],
  ] as const)('is taken as it is: %s', (_, parse, event) => {
    expect(parse(event)).toEqual(event);
  });
});

it('a batch of the queue is taken for its messages', () => {
  const Records = [{ messageId: 'm1', body: 'no JSON', awsRegion: 'eu-west-1' }];
  expect(parseMessageBatch({ Records })).toEqual({ Records: [{ messageId: 'm1', body: 'no JSON' }] });
});

describe('anything else', () => {
  it.each([
    ['no object', parsePlanCall, null, 'event'],
    ['a list', parseTaskCall, [TASK], 'event'],
    ['no job', parseTaskCall, { ...TASK, jobId: undefined }, 'jobId'],
    ['a job id that would leave its folder', parseTaskCall, { ...TASK, jobId: '../other' }, 'jobId'],
    ['run 0', parseTaskCall, { ...TASK, run: 0 }, 'run'],
    ['a run in words', parsePlanCall, { ...call({ next: 'plan', step: 0 }), run: '2' }, 'run'],
    ['no row', parseTaskCall, { ...TASK, task: { index: 3 } }, 'task.row'],
    ['a negative index', parseTaskCall, { ...TASK, task: { ...TASK.task, index: -1 } }, 'task.index'],
    ['a state that leads elsewhere', parseSoloCall, call({ next: 'plan', step: 0 }), 'at.next'],
    ['a step that is no number', parseCommitCall, call({ next: 'commit', step: null }), 'at.step'],
    ['a watch that has ended', parseWatchCall, call(PHASE, { watch: { next: 'phaseDone', seconds: 5 } }), 'watch.next'],
    ['an upload that no queue has brought', parseMessageBatch, { detail: {} }, 'Records'],
    ['a message without a body', parseMessageBatch, { Records: [{ messageId: 'm1' }] }, 'Records[0].body'],
    ['a message without an id', parseMessageBatch, { Records: [{ body: '{}' }] }, 'Records[0].messageId'],
    ['a failure without a name', parseMarkFailedCall, call(PHASE, { failure: {} }), 'failure.Error'],
  ] as const)('is refused by the name of its field: %s', (_, parse, event, field) => {
    const refused = (() => {
      try {
        return parse(event);
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toBeInstanceOf(BadEventError);
    expect(refused).toMatchObject({ code: 'REFOLD_BAD_EVENT', retryable: false, values: { field } });
  });
});
