import { openS3Output } from '../../../lib/aws/s3/s3-output-store.ts';
import { outputStoreContract } from '../../contract/output-store.contract.ts';
import { testBucket } from './s3-place.ts';

const { bucket, requests, newPrefix } = testBucket();

outputStoreContract('S3OutputStore', async () => ({
  open: openS3Output({ requests }),
  location: `s3://${bucket}/${newPrefix()}out`,
}));
