import { setFlagsFromString } from 'node:v8';
import { readdirSync } from 'node:fs';
import { openLocalWorld } from './lib/local/world/local-world.ts';
import { allWinners, readWinnerFiles, winnersOf } from './lib/coordinator/step-output.ts';
import { readStepAccounts } from './lib/coordinator/build-receipt.ts';
import { readStepPlan } from './lib/split/plan-step.ts';
import { readJobRecord } from './lib/coordinator/job-access.ts';
if (process.argv[4] !== 'no') setFlagsFromString('--semi-space-growth-factor=1');
for (const f of process.argv.slice(5)) setFlagsFromString(f);
const run = process.argv[2]!;
const world = openLocalWorld({ cwd: run, workFolder: run + '/.refold' });
const jobId = readdirSync(run + '/.refold/jobs')[0]!;
const say = (what: string) => { const m = process.memoryUsage(); console.log(what.padEnd(28), 'rss', (m.rss/1e6).toFixed(0), 'heapT', (m.heapTotal/1e6).toFixed(0), 'heapU', (m.heapUsed/1e6).toFixed(0), 'ext', (m.external/1e6).toFixed(1), 'ab', (m.arrayBuffers/1e6).toFixed(1)); };
say('start');
const record = await readJobRecord(world, jobId);
const plan = (await readStepPlan(world, jobId, 0))!;
say('plan');
const part = process.argv[3];
if (part === 'winners') { const w = await winnersOf(world, jobId, plan); say('winners'); }
if (part === 'files') { let w = await winnersOf(world, jobId, plan); say('winners'); for (let i=0;i<w.length;i+=256) { await readWinnerFiles(world, undefined, w.slice(i,i+256)); if (i % 2560 === 0) say('files '+i); } say('files'); }
if (part === 'account') { const a = await readStepAccounts(world, record, undefined, [0]); say('account'); (globalThis as any).a = a; const b = await readStepAccounts(world, record, undefined, [0], a as any); say('again'); }
(globalThis as any).gc?.(); say('gc');
