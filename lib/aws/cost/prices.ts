/** Where a price is from, and when it was read there. */
export type Price = { readonly usd: number; readonly per: number; readonly unit: string; readonly source: string };

/** All prices below are of us-east-1, on demand, first tier, without the free tier, as read on this day. */
export const PRICES_DATE = '2026-11-21';

const LAMBDA = 'https://aws.amazon.com/lambda/pricing/';
const S3 = 'https://aws.amazon.com/s3/pricing/';
const DYNAMODB = 'https://aws.amazon.com/dynamodb/pricing/on-demand/';

/**
 * What is charged for. Traffic between S3, DynamoDB and Lambda of one region is free, as are DELETE requests to S3 and S3's events on
 * EventBridge's default bus; a VPC with a NAT gateway, another region, KMS keys and what users store for long come on top.
 */
export const PRICES = {
  lambdaGbSecond: { usd: 0.0000133334, per: 1, unit: 'GB-s arm64', source: LAMBDA },
  lambdaRequest: { usd: 0.2, per: 1e6, unit: 'requests', source: LAMBDA },
  /** Of what a function has above 512 MB. */
  lambdaScratchGbSecond: { usd: 0.0000000309, per: 1, unit: 'GB-s scratch', source: LAMBDA },
  /** COPY, POST and each call of a multipart upload as well. */
  s3Put: { usd: 0.005, per: 1_000, unit: 'PUT', source: S3 },
  s3List: { usd: 0.005, per: 1_000, unit: 'LIST', source: S3 },
  /** HEAD as well. */
  s3Get: { usd: 0.0004, per: 1_000, unit: 'GET', source: S3 },
  s3GbMonth: { usd: 0.023, per: 1, unit: 'GB-month', source: S3 },
  /** A retry is one, and so is the start of each child of a distributed map; an iteration of an inline map is none. */
  transition: { usd: 0.025, per: 1_000, unit: 'transitions', source: 'https://aws.amazon.com/step-functions/pricing/' },
  /** Up to 1 KB; a transaction takes two. */
  ledgerWrite: { usd: 0.625, per: 1e6, unit: 'write units', source: DYNAMODB },
  /** Up to 4 KB, strongly consistent; half of one otherwise. */
  ledgerRead: { usd: 0.125, per: 1e6, unit: 'read units', source: DYNAMODB },
  logGb: { usd: 0.5, per: 1, unit: 'GB of logs', source: 'https://aws.amazon.com/cloudwatch/pricing/' },
  queueRequest: { usd: 0.4, per: 1e6, unit: 'requests', source: 'https://aws.amazon.com/sqs/pricing/' },
} as const satisfies Readonly<Record<string, Price>>;

export type PriceName = keyof typeof PRICES;

/** GB of a bill of Lambda and CloudWatch; memory is set in MB of 1/1024 GB. */
export const MB_PER_GB = 1024;
export const HOURS_PER_MONTH = 730;

export function priceOf(name: PriceName, quantity: number): number {
  const { usd, per } = PRICES[name];
  return (quantity * usd) / per;
}
