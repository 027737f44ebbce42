/** Metadata of every part that a job writes: the job, by which a trigger knows what not to start on, and the attempt. */
export const JOB_FIELD = 'refold-job';
export const ATTEMPT_FIELD = 'refold-attempt';
