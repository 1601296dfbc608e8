/** Hides how a file of any size is copied: sharing blocks where the file system can, and without a dangerous instant. */
import { closeSync, constants, copyFile, createReadStream, fstatSync, fsync, write } from 'node:fs';
import { promisify } from 'node:util';
import { type Content, hashOpenFile } from './read-file.ts';
import type { Place } from './walk.ts';
import { type Attributes, createFile, removeEntry, setOpenAttributes, syncPlace } from './write-file.ts';

const copyPath = promisify(copyFile);
const syncFile = promisify(fsync);
const writeTo = promisify(write);

/** Copies an open file to a free name and syncs it. What is returned is the hash of what can be read back. */
export async function copyOpenFile(
  source: number,
  to: { place: Place; name: Buffer },
  attributes: Attributes,
): Promise<Content> {
  const fd = createFile(to, 0o600);
  try {
    await copyBytes(source, fd);
    setOpenAttributes(fd, attributes);
    await syncFile(fd);
    syncPlace(to.place);
    return await hashOpenFile(fd);
  } catch (error) {
    removeEntry(to);
    throw error;
  } finally {
    closeSync(fd);
  }
}

/**
 * The system's copy shares blocks, but gives the copy the source's mode before anything else can be done. With a
 * set-id bit that would be, for an instant, a stranger's program that runs as us; such files are copied by hand.
 */
async function copyBytes(source: number, target: number): Promise<void> {
  const isPlain = (fstatSync(source).mode & 0o7000) === 0;
  if (isPlain && process.platform === 'linux') {
    await copyPath(`/proc/self/fd/${source}`, `/proc/self/fd/${target}`, constants.COPYFILE_FICLONE);
    return;
  }
  let at = 0;
  const stream = createReadStream('', { fd: source, start: 0, autoClose: false, highWaterMark: 256 * 1024 });
  for await (const piece of stream) {
    for (let done = 0; done < piece.length; ) {
      const { bytesWritten } = await writeTo(target, piece, done, piece.length - done, at);
      done += bytesWritten;
      at += bytesWritten;
    }
  }
}
