// Replaces people's names by pseudonyms. Each is made by a slow hash that runs in the background, eight at a time; a call to a database or
// a web service has the same shape. The output keeps the order of the input.
//
//   printf 'Ahab\nIshmael\nAhab\n' | refold run examples/async-map.ts --param salt=pequod
import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { defineJob, type Emit, lines } from 'refold';

const hash = promisify<string, string, number, Buffer>(scrypt);

export default defineJob({
  params: { salt: 'change me' },
  concurrency: 8,
  input: lines(),
  async map(name, emit: Emit<string, string>, task) {
    const pseudonym = await hash(name, task.params.salt, 8);
    emit(name, pseudonym.toString('hex'));
  },
});
