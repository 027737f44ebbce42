import { packJobs } from '../node/bundle/pack-jobs.ts';
import { UsageError } from './arguments/usage-error.ts';
import { showError } from './show/show-error.ts';

/**
 * `pack-jobs <outFolder> <name>=<file> …`: what a deployment runs to get the jobs into the functions' asset. The jobs' user code is loaded
 * in a thread of this process, never in the deploying one. Exit code 1 with the reason on standard error.
 */
try {
  const [outFolder, ...pairs] = process.argv.slice(2);
  if (outFolder === undefined)
    throw new UsageError({ problem: 'No folder is given.', hint: 'Write: pack-jobs FOLDER NAME=FILE …' });
  await packJobs(outFolder, Object.fromEntries(pairs.map(readPair)));
} catch (error) {
  process.stderr.write(showError(error, { headline: 'the jobs were not packed' }));
  process.exitCode = 1;
}

function readPair(pair: string): readonly [string, string] {
  const at = pair.indexOf('=');
  if (at > 0 && at < pair.length - 1) return [pair.slice(0, at), pair.slice(at + 1)];
  throw new UsageError({ problem: `${pair} names no job.`, hint: 'Write NAME=FILE.' });
}
