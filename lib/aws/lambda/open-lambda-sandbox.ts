import { tmpdir } from 'node:os';
import { engineFile } from '../../node/bundle/engine-file.ts';
import { DEFAULT_SANDBOX_LIMITS } from '../../node/sandbox/sandbox-message.ts';
import { Supervisor } from '../../node/sandbox/supervisor.ts';
import { findCode } from '../start/find-code.ts';
import { openAwsWorld } from '../world/aws-world.ts';
import { readEnvironment } from '../world/read-environment.ts';
import { openAttemptLog } from './attempt-log.ts';
import type { RunnerSettings } from './aws-runner.ts';
import { LambdaSandbox } from './lambda-sandbox.ts';
import { sandboxMemory } from './sandbox-memory.ts';
import { writeLog } from './write-log.ts';

/** The sandbox of this container. Its thread boots at once, beside what else the container's start does. */
export function openLambdaSandbox(): LambdaSandbox {
  const { settings, memoryBytes, taskRoot, allowsPublishedCode } = readEnvironment(process.env);
  const memory = sandboxMemory(memoryBytes);
  const sandbox = new Supervisor({ ...DEFAULT_SANDBOX_LIMITS, ...memory });
  const world = openAwsWorld(settings, writeLog);
  const folders = [...(taskRoot === undefined ? [] : [taskRoot]), import.meta.dirname];
  const published = allowsPublishedCode ? { published: { work: world.work, folder: tmpdir() } } : {};
  const runnerSettings: RunnerSettings = { ...settings, sandboxMemoryBytes: memoryBytes };
  return new LambdaSandbox({
    world,
    sandbox,
    runner: { module: engineFile('aws-runner').href, settings: runnerSettings },
    findCode: (code) => findCode(code, { folders, ...published }),
    log: openAttemptLog(),
    isSpent: () => process.memoryUsage.rss() > memory.sandboxMemoryBytes / 2,
    endProcess: () => process.exit(1),
  });
}
