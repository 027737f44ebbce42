import { LocalJob } from '../local/local-job.ts';

const [command, jobFile, ...rest] = process.argv.slice(2);
if (command !== 'run') throw new Error('only run');
const flag = (name: string) => {
  const at = rest.indexOf(name);
  return at < 0 ? undefined : rest[at + 1];
};
const output = flag('--output');
const job = await LocalJob.start({
  jobFile: jobFile!,
  inputs: { '': flag('--input')! },
  ...(output && { output }),
  overwrite: true,
  isNew: rest.includes('--new'),
  options: {
    ...(flag('--workers') && { workers: Number(flag('--workers')) }),
    ...(flag('--solo-bytes') && { soloBytes: Number(flag('--solo-bytes')) }),
    ...(flag('--split-bytes') && { splitBytes: Number(flag('--split-bytes')) }),
  },
});
try {
  const result = await job.result();
  console.error(JSON.stringify(result.receipt));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
