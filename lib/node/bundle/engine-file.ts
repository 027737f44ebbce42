/** The engine's own modules that are started or imported by name: entries of the build, and files here in development. */
const SOURCES = {
  index: '../../index.ts',
  'worker-process': '../../local/sandbox/worker-process.ts',
  'task-thread': '../sandbox/task-thread.ts',
  'local-runner': '../../local/world/local-runner.ts',
  'aws-runner': '../../aws/lambda/aws-runner.ts',
  's3-runner': '../../cli/local/s3-runner.ts',
  'describe-runner': './describe-runner.ts',
} as const;

/** File URL of one of the engine's modules. Built, all of them and every shared chunk lie in one folder. */
export function engineFile(name: keyof typeof SOURCES): URL {
  return new URL(import.meta.url.endsWith('.ts') ? SOURCES[name] : `./${name}.js`, import.meta.url);
}
