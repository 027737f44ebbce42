import { hash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import type { JobOptions } from 'refold';
import { inject } from 'vitest';
import type { AttemptReport } from '../../../lib/aws/lambda/attempt-log.ts';
import { openAwsWorld } from '../../../lib/aws/world/aws-world.ts';
import { type Connection, connect } from '../../../lib/connect.ts';
import type { World } from '../../../lib/ports/world.ts';
import { readAttemptLines } from './attempt-lines.ts';
import { type AwsClients, openClients } from './aws-clients.ts';
import { Executions } from './executions.ts';
import { killLambdaProcesses, lambdaProcesses } from './lambda-processes.ts';
import { poll } from './poll.ts';

/** What the one deployment of a test run is called: plain data, for every test file. */
export type DeployedFacts = {
  readonly stack: string;
  /** Jobs may read below `jobs/` of it; uploads below `incoming/` start one. */
  readonly inputBucket: string;
  /** Jobs may write below `jobs/` of it, and the trigger writes below `counts/`. */
  readonly outputBucket: string;
  /** Of the stack. */
  readonly outputs: Readonly<Record<string, string>>;
};

declare module 'vitest' {
  export interface ProvidedContext {
    deployed: DeployedFacts;
  }
}

export type Files = Readonly<Record<string, string | Uint8Array>>;

export type SubmitRequest = {
  readonly jobFile: string;
  /** A location; or files, or files by the names of inputs, which are uploaded first. */
  readonly input: string | Files | { readonly named: Readonly<Record<string, Files>> };
  readonly output: string;
  readonly options: JobOptions;
  readonly params?: Readonly<Record<string, string | number | boolean>>;
  readonly overwrite?: boolean;
};

export type Part = { readonly name: string; readonly bytes: Buffer };

const REQUESTS_AT_A_TIME = 32;

/** The deployment as a test file sees it. To be closed. */
export class Deployed {
  readonly facts: DeployedFacts = inject('deployed');
  readonly clients: AwsClients = openClients();
  readonly executions = new Executions(this.clients, this.facts.outputs['StateMachineArn']!);

  /** The work area and the ledger, as a client sees them. */
  readonly world: World = openAwsWorld({
    workBucket: this.facts.outputs['WorkBucket']!,
    workPrefix: this.facts.outputs['WorkPrefix'] ?? '',
    tableName: this.facts.outputs['Table']!,
  });
  readonly connection: Connection = connect({ stack: this.facts.stack });
  readonly #folder = mkdtempSync(join(tmpdir(), 'refold-e2e-'));
  readonly #uploads = new Map<string, Promise<string>>();

  close(): void {
    this.clients.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A name that no other test has. */
  name(what: string): string {
    return `${what}-${randomBytes(4).toString('hex')}`;
  }

  /** The functions of a role, such as `map`: those with more memory too. */
  functionNames(role: string): readonly string[] {
    const names = JSON.parse(this.facts.outputs['Functions']!) as Readonly<Record<string, string>>;
    return Object.keys(names)
      .filter((name) => name.replace(/\d+$/, '') === role)
      .map((name) => names[name]!);
  }

  seesSandboxes(role: string): boolean {
    return this.functionNames(role).some((name) => lambdaProcesses(name).length > 0);
  }

  /** Ends all sandboxes of a role; answers how many there were. */
  killSandboxes(role: string): number {
    return this.functionNames(role).reduce((sum, name) => sum + killLambdaProcesses(name), 0);
  }

  /** What the attempts of a role have logged, once there are at least that many. */
  async attempts(jobId: string, role: string, count: number): Promise<readonly AttemptReport[]> {
    return await poll(`${count} log lines of ${role} attempts of ${jobId}`, async () => {
      const lines: AttemptReport[] = [];
      for (const name of this.functionNames(role)) lines.push(...(await readAttemptLines(this.clients, name, jobId)));
      return lines.length >= count ? lines : undefined;
    });
  }

  /** Uploads the files, and starts the job. The same files are uploaded once, so that the same request is the same job. */
  async submit({ jobFile, input, output, options, params, overwrite }: SubmitRequest) {
    return await this.connection.submit(jobFile, {
      workFolder: this.#folder,
      input: await this.#locationsOf(input),
      output,
      ...options,
      ...(params && { params }),
      ...(overwrite && { overwrite }),
    });
  }

  async #locationsOf(input: SubmitRequest['input']): Promise<string | Readonly<Record<string, string>>> {
    if (typeof input === 'string') return input;
    if (!('named' in input)) return await this.#uploaded(input as Files);
    const locations: Record<string, string> = {};
    for (const [name, files] of Object.entries(input.named as Readonly<Record<string, Files>>)) {
      locations[name] = await this.#uploaded(files);
    }
    return locations;
  }

  #uploaded(files: Files): Promise<string> {
    const digest = hash('sha256', JSON.stringify(Object.entries(files))).slice(0, 16);
    const found = this.#uploads.get(digest);
    if (found !== undefined) return found;
    const name = this.name(digest);
    const uploading = this.upload(name, files).then(() => this.inputUri(name));
    this.#uploads.set(digest, uploading);
    return uploading;
  }

  inputUri(prefix: string): string {
    return `s3://${this.facts.inputBucket}/jobs/${prefix}/`;
  }

  outputUri(prefix: string): string {
    return `s3://${this.facts.outputBucket}/jobs/${prefix}`;
  }

  /** Puts files where `inputUri(prefix)` is. */
  async upload(prefix: string, files: Files): Promise<void> {
    await this.uploadTo(this.facts.inputBucket, `jobs/${prefix}/`, files);
  }

  async uploadTo(Bucket: string, prefix: string, files: Files): Promise<void> {
    const entries = Object.entries(files).values();
    const put = async () => {
      for (const [name, Body] of entries) {
        await this.clients.s3.send(new PutObjectCommand({ Bucket, Key: `${prefix}${name}`, Body }));
      }
    };
    await Promise.all(Array.from({ length: REQUESTS_AT_A_TIME }, put));
  }

  /** How many executions there were of jobs with that output. */
  async executionsInto(output: string): Promise<number> {
    const jobs = (await this.world.ledger.listJobs()).filter(({ outputPath }) => outputPath === output);
    const executions = await Promise.all(jobs.map(({ jobId }) => this.executions.list(jobId)));
    return executions.flat().length;
  }

  /** The names of everything below a location of a job's output. */
  async list(uri: string): Promise<readonly string[]> {
    const { bucket, key } = parseUri(uri);
    return await this.keys(bucket, `${key}/`);
  }

  async keys(Bucket: string, Prefix: string): Promise<readonly string[]> {
    const found: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await this.clients.s3.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }));
      found.push(...(page.Contents ?? []).map(({ Key = '' }) => Key.slice(Prefix.length)));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    return found;
  }

  async read(uri: string): Promise<Buffer> {
    const { bucket, key } = parseUri(uri);
    const { Body } = await this.clients.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Buffer.from(await Body!.transformToByteArray());
  }

  /** The parts of an output, in order. */
  async parts(uri: string): Promise<readonly Part[]> {
    const names = (await this.list(uri)).filter((name) => name.startsWith('part-'));
    const parts: Part[] = [];
    for (const name of names) parts.push({ name, bytes: await this.read(`${uri}/${name}`) });
    return parts;
  }
}

export function parseUri(uri: string): { readonly bucket: string; readonly key: string } {
  const match = /^s3:\/\/([^/]+)\/(.*)$/.exec(uri);
  if (match === null) throw new Error(`${uri} is no s3:// location.`);
  return { bucket: match[1]!, key: match[2]! };
}
