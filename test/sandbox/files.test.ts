import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { promise } from '../promises.ts';
import { type Answer, newPlace, open } from './place.ts';

type Row = [tool: string, input: object, expected: string | RegExp, isError?: boolean];

/** Calls in one session, one after the other. `prepare` fills the real folder first. */
async function table(prepare: (folder: string) => void, rows: Row[]): Promise<void> {
  const spec = newPlace();
  prepare(spec.folder);
  const { call } = await open(spec);
  for (const [tool, input, expected, isError = false] of rows) {
    const answer: Answer = await call(tool, input);
    expect({ tool, input, ...answer }).toMatchObject({ tool, input, isError });
    if (typeof expected === 'string') expect(answer.text).toBe(expected);
    else expect(answer.text).toMatch(expected);
  }
}

const read = (file_path: string, more: object = {}) => ['Read', { file_path, ...more }] as const;
const edit = (file_path: string, old_string: string, new_string: string, more: object = {}) =>
  ['Edit', { file_path, old_string, new_string, ...more }] as const;
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

promise('tools.as-known', 'Read: numbers, ranges, ends, encodings, long lines', () =>
  table(
    (folder) => {
      const put = (name: string, content: string | Buffer) => writeFileSync(join(folder, name), content);
      put('three.txt', 'one\ntwo\nthree\n');
      put('no-end.txt', 'a\r\nb');
      put('empty.txt', '');
      put('wide.txt', `${'x'.repeat(5_000)}\nnext\n`);
      put('many.txt', Array.from({ length: 5_000 }, (_, at) => `line ${at + 1}\n`).join(''));
      put('utf16.csv', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('größe;2\r\n', 'utf16le')]));
      put('latin1.txt', Buffer.from('gr\xf6\xdfe\n', 'latin1'));
      put('bom.txt', '\uFEFFfirst\n');
      mkdirSync(join(folder, 'Reports'));
      put('Reports/June 2026.md', '# June\n');
    },
    [
      [...read('three.txt'), '     1\tone\n     2\ttwo\n     3\tthree'],
      [
        ...read('three.txt', { offset: 2, limit: 1 }),
        '     2\ttwo\n[Lines 2 to 2 of 3. Go on with offset 3.]',
      ],
      [...read('three.txt', { offset: 9 }), /has 3 lines; line 9 is beyond its end/, true],
      [...read('no-end.txt'), '     1\ta\n     2\tb'],
      [...read('empty.txt'), 'empty.txt is empty.'],
      [...read('wide.txt'), /^ {5}1\tx{2000} \[… 3000 more characters\]\n {5}2\tnext$/],
      [
        ...read('many.txt'),
        /\n {2}1\d\d\d\tline 1\d\d\d\n\[Lines 1 to 1\d\d\d of 5000. Go on with offset 1\d\d\d.\]$/,
      ],
      [...read('utf16.csv'), '     1\tgröße;2'],
      [...read('latin1.txt'), /gr\uFFFD\uFFFDe\n\[Some bytes are no UTF-8.*iconv/],
      [...read('bom.txt'), '     1\tfirst'],
      [...read('reports/june 2026.md'), /There is no folder reports either/, true],
      [
        ...read('Reports/june 2026.md'),
        'There is no file Reports/june 2026.md. Did you mean Reports/June 2026.md?',
        true,
      ],
      [...read('treee.txt'), /Did you mean three\.txt/, true],
      [...read('Reports'), /is a folder\. Use Glob/, true],
      [...read('three.txt/x'), /a part of the path is a file/, true],
      [...read(''), /path is empty/, true],
      [...read('/etc/passwd'), /deskhand:x:1000/],
      ['Read', {}, 'Read needs file_path, a text.', true],
    ],
  ),
);

promise(
  'tools.as-known',
  'Read: images are seen, other binaries are named with a way to read them',
  async () => {
    const spec = newPlace();
    const put = (name: string, content: string | Buffer) => writeFileSync(join(spec.folder, name), content);
    put('picture.dat', png);
    put('photo.jpg', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0]));
    put('a.gif', 'GIF89a\0\0');
    put('a.webp', 'RIFF\0\0\0\0WEBPVP8 ');
    put('large.png', Buffer.concat([png, Buffer.alloc(limits.imageBytesMax)]));
    put('sheet.xlsx', Buffer.from('504b030400000000', 'hex'));
    put('report.pdf', '%PDF-1.7\n');
    put('data.bin', Buffer.from([1, 0, 2]));
    put('it is.sqlite', 'SQLite format 3\0');
    const { call } = await open(spec);
    const see = async (file_path: string) => (await call('Read', { file_path })).content;
    expect(await see('picture.dat')).toEqual([
      { type: 'image', mediaType: 'image/png', base64: png.toString('base64') },
    ]);
    expect(await see('photo.jpg')).toMatchObject([{ mediaType: 'image/jpeg' }]);
    expect(await see('a.gif')).toMatchObject([{ mediaType: 'image/gif' }]);
    expect(await see('a.webp')).toMatchObject([{ mediaType: 'image/webp' }]);
    const words = async (file_path: string) => {
      const answer = await call('Read', { file_path });
      expect(answer.isError).toBe(true);
      return answer.text;
    };
    expect(await words('large.png')).toMatch(/at most 5242880 can be looked at/);
    expect(await words('sheet.xlsx')).toMatch(/is a spreadsheet \(8 bytes\)\. Try Bash: \w+/);
    expect(await words('report.pdf')).toMatch(/is a PDF \(9 bytes\)/);
    expect(await words('data.bin')).toMatch(/is no text \(3 bytes\)\. Try Bash: \w+ data\.bin/);
    expect(await words('it is.sqlite')).toMatch(/SQLite database/);
  },
);

promise('tools.as-known', 'Write: makes folders, replaces, and says what it did', () =>
  table(
    (folder) => {
      writeFileSync(join(folder, 'old.txt'), 'old');
      mkdirSync(join(folder, 'sub'));
    },
    [
      ['Write', { file_path: 'new/deep/a.txt', content: 'ü\n' }, 'Created new/deep/a.txt, 3 bytes.'],
      ['Write', { file_path: 'old.txt', content: '' }, 'Replaced (was 3 bytes): old.txt, 0 bytes.'],
      ['Write', { file_path: 'sub', content: 'x' }, /sub is a folder, so it cannot be written/, true],
      ['Write', { file_path: 'fresh/', content: 'x' }, /names a folder/, true],
      ['Write', { file_path: 'old.txt/x', content: 'x' }, /a part of the path is a file/, true],
      ['Write', { file_path: '/usr/x', content: 'x' }, /read-only in this run/, true],
      ['Write', { file_path: '/tmp/fine.txt', content: 'x' }, 'Created /tmp/fine.txt, 1 bytes.'],
      ['Write', { file_path: '~/fine.txt', content: 'x' }, /Created \/home\/deskhand\/fine\.txt/],
      ['Write', { file_path: 'x'.repeat(300), content: 'x' }, /path is too long/, true],
      ['Write', { file_path: 'a.txt' }, 'Write needs content, a text.', true],
    ],
  ),
);

promise('tools.as-known', 'Edit: one exact place, with line ends, marks and odd bytes kept', async () => {
  const spec = newPlace();
  const files: Record<string, Buffer> = {
    'plain.txt': Buffer.from('alpha\nbeta\nalpha\ngamma $& $1\n'),
    'crlf.txt': Buffer.from('\uFEFFone\r\ntwo\r\nthree\r\n'),
    'tabs.txt': Buffer.from('a\n\tif x:\n\t\ty\n'),
    'latin1.txt': Buffer.from('gr\xf6\xdfe\nkeep\n', 'latin1'),
    'utf16.txt': Buffer.from('\uFEFFhi', 'utf16le'),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(spec.folder, name), bytes);
  const { call } = await open(spec);
  const change = async (...[tool, input]: ReturnType<typeof edit>) => (await call(tool, input)).text;
  const after = (name: string) => readFileSync(join(spec.stage, 'upper', name));

  expect(await change(...edit('plain.txt', 'beta', 'b$&$1'))).toBe(
    'Edited plain.txt:\n     1\talpha\n     2\tb$&$1\n     3\talpha\n     4\tgamma $& $1',
  );
  expect(await change(...edit('plain.txt', 'alpha', 'x'))).toMatch(
    /stands in plain\.txt 2 times \(lines 1, 3\)/,
  );
  expect(await change(...edit('plain.txt', 'alpha', 'x', { replace_all: true }))).toMatch(/in 2 places/);
  expect(after('plain.txt').toString()).toBe('x\nb$&$1\nx\ngamma $& $1\n');
  expect(await change(...edit('crlf.txt', 'two\nthree', '2\n3\n4'))).toMatch(/^Edited/);
  expect(after('crlf.txt').toString()).toBe('\uFEFFone\r\n2\r\n3\r\n4\r\n');
  expect(await change(...edit('tabs.txt', '    if x:\n        y', 'z'))).toMatch(
    /from line 2 on it is the same but for white space/,
  );
  expect(await change(...edit('tabs.txt', '     1\ta', 'z'))).toMatch(/line numbers that Read shows/);
  expect(await change(...edit('tabs.txt', 'nowhere', 'z'))).toMatch(
    /is not in tabs\.txt\. Read the file again/,
  );
  expect(await change(...edit('latin1.txt', 'keep', 'kept'))).toMatch(/^Edited/);
  expect(after('latin1.txt')).toEqual(Buffer.from('gr\xf6\xdfe\nkept\n', 'latin1'));
  expect(await change(...edit('utf16.txt', 'hi', 'ho'))).toMatch(/no UTF-8 text/);
  expect(await change(...edit('plain.txt', '', 'x'))).toMatch(/use Write/);
  expect(await change(...edit('plain.txt', 'x', 'x'))).toMatch(/nothing to change/);
  expect(await change(...edit('gone.txt', 'a', 'b'))).toMatch(/There is no file gone\.txt/);
});

promise(
  'tools.never-block',
  'pipes, devices, sockets and links that lead nowhere answer at once',
  async () => {
    const spec = newPlace();
    execFileSync('mkfifo', [join(spec.folder, 'pipe')]);
    symlinkSync('loop', join(spec.folder, 'loop'));
    symlinkSync('/root/secret', join(spec.folder, 'outside'));
    const { call, bash } = await open(spec);
    await bash('mkfifo own; python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\'sock\')"');
    const began = performance.now();
    for (const file_path of [
      'pipe',
      'own',
      'sock',
      'loop',
      'outside',
      '/dev/tty',
      '/dev/zero',
      '/proc/kmsg',
    ]) {
      expect({ file_path, ...(await call('Read', { file_path })) }).toMatchObject({
        file_path,
        isError: true,
      });
      const changes = [
        call('Write', { file_path, content: 'x' }),
        call('Edit', { file_path, old_string: 'a', new_string: 'b' }),
      ];
      if (file_path !== 'outside') {
        for (const answer of await Promise.all(changes))
          expect({ file_path, ...answer }).toMatchObject({ isError: true });
      }
    }
    await call('Grep', { pattern: 'x' });
    await call('Glob', { pattern: '**' });
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(existsSync('/root/secret')).toBe(false);
  },
);

test('a name of odd bytes is shown with \\xNN and understood so', async () => {
  const spec = newPlace();
  writeFileSync(
    Buffer.concat([Buffer.from(`${spec.folder}/caf`), Buffer.from([0xe9]), Buffer.from('\n.txt')]),
    'odd\n',
  );
  const { call } = await open(spec);
  const shown = 'caf\\xe9\\x0a.txt';
  expect((await call('Glob', { pattern: '*.txt' })).text).toBe(shown);
  expect((await call('Read', { file_path: shown })).text).toBe('     1\todd');
  expect((await call('Edit', { file_path: shown, old_string: 'odd', new_string: 'even' })).text).toMatch(
    /^Edited caf\\xe9/,
  );
  expect((await call('Grep', { pattern: 'even', output_mode: 'content' })).text).toBe(`${shown}:1:even`);
  expect((await call('Write', { file_path: 'new\\xff.txt', content: '' })).text).toBe(
    'Created new\\xff.txt, 0 bytes.',
  );
});
