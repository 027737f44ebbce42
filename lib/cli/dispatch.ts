import { parseArguments } from './arguments/parse-arguments.ts';
import { COMMANDS } from './commands.ts';

/** Runs one command line and answers its exit code. Nothing is thrown: what goes wrong is shown. */
export async function main(args: readonly string[]): Promise<number> {
  // Whoever read the messages may be gone; that is no reason to stop.
  process.stderr.on('error', () => {});
  try {
    return await dispatch(args);
  } catch (error) {
    const { showError } = await import('./show/show-error.ts');
    const { exitCodeOf } = await import('./show/exit-code.ts');
    process.stderr.write(showError(error));
    return exitCodeOf(error);
  }
}

async function dispatch(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  const load = name === undefined || !Object.hasOwn(COMMANDS, name) ? undefined : COMMANDS[name];
  if (load === undefined) return await general(name, rest);
  const { command } = await load();
  const end = rest.indexOf('--');
  if ((end === -1 ? rest : rest.slice(0, end)).some(asksForHelp)) {
    const { formatHelp } = await import('./help.ts');
    process.stdout.write(formatHelp(command));
    return 0;
  }
  return await command.run(await parseArguments(command, rest));
}

function asksForHelp(argument: string): boolean {
  return argument === '--help' || argument === '-h';
}

/** What is no command: `--version`, `--help`, nothing at all, or a mistake. */
async function general(name: string | undefined, rest: readonly string[]): Promise<number> {
  if (name === '--version' || name === '-v' || name === 'version') {
    const { readVersion } = await import('./version.ts');
    process.stdout.write(`${readVersion()}\n`);
    return 0;
  }
  const { formatOverview, formatHelp } = await import('./help.ts');
  if (name === undefined) {
    process.stderr.write(await formatOverview());
    return 2;
  }
  if (name !== 'help' && !asksForHelp(name)) {
    const { unknownName } = await import('./arguments/usage-error.ts');
    throw await unknownName('command of refold', name, Object.keys(COMMANDS), 'See refold --help.');
  }
  const load = COMMANDS[rest[0] ?? ''];
  process.stdout.write(load === undefined ? await formatOverview() : formatHelp((await load()).command));
  return 0;
}
