import { registerHooks, setSourceMapsSupport } from 'node:module';
import { pathToFileURL } from 'node:url';
import { describeThrown } from '../../job/failure.ts';
import { userFrames } from '../../job/user-frames.ts';
import { engineFile } from './engine-file.ts';
import { JobModuleError } from './job-module-error.ts';

export type LoadOptions = {
  /** The user's own file, for messages. */
  readonly jobFile: string;
  /** Is this a job? Without it, any default export is. */
  readonly isJob?: ((value: unknown) => boolean) | undefined;
  readonly timeoutMs: number;
};

/**
 * Imports a bundle and answers its default export. `refold` in it is this very engine, so that one copy of its classes and brands is
 * in use. From the first call on, stacks of this thread name the user's files and lines.
 * @throws JobModuleError
 */
export async function loadBundle(bundlePath: string, { jobFile, isJob, timeoutMs }: LoadOptions): Promise<unknown> {
  prepareThread();
  const module = await importBundle(bundlePath, jobFile, timeoutMs);
  if (!('default' in module)) {
    throw new JobModuleError({
      file: jobFile,
      reason: 'it has no default export.',
      hint: 'Write: export default defineJob({ … });',
    });
  }
  if (isJob !== undefined && !isJob(module.default)) {
    const found = module.default === null ? 'null' : typeof module.default;
    throw new JobModuleError({
      file: jobFile,
      reason: `its default export is no job (it is ${found === 'object' ? 'an object' : found}).`,
      hint: 'Write: export default defineJob({ … }), with defineJob from refold.',
    });
  }
  return module.default;
}

async function importBundle(bundlePath: string, jobFile: string, timeoutMs: number): Promise<Record<string, unknown>> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const reason = `its top level did not finish within ${timeoutMs} ms.`;
    reject(new JobModuleError({ file: jobFile, reason, hint: 'Look for a top-level await whose promise never settles.' }));
  }, timeoutMs);
  try {
    return await Promise.race([import(pathToFileURL(bundlePath).href) as Promise<Record<string, unknown>>, timeout]);
  } catch (thrown) {
    if (thrown instanceof JobModuleError) throw thrown;
    const { name, message, stack } = describeThrown(thrown);
    throw new JobModuleError(
      {
        file: jobFile,
        reason: ['an error was thrown while it was loaded.', `${name}: ${message}`, ...userFrames(stack)].join('\n'),
        hint: 'Fix the error at the place shown.',
      },
      { cause: thrown },
    );
  } finally {
    clearTimeout(timer);
  }
}

let prepared = false;

/** Once a thread. */
function prepareThread(): void {
  if (prepared) return;
  prepared = true;
  setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });
  const engine = engineFile('index').href;
  registerHooks({
    resolve: (specifier, context, nextResolve) =>
      specifier === 'refold'
        ? { url: engine, format: engine.endsWith('.ts') ? 'module-typescript' : 'module', shortCircuit: true }
        : nextResolve(specifier, context),
  });
}
