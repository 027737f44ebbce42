import { S3Client } from '@aws-sdk/client-s3';
import { RegionMissingError } from './aws-error.ts';
import type { AwsRequests } from './requests.ts';

/** The region that the AWS tools would use. No request. @param action what needs it @throws RegionMissingError */
export async function regionOf(requests: AwsRequests, action: string): Promise<string> {
  try {
    return await requests.client(S3Client).config.region();
  } catch (error) {
    throw new RegionMissingError({ action }, { cause: error });
  }
}
