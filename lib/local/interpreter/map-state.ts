import type { Json } from '../../coordinator/states.ts';
import { type Chain, type ParseScope, type RunnableState, runChain, type Scope } from './chain.ts';
import type { Context } from './context.ts';
import { checkDataLimit } from './data-limit.ts';
import { Fields } from './fields.ts';
import { guardedState } from './guarded-work.ts';
import { arraySource, type ItemSource, readerSource } from './item-source.ts';
import { MachineError } from './machine-error.ts';
import { type Expression, parsePathField, parseTemplate } from './payload-template.ts';
import { runItems } from './run-items.ts';
import { contextOf, parseOptionalTemplate } from './state-flow.ts';

/** How many items AWS runs at a time at most: of an inline map, and child executions of a distributed one. */
const CONCURRENCY_MAX = { INLINE: 40, DISTRIBUTED: 10_000 };

type Mode = keyof typeof CONCURRENCY_MAX;

export function parseMap(name: string, fields: Fields, parse: ParseScope): RunnableState {
  const { mode, chain } = parseProcessor(fields, parse);
  const openItems = mode === 'INLINE' ? parseItemsPath(fields, parse) : parseItemReader(fields, parse);
  const concurrencyOf = parseConcurrency(fields, parse);
  const selector = fields.value('ItemSelector');
  const select =
    selector === undefined ? undefined : parseTemplate(fields, 'ItemSelector', selector, { ...parse.context, mapItem: true });

  return guardedState(name, fields, parse, (input, scope, context) => {
    const asked = concurrencyOf(input, context);
    return runItems({
      stateName: name,
      source: openItems(input, scope, context),
      concurrency: asked === 0 ? CONCURRENCY_MAX[mode] : Math.min(asked, CONCURRENCY_MAX[mode]),
      signal: scope.signal,
      async runItem(value, index, signal) {
        const mapItem = { Index: index, Value: value };
        const itemContext = contextOf(scope, name, context.State.RetryCount, mapItem);
        const item = select === undefined ? value : select(input, itemContext);
        if (mode === 'INLINE') return runChain(chain, item, { ...scope, signal, mapItem });
        return runChild(name, chain, item, { world: scope.world, execution: scope.execution, signal });
      },
    });
  });
}

/** A child execution: whatever it fails with, the map fails with one error that says nothing of it, as on AWS. */
async function runChild(name: string, chain: Chain, item: Json, scope: Scope): Promise<Json> {
  try {
    checkDataLimit(item, name);
    return await runChain(chain, item, scope);
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    throw new MachineError('States.ExceedToleratedFailureThreshold', 'The specified tolerated failure threshold was exceeded', {
      cause: error,
    });
  }
}

function parseProcessor(fields: Fields, parse: ParseScope): { mode: Mode; chain: Chain } {
  const processor = new Fields(`${fields.where}.ItemProcessor`, fields.value('ItemProcessor'));
  const config = new Fields(`${processor.where}.ProcessorConfig`, processor.value('ProcessorConfig'));
  const mode = config.oneOf('Mode', ['INLINE', 'DISTRIBUTED']);
  if (mode === 'DISTRIBUTED') config.oneOf('ExecutionType', ['STANDARD']);
  config.end();
  const context = mode === 'INLINE' ? { ...parse.context, mapItem: true } : { execution: false, mapItem: false };
  const chain = parse.parseChain(processor.where, fields.value('ItemProcessor'), context, ['ProcessorConfig']);
  return { mode, chain };
}

function parseItemsPath(fields: Fields, parse: ParseScope): (input: Json, scope: Scope, context: Context) => ItemSource {
  const itemsOf = parsePathField(fields, 'ItemsPath', fields.optionalString('ItemsPath') ?? '$', parse.context);
  return (input, _, context) => {
    const items = itemsOf(input, context);
    if (Array.isArray(items)) return arraySource(items as readonly Json[]);
    throw new MachineError('States.Runtime', `The items of '${context.State.Name}' are not an array.`);
  };
}

function parseItemReader(fields: Fields, parse: ParseScope): (input: Json, scope: Scope, context: Context) => ItemSource {
  const reader = new Fields(`${fields.where}.ItemReader`, fields.value('ItemReader'));
  reader.oneOf('Resource', ['arn:aws:states:::s3:getObject']);
  const config = new Fields(`${reader.where}.ReaderConfig`, reader.value('ReaderConfig'));
  config.oneOf('InputType', ['JSON']);
  config.end();
  const parameters = parseOptionalTemplate(reader, 'Parameters', parse.context);
  reader.end();
  return (input, scope, context) => {
    const { Bucket, Key } = parameters(input, context) as { Bucket?: Json; Key?: Json };
    if (typeof Bucket !== 'string' || typeof Key !== 'string') {
      throw new MachineError('States.ItemReaderFailed', 'Bucket and Key must be strings.');
    }
    return readerSource(() => scope.world.readJsonArray(Bucket, Key));
  };
}

/** MaxConcurrency or MaxConcurrencyPath; 0 is as many as there may be. */
function parseConcurrency(fields: Fields, parse: ParseScope): (input: Json, context: Context) => number {
  const fixed = fields.optionalNumber('MaxConcurrency', { min: 0, max: 10_000, whole: true });
  const path = fields.optionalString('MaxConcurrencyPath');
  if (path === undefined) return () => fixed ?? 0;
  if (fixed !== undefined) fields.refuse('MaxConcurrencyPath', 'stands beside MaxConcurrency');
  const asked: Expression = parsePathField(fields, 'MaxConcurrencyPath', path, parse.context);
  return (input, context) => {
    const value = asked(input, context);
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
    throw new MachineError('States.Runtime', `MaxConcurrencyPath of '${context.State.Name}' is not a whole number from 0.`);
  };
}
