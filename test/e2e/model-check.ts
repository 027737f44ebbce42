import { countRequests } from '../../lib/aws/cost/count-requests.ts';
import { countTransitions, machinePath } from '../../lib/aws/cost/count-transitions.ts';
import { type SizedJob, sizeSteps } from '../../lib/aws/cost/step-size.ts';
import { HEAVY, LIGHT } from '../../lib/aws/cost/workload.ts';
import { buildStateMachine, type FunctionArns } from '../../lib/coordinator/build-state-machine.ts';

/** What was counted of one undisturbed run: requests by `service:Operation` over all of its processes, as RequestCounts says. */
export type CountedJob = {
  readonly requests: Readonly<Record<string, number>>;
  /** Of the execution and its children: events that enter a state, and children started. Absent where the history was not read. */
  readonly transitions?: number;
};

export type ModelCheck = { readonly what: string; readonly counted: number; readonly least: number; readonly most: number };

/**
 * The counts beside the model's, for a small job whose plan is known. A count belongs within [least, most]: the model may be too high by the
 * processes whose requests were not counted and by what it rounds up, never too low.
 */
export function compareWithModel(job: SizedJob, counted: CountedJob): readonly ModelCheck[] {
  const [light, heavy] = [LIGHT, HEAVY].map((workload) => {
    const steps = sizeSteps(job, workload);
    const path = machinePath(steps);
    return { requests: countRequests(steps, path, job.workers || 1_000), machine: countTransitions(MACHINE, path) };
  });
  const range = (what: string, count: number, of: (model: NonNullable<typeof light>) => number): ModelCheck => {
    const models = [of(light!), of(heavy!)];
    return { what, counted: count, least: Math.min(...models) * LEAST_SHARE - SLACK, most: Math.max(...models) + SLACK };
  };
  const sum = (names: RegExp) =>
    Object.entries(counted.requests).reduce((total, [name, count]) => total + (names.test(name) ? count : 0), 0);
  return [
    range('S3 GET, HEAD', sum(/^s3:(?:GetObject|HeadObject|ListParts)$/), ({ requests }) => requests.s3Get),
    range(
      'S3 PUT, POST',
      sum(/^s3:(?:PutObject|CopyObject|CreateMultipartUpload|UploadPart|CompleteMultipartUpload)$/),
      ({ requests }) => requests.s3Put,
    ),
    range('S3 LIST', sum(/^s3:(?:ListObjectsV2|ListMultipartUploads)$/), ({ requests }) => requests.s3List),
    range(
      'ledger writes',
      sum(/^dynamodb:(?:PutItem|UpdateItem|DeleteItem|TransactWriteItems|BatchWriteItem)$/),
      ({ requests }) => requests.ledgerWrites,
    ),
    ...(counted.transitions === undefined
      ? []
      : [
          {
            ...range('transitions', counted.transitions, ({ machine }) => machine.transitions),
            least: light!.machine.transitions,
          },
        ]),
  ];
}

/** Those that are outside: `expect(outsideModel(job, counted)).toEqual([])`. */
export function outsideModel(job: SizedJob, counted: CountedJob): readonly ModelCheck[] {
  return compareWithModel(job, counted).filter(({ counted: count, least, most }) => count < least || count > most);
}

/** Requests of the submitting process and of retries that S3 asked for. */
const SLACK = 20;
const LEAST_SHARE = 0.4;
const NAMES = ['plan', 'solo', 'sample', 'map', 'planReduce', 'reduce', 'check', 'commit', 'markFailed'] as const;
const MACHINE = buildStateMachine(Object.fromEntries(NAMES.map((name) => [name, name])) as FunctionArns);
