import { S3Client } from '@aws-sdk/client-s3';
import { regionOf } from '../requests/region-of.ts';
import { AwsRequests } from '../requests/requests.ts';
import { findBucketRegion, findEventSending, findUploadExpiry, type SettingState } from './bucket-check.ts';
import { describeStack } from './describe-stack.ts';
import { readFailureReasons } from './failure-reasons.ts';
import { findOwnStack } from './own-stack.ts';

/** The stack by which the CDK knows an account and region; another name is the choice of people who know. */
const BOOTSTRAP_STACK = 'CDKToolkit';

/** What deploying asks of the account and region that the AWS tools would use. */
export function openDeployTarget(requests: AwsRequests = new AwsRequests()) {
  return {
    /** @throws RegionMissingError */
    region: (): Promise<string> => regionOf(requests, 'refold deploy'),
    /** Refuses to deploy over what others have made. @throws ForeignStackError */
    checkStack: async (stack: string): Promise<void> => void (await findOwnStack(requests, stack)),
    /** Undefined where the bucket may not be looked at. @throws BucketMissingError */
    bucketRegion: (bucket: string): Promise<string | undefined> => findBucketRegion(requests, bucket),
    uploadExpiry: (bucket: string, folder: string): Promise<SettingState> => findUploadExpiry(requests, bucket, folder),
    eventSending: (bucket: string): Promise<SettingState> => findEventSending(requests, bucket),
    isBootstrapped: async (): Promise<boolean> => (await describeStack(requests, BOOTSTRAP_STACK)) !== undefined,
    failureReasons: (stack: string): Promise<readonly string[]> => readFailureReasons(requests, stack),
    /** Undefined where the credentials do not say it. */
    async account(): Promise<string | undefined> {
      return (await requests.client(S3Client).config.credentials()).accountId;
    },
    /** Closes the sockets. */
    close: (): void => requests.close(),
  };
}
