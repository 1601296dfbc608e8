import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allPrograms, fakeMachine, isRoot, workingApt, workingSudo } from './fake-machine.ts';

const without = (...names: string[]) => allPrograms.filter((name) => !names.includes(name));
const npmCalls = (calls: string[]) => calls.flatMap((call) => /^npm (ci|rebuild \S+)/.exec(call)?.[1] ?? []);
const installs = (calls: string[]) => npmCalls(calls).filter((call) => call === 'ci').length;
const aptCalls = (calls: string[]) => calls.filter((call) => /^(apt-get|sudo)/.test(call));

describe('a fresh clone', () => {
  test('gets its npm packages and its build, and a second call finds nothing to do', () => {
    const machine = fakeMachine();
    const first = machine.setUp();
    expect(first).toMatchObject({ code: 0 });
    expect(first.talk).toMatch(/npm ci/);
    expect(first.talk).toMatch(/Building/);
    expect(npmCalls(machine.calls())).toEqual(['ci', 'rebuild node', 'rebuild node-pty']);
    expect(readdirSync(join(machine.clone, 'dist')).sort()).toEqual(['.built-from', 'guest.mjs', 'main.js']);

    const second = machine.setUp();
    expect(second.code).toBe(0);
    expect(second.talk).not.toMatch(/npm|Building|missing/);
    expect(installs(machine.calls())).toBe(1);
  });

  test('with packages that a person installed by hand, npm is left alone', () => {
    const machine = fakeMachine();
    machine.setUp();
    rmSync(join(machine.clone, 'node_modules', '.deskhand-setup.json'));
    writeFileSync(
      join(machine.clone, 'node_modules', '.package-lock.json'),
      '{ "packages": { "node_modules/node": { "version": "24.0.0" } } }',
    );
    expect(machine.setUp().code).toBe(0);
    expect(installs(machine.calls())).toBe(1);

    rmSync(join(machine.clone, 'node_modules', '.deskhand-setup.json'));
    writeFileSync(
      join(machine.clone, 'node_modules', '.package-lock.json'),
      '{ "packages": { "node_modules/node": { "version": "22.0.0" } } }',
    );
    expect(machine.setUp().code).toBe(0);
    expect(installs(machine.calls())).toBe(2);
  });

  test('other versions in package-lock.json are installed', () => {
    const machine = fakeMachine();
    machine.setUp();
    writeFileSync(join(machine.clone, 'package-lock.json'), '{ "packages": {} }');
    expect(machine.setUp().talk).toMatch(/npm ci/);
    expect(installs(machine.calls())).toBe(2);
  });

  test('a failing npm ends it with npm’s words and no half-done build', () => {
    const machine = fakeMachine({ more: { npm: 'echo "npm error: the registry is away" >&2; exit 1' } });
    const { code, talk } = machine.setUp();
    expect(code).toBe(1);
    expect(talk).toMatch(/the registry is away/);
    expect(readdirSync(machine.clone)).not.toContain('dist');
  });
});

describe('the build', () => {
  test('is made again when a source has changed, and only then', () => {
    const machine = fakeMachine();
    machine.setUp();
    writeFileSync(join(machine.clone, 'src', 'main.ts'), '// two\n');
    expect(machine.setUp().talk).toMatch(/Building/);
    expect(readFileSync(join(machine.clone, 'dist', 'main.js'), 'utf8')).toBe('// two\n');
    expect(machine.setUp().talk).not.toMatch(/Building/);
    mkdirSync(join(machine.clone, 'src', 'base'));
    writeFileSync(join(machine.clone, 'src', 'base', 'new.ts'), '');
    expect(machine.setUp().talk).toMatch(/Building/);
  });

  test('that fails shows the compiler’s words and leaves the last good one', () => {
    const machine = fakeMachine();
    machine.setUp();
    const good = readFileSync(join(machine.clone, 'dist', 'main.js'), 'utf8');
    writeFileSync(join(machine.clone, 'src', 'main.ts'), 'WRONG');
    const { code, talk } = machine.setUp();
    expect(code).toBe(1);
    expect(talk).toMatch(/src\/main\.ts\(1,1\): error: WRONG/);
    expect(readFileSync(join(machine.clone, 'dist', 'main.js'), 'utf8')).toBe(good);
    expect(readdirSync(machine.clone).filter((name) => name.startsWith('dist'))).toEqual(['dist']);
  });
});

describe('packages of the distribution', () => {
  test.skipIf(!isRoot)('are installed as root, once, with the reason for each', () => {
    const machine = fakeMachine({ has: without('bwrap', 'rg'), more: { 'apt-get': workingApt } });
    const { code, talk } = machine.setUp();
    expect(code).toBe(0);
    expect(talk).toMatch(/bubblewrap +the sandbox/);
    expect(talk).toMatch(/ripgrep +.*\(optional\)/);
    const install =
      'apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends bubblewrap ripgrep';
    expect(aptCalls(machine.calls())).toContain(install);
    const before = machine.calls().length;
    machine.setUp();
    expect(machine.calls()).toHaveLength(before);
  });

  test('are installed by an ordinary user through sudo, where it asks for no password', () => {
    const more = { 'apt-get': workingApt, sudo: workingSudo };
    const machine = fakeMachine({ asRoot: false, has: without('getfattr'), more });
    expect(machine.setUp()).toMatchObject({ code: 0 });
    expect(aptCalls(machine.calls())).toContainEqual(
      expect.stringMatching(/^sudo -n env .*install .* attr$/),
    );
  });

  test('that may not be installed end it with code 2 and the one command for an administrator, before anything else', () => {
    const sudo = 'exit 1';
    const machine = fakeMachine({
      asRoot: false,
      has: without('bwrap', 'rg'),
      more: { 'apt-get': '', sudo },
    });
    const { code, talk } = machine.setUp();
    expect(code).toBe(2);
    expect(talk.match(/^ +sudo .*$/gm)).toEqual([
      "    sudo sh -c 'apt-get update && apt-get install -y bubblewrap ripgrep'",
    ]);
    expect(machine.calls().filter((call) => call.startsWith('npm') || call.startsWith('apt-get'))).toEqual(
      [],
    );
  });

  test('are named for another distribution too', () => {
    const machine = fakeMachine({ asRoot: false, has: without('bwrap'), more: { dnf: '' } });
    expect(machine.setUp()).toMatchObject({
      code: 2,
      talk: expect.stringContaining('sudo dnf install -y bubblewrap'),
    });
  });

  test.skipIf(!isRoot)('that only help are tried once and never stop it', () => {
    const machine = fakeMachine({
      has: without('rg', 'g++'),
      more: { 'apt-get': 'echo "E: no such thing"; exit 100' },
    });
    expect(machine.setUp()).toMatchObject({
      code: 0,
      talk: expect.stringContaining('going on without them'),
    });
    const before = machine.calls().length;
    expect(machine.setUp().talk).not.toMatch(/missing/);
    expect(machine.calls()).toHaveLength(before);
    // Asked for, it tries again.
    machine.setUp('--again');
    expect(aptCalls(machine.calls().slice(before))).not.toEqual([]);
  });

  test.skipIf(!isRoot)('that help but can’t be had don’t keep the needed ones away', () => {
    const picky = `case "$*" in *ripgrep*) exit 100;; esac\n${workingApt}`;
    const machine = fakeMachine({ has: without('bwrap', 'rg'), more: { 'apt-get': picky } });
    expect(machine.setUp().code).toBe(0);
    expect(readdirSync(machine.programs)).toContain('bwrap');
  });

  test.skipIf(!isRoot)('that are needed and can’t be had end it with apt-get’s words', () => {
    const machine = fakeMachine({
      has: without('bwrap'),
      more: { 'apt-get': 'echo "E: no network"; exit 100' },
    });
    expect(machine.setUp()).toMatchObject({ code: 2, talk: expect.stringContaining('E: no network') });
  });
});
