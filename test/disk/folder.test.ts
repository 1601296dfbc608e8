import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PersonError } from '../../src/base/errors.ts';
import { sha256 } from '../../src/base/hash.ts';
import { pathFromBytes } from '../../src/base/path.ts';
import { Folder, tempName } from '../../src/disk/disk.ts';
import { promise } from '../promises.ts';
import { scratchDir } from '../scratch.ts';

const oddNames = [
  'two words',
  'a,b:c;d',
  `quo"te's`,
  'line\nbreak',
  'back\\slash',
  'größe',
  '-rf',
  '$(x)',
  'a\rb',
];

describe('a name of any bytes', () => {
  promise('disk.any-name', 'is written, listed, read, renamed and removed', () => {
    const { folder } = opened();
    const raw = pathFromBytes(Buffer.from([0x66, 0xff, 0xfe, 0x20, 0xc3]));
    for (const name of [...oddNames, raw, 'x'.repeat(255)]) {
      folder.makeFolder(`sub/${name}`.slice(0, 259));
      folder.write(name, `text of it`);
      expect(folder.list('')).toContainEqual({ name, kind: 'file' });
      expect(folder.read(name, 100)).toMatchObject({ kind: 'file', bytes: Buffer.from('text of it') });
      folder.rename(name, `${name.slice(0, 200)}-2`);
      expect(folder.stat(name)).toBeNull();
      folder.remove(`${name.slice(0, 200)}-2`);
    }
    folder.removeTree('sub');
    expect(folder.list('')).toEqual([]);
  });
});

describe('what leads out of the folder', () => {
  test.each(['../x', 'a/../../x', '/etc/passwd', 'a//b', './a', 'a/', 'a\0b'])('%j is refused', (rel) => {
    const { folder } = opened();
    expect(() => folder.stat(rel)).toThrow(PersonError);
    expect(() => folder.write(rel, '')).toThrow(PersonError);
    expect(() => folder.list(rel)).toThrow(PersonError);
    expect(() => folder.makeFolder(rel)).toThrow(PersonError);
  });

  promise('disk.no-link-followed', 'a link is never followed, at the end or on the way', async () => {
    const { dir, folder } = opened();
    const outside = scratchDir();
    writeFileSync(join(outside, 'secret'), 'secret');
    symlinkSync(outside, join(dir, 'way'));
    symlinkSync(join(outside, 'secret'), join(dir, 'end'));
    expect(folder.stat('end')?.kind).toBe('link');
    expect(folder.stat('way/secret')).toBeNull();
    expect(folder.list('way')).toBeNull();
    expect(folder.sub('way')).toBeNull();
    expect(folder.read('end', 100)).toMatchObject({ kind: 'refused', why: 'link' });
    expect(folder.read('way/secret', 100)).toMatchObject({ kind: 'refused', why: 'link' });
    expect(await folder.hash('end')).toBeNull();
    expect(await folder.hash('way/secret')).toBeNull();
    expect(() => folder.write('way/new', 'x')).toThrow(/link/);
    expect(() => folder.append('end', 'x')).toThrow(/ELOOP/);
    expect(() => folder.makeFolder('way/new')).toThrow(/link/);
    folder.write('end', 'mine');
    folder.removeTree('way');
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
    expect(lstatSync(join(dir, 'end')).isFile()).toBe(true);
  });

  test('a folder that was swapped for a link after it was opened still leads to the old one', () => {
    const { dir, folder } = opened();
    const outside = scratchDir();
    mkdirSync(join(dir, 'a'));
    const inner = folder.sub('a');
    renameSync(join(dir, 'a'), join(dir, 'b'));
    symlinkSync(outside, join(dir, 'a'));
    inner?.write('file', 'x');
    inner?.close();
    expect(readdirSync(outside)).toEqual([]);
    expect(readFileSync(join(dir, 'b', 'file'), 'utf8')).toBe('x');
  });
});

describe('reading', () => {
  test('a pipe is refused and does not hang', async () => {
    const { dir, folder } = opened();
    execFileSync('mkfifo', [join(dir, 'pipe')]);
    expect(folder.read('pipe', 100)).toMatchObject({ kind: 'refused', why: 'not-a-file' });
    expect(await folder.hash('pipe')).toBeNull();
    expect(() => folder.append('pipe', 'x')).toThrow();
  });

  test('a file over the limit is refused, one at the limit is read', () => {
    const { dir, folder } = opened();
    writeFileSync(join(dir, 'f'), 'x'.repeat(100_000));
    expect(folder.read('f', 99_999)).toMatchObject({ kind: 'refused', why: 'too-large' });
    expect(folder.read('f', 100_000)).toMatchObject({ kind: 'file', entry: { size: 100_000 } });
    // The size of such a file is given as 0: it is only known by reading.
    const proc = Folder.open('/proc/self');
    expect(proc.read('maps', 10)).toMatchObject({ kind: 'refused', why: 'too-large' });
    expect(proc.read('status', 1_000_000)).toMatchObject({ kind: 'file' });
    proc.close();
  });

  test('absent is told apart from refused', () => {
    const { dir, folder } = opened();
    mkdirSync(join(dir, 'sub'));
    expect(folder.read('nothing', 9)).toEqual({ kind: 'absent' });
    expect(folder.read('nothing/here', 9)).toEqual({ kind: 'absent' });
    expect(folder.read('sub', 9)).toMatchObject({ kind: 'refused', why: 'not-a-file' });
  });

  test('a hash is that of the bytes', async () => {
    const { dir, folder } = opened();
    const bytes = Buffer.alloc(1_000_003, 'abc');
    writeFileSync(join(dir, 'f'), bytes);
    expect(await folder.hash('f')).toEqual({ sha256: sha256(bytes), size: bytes.length });
  });

  test('a folder that is missing, or is a file, is the mistake of a person', () => {
    const dir = scratchDir();
    writeFileSync(join(dir, 'f'), '');
    expect(() => Folder.open(join(dir, 'none'))).toThrow(PersonError);
    expect(() => Folder.open(join(dir, 'f'))).toThrow(PersonError);
  });
});

describe('writing', () => {
  test('keeps the mode of the file it replaces, sets the one it is given, and leaves nothing else', () => {
    const { dir, folder } = opened();
    writeFileSync(join(dir, 'f'), 'old');
    chmodSync(join(dir, 'f'), 0o640);
    folder.write('f', 'new');
    expect(statSync(join(dir, 'f')).mode & 0o7777).toBe(0o640);
    folder.write('f', 'newer', { mode: 0o600 });
    expect(statSync(join(dir, 'f')).mode & 0o7777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(['f']);
  });

  test('exclusive never takes a used name, not even that of a dangling link', () => {
    const { dir, folder } = opened();
    folder.write('f', 'first', { exclusive: true });
    expect(() => folder.write('f', 'second', { exclusive: true })).toThrow(/EEXIST/);
    symlinkSync('nowhere', join(dir, 'l'));
    expect(() => folder.write('l', 'x', { exclusive: true })).toThrow(/EEXIST/);
    expect(readFileSync(join(dir, 'f'), 'utf8')).toBe('first');
    expect(readdirSync(dir).sort()).toEqual(['f', 'l']);
  });

  test('a folder in the way leaves no temporary file behind', () => {
    const { dir, folder } = opened();
    mkdirSync(join(dir, 'f'));
    expect(() => folder.write('f', 'x')).toThrow();
    expect(readdirSync(dir)).toEqual(['f']);
  });

  test('appends at the end', () => {
    const { dir, folder } = opened();
    folder.append('log', 'one\n');
    folder.append('log', 'two\n');
    expect(readFileSync(join(dir, 'log'), 'utf8')).toBe('one\ntwo\n');
  });

  test('makes folders on the way and says which', () => {
    const { folder } = opened();
    expect(folder.makeFolder('a/b')).toEqual(['a', 'a/b']);
    expect(folder.makeFolder('a/b/c')).toEqual(['a/b/c']);
    folder.write('file', '');
    expect(() => folder.makeFolder('file/x')).toThrow(PersonError);
  });

  test('a temporary name is one that sync clients skip, and fits', () => {
    for (const name of ['report.md', 'ü'.repeat(127), 'x'.repeat(255)]) {
      expect(tempName(name)).toMatch(/^\.~.+\.[0-9a-z]{6,16}\.tmp$/);
      expect(Buffer.byteLength(tempName(name))).toBeLessThanOrEqual(255);
    }
  });

  test.runIf(process.getuid?.() === 0)('what root makes belongs to the owner of the folder', () => {
    const { dir, folder } = opened();
    execFileSync('chown', ['1234:2345', dir]);
    folder.write('f', 'x');
    folder.append('log', 'x');
    folder.makeFolder('sub/deep');
    folder.makeLink('link', 'f');
    for (const name of ['f', 'log', 'sub', 'sub/deep', 'link']) {
      expect(lstatSync(join(dir, name))).toMatchObject({ uid: 1234, gid: 2345 });
    }
  });
});

describe('copying, linking, moving between folders', () => {
  test('a copy has the bytes and the attributes asked for, and never a set-id bit of its source', async () => {
    const { dir, folder } = opened();
    const other = opened();
    const bytes = Buffer.alloc(3_000_001, 'content');
    writeFileSync(join(dir, 'from'), bytes);
    const mtimeNs = 1_700_000_000_123_456_700n;
    for (const mode of [0o640, 0o4755]) {
      chmodSync(join(dir, 'from'), mode);
      const copied = await other.folder.copyIn(folder, 'from', `to${mode}`, { mode: 0o640, mtimeNs });
      expect(copied).toEqual({ sha256: sha256(bytes), size: bytes.length });
      const seen = other.folder.stat(`to${mode}`);
      expect(seen?.mode).toBe(0o640);
      expect(Number((seen?.mtimeNs ?? 0n) - mtimeNs)).toBeLessThan(250);
      expect(Number((seen?.mtimeNs ?? 0n) - mtimeNs)).toBeGreaterThan(-250);
    }
    expect(await other.folder.copyIn(folder, 'nothing', 'x', {})).toBeNull();
    await expect(other.folder.copyIn(folder, 'from', 'to416', {})).rejects.toThrow(/EEXIST/);
  });

  test('links and moves', () => {
    const { dir, folder } = opened();
    const other = opened();
    writeFileSync(join(dir, 'f'), 'x');
    other.folder.linkIn(folder, 'f', 'g');
    expect(other.folder.stat('g')?.inode).toBe(folder.stat('f')?.inode);
    other.folder.moveIn(folder, 'f', 'h');
    expect(folder.stat('f')).toBeNull();
    other.folder.makeLink('l', 'some/where');
    expect(readlinkSync(join(other.dir, 'l'))).toBe('some/where');
    expect(other.folder.readLink('l')).toBe('some/where');
    expect(other.folder.readLink('g')).toBeNull();
  });
});

describe('removing a tree', () => {
  test('of any depth and any modes, and no more than it', () => {
    const { dir, folder } = opened();
    const outside = scratchDir();
    writeFileSync(join(outside, 'kept'), '');
    // Deeper than a path can be long.
    execFileSync(
      'bash',
      [
        '-c',
        'for i in $(seq 300); do mkdir dddddddddddddddddddd && cd -P dddddddddddddddddddd; done; touch f',
      ],
      { cwd: dir },
    );
    mkdirSync(join(dir, 'shut/inner'), { recursive: true });
    writeFileSync(join(dir, 'shut/inner/f'), '');
    symlinkSync(outside, join(dir, 'shut/inner/link'));
    chmodSync(join(dir, 'shut/inner'), 0);
    chmodSync(join(dir, 'shut'), 0);
    folder.removeTree('shut');
    folder.removeTree('dddddddddddddddddddd');
    folder.removeTree('nothing');
    expect(readdirSync(dir)).toEqual([]);
    expect(existsSync(join(outside, 'kept'))).toBe(true);
  });
});

function opened(): { dir: string; folder: Folder } {
  const dir = scratchDir();
  const folder = Folder.open(dir);
  onTestFinished(() => folder.close());
  return { dir, folder };
}
