import type { Command } from './arguments/command.ts';

/** The commands, each loaded when it is called: a tiny job should not wait for what it does not use. */
export const COMMANDS: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  run: () => import('./commands/run.ts'),
  plan: () => import('./commands/plan.ts'),
  status: () => import('./commands/status.ts'),
  ls: () => import('./commands/ls.ts'),
  cat: () => import('./commands/cat.ts'),
  resume: () => import('./commands/resume.ts'),
  cancel: () => import('./commands/cancel.ts'),
  deploy: () => import('./commands/deploy.ts'),
  submit: () => import('./commands/submit.ts'),
  watch: () => import('./commands/watch.ts'),
  logs: () => import('./commands/logs.ts'),
  destroy: () => import('./commands/destroy.ts'),
};
