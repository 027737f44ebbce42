const IS_BUILT = !import.meta.url.endsWith('.ts');
/** Where the engine lies: built, in the files of one folder, else in all of `lib`. */
const ENGINE: EngineFiles = { folder: new URL(IS_BUILT ? '.' : '..', import.meta.url), isBuilt: IS_BUILT };
/** Below a built engine: deployed jobs. Their source maps name the user's files from here. */
const DEPLOYED_JOBS = 'jobs/';
const FRAMES_MAX = 6;

type EngineFiles = { readonly folder: URL; readonly isBuilt: boolean };

/** The lines of a stack that lie in the user's own files, `at …` each: engine frames say nothing to the user. */
export function userFrames(stack: string, { folder, isBuilt }: EngineFiles = ENGINE): readonly string[] {
  const isEngine = (line: string) =>
    [folder.href, `(${folder.pathname}`].some((start) => {
      const at = line.indexOf(start);
      return at !== -1 && (!isBuilt || /^[^/]+\.js:/.test(line.slice(at + start.length)));
    });
  const lines = stack.split('\n').filter((line) => /^\s*at /.test(line) && !isEngine(line));
  return lines.slice(0, FRAMES_MAX).map((line) => showFrame(line.trim(), folder));
}

/** What the user wrote as `map` is no method of the engine's object that holds it. */
function showFrame(line: string, folder: URL): string {
  return line.replace(/^at (async )?MapRunner\./, 'at $1').replace(`(${folder.pathname}${DEPLOYED_JOBS}`, '(');
}
