import { type Path, pathFromBytes } from '../base/path.ts';
import { Folder } from '../disk/disk.ts';

/**
 * Node decodes arguments as UTF-8 and loses bytes that are none, so a folder with such a name could not be named. On
 * Linux the bytes still stand in /proc.
 */
export function rawArguments(decoded: string[]): Path[] {
  if (!decoded.some((argument) => argument.includes('\uFFFD'))) return decoded;
  const self = Folder.open('/proc/self');
  try {
    const reading = self.read('cmdline', argumentsBytesMax);
    if (reading.kind !== 'file') return decoded;
    const all = splitNul(reading.bytes).map(pathFromBytes);
    return all.slice(all.length - decoded.length);
  } finally {
    self.close();
  }
}

const argumentsBytesMax = 4 * 1024 * 1024;

function splitNul(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(0); end !== -1; end = bytes.indexOf(0, start)) {
    parts.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return parts;
}
