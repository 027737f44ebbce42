// Cuts what each user did into sessions: a pause of more than `gapMinutes` begins a new one. Events come in any order, from any number of
// files; `groupBy: 1` brings those of a user together, in the order of their time.
//
//   printf 'user,time\nann,2026-01-01T10:00Z\nbob,2026-01-01T10:05Z\nann,2026-01-01T10:20Z\nann,2026-01-01T12:00Z\n' | refold run examples/sessions.ts
import { csv, defineJob, type Emit } from 'refold';

type Session = { start: Date; minutes: number; events: number };

export default defineJob({
  params: { gapMinutes: 30 },
  input: csv({ header: true, columns: { user: 'string', time: 'string' } }),
  map(event, emit: Emit<[user: string, time: number], number>) {
    const time = Date.parse(event.time);
    emit([event.user, time], time);
  },
  groupBy: 1,
  reduce([user], times, emit: Emit<string, Session>, task) {
    const gap = task.params.gapMinutes * 60_000;
    let start = Number.NaN;
    let end = Number.NaN;
    let events = 0;
    const close = () => emit(user, { start: new Date(start), minutes: (end - start) / 60_000, events });
    for (const time of times) {
      if (events > 0 && time - end > gap) {
        close();
        events = 0;
      }
      if (events === 0) start = time;
      end = time;
      events += 1;
    }
    close();
  },
});
