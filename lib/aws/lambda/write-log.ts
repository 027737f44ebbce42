/** To the function's log stream. */
export function writeLog(line: string): void {
  process.stdout.write(line);
}
