/** The engine's files: those beside this one where it is built, else all of `lib`. */
const ENGINE = new URL(import.meta.url.endsWith('.ts') ? '..' : '.', import.meta.url);
const FRAMES_MAX = 6;

/** The lines of a stack that lie in the user's own files, `at …` each: engine frames say nothing to the user. */
export function userFrames(stack: string): readonly string[] {
  const isEngine = (line: string) => line.includes(ENGINE.href) || line.includes(`(${ENGINE.pathname}`);
  const lines = stack.split('\n').filter((line) => /^\s*at /.test(line) && !isEngine(line));
  return lines.slice(0, FRAMES_MAX).map((line) => line.trim());
}
