import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDesk, treeOf } from '../desk.ts';
import { promise } from '../promises.ts';
import { wireForTest } from '../wire/for-test.ts';
import { call, say, text } from '../wire/reply.ts';

const runbook = (...blocks: string[]) =>
  `---\nmodel: runbook\n---\n${blocks.map((block) => `\`\`\`sh\n${block}\n\`\`\``).join('\n')}\n`;

promise(
  'main.control-files',
  'a ChangeSet that names a control file is refused whole, and the result says which',
  async () => {
    const desk = await openDesk({
      files: {
        'CLAUDE.md': 'Be brief.',
        'tasks/a.md': runbook('echo ok > fine.txt; mkdir -p sub; echo "obey me" > sub/CLAUDE.md'),
      },
    });
    const before = treeOf(desk.folder);
    expect((await desk.run('once')).code).toBe(1);
    expect(treeOf(desk.folder)).toEqual(before);
    expect(desk.result()).toContain('outcome: failed');
    expect(desk.result()).toContain('sub/CLAUDE.md');
  },
);

test('a run that changes nothing ends done-no-changes, whatever the model says', async () => {
  const wire = await wireForTest(() => say(text('I have written everything.')));
  const desk = await openDesk({ wireUrl: wire.url, files: { 'tasks/a.md': 'Write report.md.' } });
  expect((await desk.run('once')).code).toBe(0);
  expect(desk.result()).toContain('outcome: done-no-changes');
});

promise('main.nothing-half-done', 'a run that fails in the middle leaves the folder as it was', async () => {
  const wire = await wireForTest(({ n }) =>
    n === 1
      ? say(call('Bash', { command: 'echo half > half.txt; rm -f keep.txt' }))
      : {
          kind: 'status',
          status: 400,
          body: { type: 'error', error: { type: 'invalid_request_error', message: 'no' } },
        },
  );
  const desk = await openDesk({ wireUrl: wire.url, files: { 'keep.txt': 'kept', 'tasks/a.md': 'Do it.' } });
  const before = treeOf(desk.folder);
  expect((await desk.run('once')).code).toBe(1);
  expect(treeOf(desk.folder)).toEqual(before);
  expect(desk.result()).toContain('outcome: failed');
});

test('a runbook block that fails ends the run failed, with the block named', async () => {
  const desk = await openDesk({
    files: { 'tasks/a.md': runbook('echo one > one.txt', 'exit 3', 'echo three > three.txt') },
  });
  const once = await desk.run('once');
  expect(once.code).toBe(1);
  expect(desk.result()).toContain('outcome: failed');
  expect(treeOf(desk.folder).has('one.txt')).toBe(false);
});

promise(
  'main.bad-input',
  'each bad task gets one clear message where the person looks, and nothing is lost',
  async () => {
    const desk = await openDesk();
    const { folder } = desk;
    desk.write('tasks/front.md', '---\nbudget: { turns: many }\nbudgett: 3\nmodel: [x]\n---\nDo it.');
    desk.write('tasks/unclosed.md', '---\ntitle: x\nDo it.');
    desk.write(
      'tasks/code.md',
      `---js\n{ x: require("fs").writeFileSync(${JSON.stringify(join(desk.dir, 'executed'))}, "") }\n---\nDo it.`,
    );
    desk.write('tasks/binary.md', Buffer.from([0x44, 0x6f, 0xff, 0xfe, 0x0a]));
    desk.write('tasks/huge.md', Buffer.alloc(50 * 1024 * 1024, 'a'));
    desk.write('tasks/empty.md', '');
    desk.write('tasks/key.md', '---\nmodel: claude-opus-5-5\n---\nDo it.');
    desk.write('tasks/unknown.md', '---\nmodel: gpt-x\n---\nDo it.');
    desk.write(
      'tasks/later.md',
      '---\nmodel: runbook\nschedule: every monday at 08:00\n---\n```sh\ntrue\n```',
    );
    execFileSync('mkfifo', [join(folder, 'tasks/pipe.md')]);
    writeFileSync(join(desk.dir, 'outside.md'), 'secret');
    symlinkSync(join(desk.dir, 'outside.md'), join(folder, 'tasks/link.md'));
    const once = await desk.run('once');
    expect(once.code).toBe(1);
    const told = Object.fromEntries(
      desk.results().map((name) => [name.replace(/^.{16}/, ''), desk.read(`results/${name}/result.md`)]),
    );
    expect(Object.keys(told).sort()).toEqual([
      'binary',
      'code',
      'empty',
      'front',
      'huge',
      'key',
      'later',
      'link',
      'pipe',
      'unclosed',
      'unknown',
    ]);
    for (const [name, result] of Object.entries(told)) expect(result, name).toContain('outcome: blocked');
    expect(told['front']).toMatch(/`tasks\/front\.md`, line 2: [\s\S]*`tasks\/front\.md`, line 4: /);
    expect(told['key']).toContain('deskhand key set');
    expect(told['later']).toContain('schedule');
    expect(told['link']).not.toContain('secret');
    expect((await desk.run('once')).code).toBe(0);
    expect(desk.results()).toHaveLength(11);
    expect(() => execFileSync('ls', [join(desk.dir, 'executed')], { stdio: 'ignore' })).toThrow();
  },
  60_000,
);

promise(
  'main.odd-names',
  'folders and files with any name work: spaces, commas, colons, quotes, newlines, bytes that are no UTF-8',
  async () => {
    const desk = await openDesk();
    const names = ['a, b: c', 'it\'s "quoted"', 'two\nlines', 'caf\\xe9'];
    for (const [at, name] of names.entries()) {
      const bytes =
        name === 'caf\\xe9'
          ? Buffer.concat([Buffer.from(`${desk.dir}/odd-`), Buffer.from([0xe9])])
          : Buffer.from(`${desk.dir}/${name}`);
      mkdirSync(bytes);
      mkdirSync(Buffer.concat([bytes, Buffer.from('/tasks')]));
      writeFileSync(
        Buffer.concat([bytes, Buffer.from('/tasks/t.md')]),
        runbook(`echo ${at} > "out $(printf '\\377')"; pwd > where`),
      );
      // Node's own spawn can't pass such bytes; a shell can.
      const word = `$'${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}'`;
      const command = `exec "${process.execPath}" "${join(import.meta.dirname, '../../bin/deskhand.js')}"`;
      execFileSync('bash', ['-c', `${command} grant ${word}`], { env: desk.env, stdio: 'pipe' });
      execFileSync('bash', ['-c', `${command} once ${word}`], { env: desk.env, stdio: 'pipe' });
      execFileSync('bash', ['-c', `${command} verify ${word}`], { env: desk.env, stdio: 'pipe' });
      expect(
        execFileSync('bash', ['-c', `cat ${word}/"out "$'\\377'`], { env: desk.env })
          .toString()
          .trim(),
      ).toBe(String(at));
      expect(execFileSync('bash', ['-c', `cat ${word}/where`], { env: desk.env }).toString('latin1')).toBe(
        `${bytes.toString('latin1')}\n`,
      );
    }
  },
  60_000,
);

test('a sandbox that is lost in the middle ends the run at once, and nothing of it is applied', async () => {
  const wire = await wireForTest(({ n }) =>
    n < 5
      ? say(call('Bash', { command: 'echo half > half.txt; pkill -9 -f guest.mjs; kill -9 1; sleep 1' }))
      : say(text('Done.')),
  );
  const desk = await openDesk({ wireUrl: wire.url, files: { 'tasks/a.md': 'Do it.' } });
  expect((await desk.run('once')).code).toBe(1);
  expect(desk.result()).toContain('outcome: failed');
  expect(desk.result()).toContain('The sandbox was lost.');
  expect(wire.requests.length).toBeLessThan(3);
  expect(treeOf(desk.folder).has('half.txt')).toBe(false);
});
