import { S3ObjectStore } from '../../../lib/aws/s3/s3-object-store.ts';
import { RandomIds } from '../../../lib/node/random-ids.ts';
import { objectStoreContract } from '../../contract/object-store.contract.ts';
import { testBucket } from './s3-place.ts';

const { bucket, requests, newPrefix } = testBucket();

objectStoreContract('S3ObjectStore', async () => {
  return new S3ObjectStore({ requests, bucket, prefix: newPrefix(), ids: new RandomIds() });
});
