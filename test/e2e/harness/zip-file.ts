import { crc32 } from 'node:zlib';

/** A ZIP archive of a few small files, stored without compression: what `CreateFunction` takes. */
export function zipFile(files: Readonly<Record<string, string>>): Buffer {
  const entries: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const nameBytes = Buffer.from(name);
    const content = Buffer.from(text);
    const local = Buffer.concat([header(0x04034b50, content, nameBytes), nameBytes, content]);
    directory.push(directoryEntry(content, nameBytes, at));
    entries.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...entries, central, end]);
}

/** A local file header: version 2.0, no flags, method 0. */
function header(signature: number, content: Buffer, name: Buffer): Buffer {
  const bytes = Buffer.alloc(30);
  bytes.writeUInt32LE(signature, 0);
  bytes.writeUInt16LE(20, 4);
  bytes.writeUInt32LE(crc32(content), 14);
  bytes.writeUInt32LE(content.length, 18);
  bytes.writeUInt32LE(content.length, 22);
  bytes.writeUInt16LE(name.length, 26);
  return bytes;
}

/** The same facts again with where the file lies, readable by all (Unix mode 0644). */
function directoryEntry(content: Buffer, name: Buffer, at: number): Buffer {
  const bytes = Buffer.alloc(46);
  bytes.writeUInt32LE(0x02014b50, 0);
  bytes.writeUInt16LE((3 << 8) | 20, 4);
  header(0, content, name).copy(bytes, 6, 4, 30);
  bytes.writeUInt32LE((0o100644 << 16) >>> 0, 38);
  bytes.writeUInt32LE(at, 42);
  return Buffer.concat([bytes, name]);
}
