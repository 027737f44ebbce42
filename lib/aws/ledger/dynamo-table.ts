import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Clock } from '../../ports/clock.ts';
import { TransientError } from '../requests/aws-error.ts';
import { type Item, type PlainItem, toItem } from './attribute-value.ts';
import type { LedgerKey } from './ledger-keys.ts';

/**
 * A condition, in DynamoDB's words: `#name` stands for the attribute of that name, or for what `names` has for it, and `:name` for the
 * value of that name.
 */
export type Condition = {
  readonly condition: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: PlainItem;
};
export type Change = Condition & { readonly update: string };

/** `refused` has the item that the condition did not hold for, undefined where there is none: no read is needed to see why. */
export type Written =
  | { readonly kind: 'written'; readonly item: Item }
  | { readonly kind: 'refused'; readonly item: Item | undefined };

/** One part of a transaction. */
export type Action =
  | { readonly put: Item; readonly if: Condition }
  | { readonly update: LedgerKey; readonly change: Change }
  | { readonly check: LedgerKey; readonly if: Condition };

/** By part, the item that its condition did not hold for; undefined also where the condition held. */
export type Transacted =
  | { readonly kind: 'written' }
  | { readonly kind: 'refused'; readonly items: readonly (Item | undefined)[] };

/** One table, as the ledger uses it: conditional writes that answer with the old item, strongly consistent reads, all pages. */
export class DynamoTable {
  readonly name: string;
  readonly #client: () => DynamoDBClient;
  readonly #clock: Clock;

  constructor(options: { readonly client: () => DynamoDBClient; readonly tableName: string; readonly clock: Clock }) {
    this.name = options.tableName;
    this.#client = options.client;
    this.#clock = options.clock;
  }

  async get(key: LedgerKey): Promise<Item | undefined> {
    const input = { TableName: this.name, Key: toItem(key), ConsistentRead: true };
    return (await this.#client().send(new GetItemCommand(input))).Item;
  }

  async put(item: Item, condition: Condition): Promise<Written> {
    const input = { ...this.#expressions(condition), Item: item, ...OLD_ITEM };
    return written(async () => {
      await this.#client().send(new PutItemCommand(input));
      return item;
    });
  }

  async update(key: LedgerKey, change: Change): Promise<Written> {
    const input = { ...this.#expressions(change), Key: toItem(key), ReturnValues: 'ALL_NEW', ...OLD_ITEM } as const;
    return written(async () => (await this.#client().send(new UpdateItemCommand(input))).Attributes ?? {});
  }

  async delete(key: LedgerKey, condition: Condition): Promise<Written> {
    const input = { ...this.#expressions(condition), Key: toItem(key), ...OLD_ITEM };
    return written(async () => {
      await this.#client().send(new DeleteItemCommand(input));
      return {};
    });
  }

  /** All of the actions, or none. */
  async transact(actions: readonly Action[]): Promise<Transacted> {
    const TransactItems = actions.map((action) => {
      if ('put' in action) return { Put: { ...this.#expressions(action.if), Item: action.put, ...OLD_ITEM } };
      if ('check' in action)
        return { ConditionCheck: { ...this.#expressions(action.if), Key: toItem(action.check), ...OLD_ITEM } };
      const { UpdateExpression = '', ...rest } = this.#expressions(action.change);
      return { Update: { ...rest, UpdateExpression, Key: toItem(action.update), ...OLD_ITEM } };
    });
    try {
      await this.#client().send(new TransactWriteItemsCommand({ TransactItems }));
      return { kind: 'written' };
    } catch (error) {
      const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
      if (!reasons.some((reason) => reason.Code === 'ConditionalCheckFailed')) throw error;
      return { kind: 'refused', items: reasons.map((reason) => reason.Item) };
    }
  }

  /** The items of a partition key in the order of their sort keys, a page at a time; with `keysOnly`, nothing but their keys. */
  async *query(pk: string, options: { readonly descending?: boolean; readonly keysOnly?: boolean } = {}): AsyncGenerator<Item[]> {
    let from: Item | undefined;
    do {
      const page = await this.#client().send(
        new QueryCommand({
          TableName: this.name,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: pk } },
          ConsistentRead: true,
          ScanIndexForward: options.descending !== true,
          ...(options.keysOnly && { ProjectionExpression: 'pk, sk' }),
          ...(from && { ExclusiveStartKey: from }),
        }),
      );
      from = page.LastEvaluatedKey;
      if (page.Items !== undefined && page.Items.length > 0) yield page.Items;
    } while (from !== undefined);
  }

  /** Those that are there, in no order. At most 100 keys. */
  async getSome(keys: readonly LedgerKey[]): Promise<readonly Item[]> {
    const items: Item[] = [];
    await this.#untilProcessed('dynamodb:BatchGetItem', keys.map(toItem), async (Keys) => {
      const RequestItems = { [this.name]: { Keys: [...Keys], ConsistentRead: true } };
      const page = await this.#client().send(new BatchGetItemCommand({ RequestItems }));
      items.push(...(page.Responses?.[this.name] ?? []));
      return page.UnprocessedKeys?.[this.name]?.Keys ?? [];
    });
    return items;
  }

  /** Removes items without a condition. At most 25 keys. */
  async deleteSome(keys: readonly Item[]): Promise<void> {
    await this.#untilProcessed('dynamodb:BatchWriteItem', keys, async (wanted) => {
      const RequestItems = { [this.name]: wanted.map(({ pk, sk }) => ({ DeleteRequest: { Key: { pk: pk!, sk: sk! } } })) };
      const { UnprocessedItems } = await this.#client().send(new BatchWriteItemCommand({ RequestItems }));
      return (UnprocessedItems?.[this.name] ?? []).map((request) => request.DeleteRequest?.Key ?? {});
    });
  }

  /**
   * What a batch left over for lack of capacity is asked for again after a wait. A batch that succeeds in part is no failed request,
   * so the retries of requests don't see it. @throws TransientError
   */
  async #untilProcessed(
    action: string,
    keys: readonly Item[],
    ask: (keys: readonly Item[]) => Promise<readonly Item[]>,
  ): Promise<void> {
    let left = keys;
    for (let tries = 0; left.length > 0; tries++) {
      if (tries > 0) await this.#clock.sleep(Math.random() * BATCH_WAIT_MS * 2 ** tries);
      if (tries === BATCH_TRIES_MAX)
        throw new TransientError({ action, resource: this.name, reason: 'the table lacks capacity' });
      left = await ask(left);
    }
  }

  #expressions(change: Condition & { readonly update?: string }) {
    const { condition, update, names = {}, values = {} } = change;
    const used = [...`${condition} ${update ?? ''}`.matchAll(/#(\w+)/g)].map(([alias, name = '']) => [
      alias,
      names[name] ?? name,
    ]);
    return {
      TableName: this.name,
      ConditionExpression: condition,
      ...(update !== undefined && { UpdateExpression: update }),
      ...(used.length > 0 && { ExpressionAttributeNames: Object.fromEntries(used) as Record<string, string> }),
      ...(Object.keys(values).length > 0 && {
        ExpressionAttributeValues: Object.fromEntries(Object.entries(toItem(values)).map(([name, value]) => [`:${name}`, value])),
      }),
    };
  }
}

const OLD_ITEM = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
const BATCH_TRIES_MAX = 10;
const BATCH_WAIT_MS = 25;

async function written(write: () => Promise<Item>): Promise<Written> {
  try {
    return { kind: 'written', item: await write() };
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return { kind: 'refused', item: error.Item };
    throw error;
  }
}
