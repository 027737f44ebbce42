import { isJob, type Job } from '../../job/define-job.ts';
import { shapeOf } from '../../job/job-shape.ts';
import type { TaskRunner } from '../sandbox/sandbox-message.ts';

export { isJob };

/** Loaded by the task thread of `describeJob`: its one task is to say what shape the job has. */
export function openRunner(): TaskRunner {
  return {
    async run(_task: unknown, _control: unknown, job: unknown): Promise<unknown> {
      return shapeOf(job as Job);
    },
  };
}
