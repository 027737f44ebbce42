/** Where a deployed refold keeps its work. Plain data: it travels to the task thread. */
export type AwsSettings = {
  readonly workBucket: string;
  /** What every key of the work area begins with: '' or ends with `/`. */
  readonly workPrefix: string;
  readonly tableName: string;
  /** @default as the AWS tools find it */
  readonly region?: string;
  /** Logs every call as action and resource. For the tests of least privilege. */
  readonly recordCalls?: boolean;
};
