import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { pathFromBytes } from '../../src/base/path.ts';
import type { Exit } from '../../src/sandbox/launch.ts';
import { explain, type MachineFacts } from '../../src/sandbox/probe.ts';
import { type Probe, probeSandbox, runProgram } from '../../src/sandbox/sandbox.ts';
import { promise } from '../promises.ts';
import { scratchDir } from '../scratch.ts';
import { assets, bundleOnce, isRoot, root } from './place.ts';

/** Probes in a process of its own, started by the given shell words in front of it. */
function probeIn(words: string, path = process.env['PATH']): Probe {
  const program = `import { probeSandbox } from '${root}/src/sandbox/sandbox.ts'; process.stdout.write(JSON.stringify(await probeSandbox(${JSON.stringify(assets)})));`;
  const shell = `${words} exec "$@"`;
  const args = ['--norc', '-c', shell, 'bash', process.execPath, '--input-type=module', '--eval', program];
  return JSON.parse(execFileSync('/bin/bash', args, { encoding: 'utf8', env: { PATH: path } }));
}

test('a machine that can says so', async () => {
  bundleOnce();
  expect(await probeSandbox(assets)).toEqual({
    ok: true,
    tier: 'bubblewrap',
    version: expect.stringMatching(/^bubblewrap \d/),
  });
  expect(readdirSync('/var/tmp').filter((name) => name.startsWith('deskhand-probe'))).toEqual([]);
  if (isRoot)
    expect(probeIn('exec setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@";')).toMatchObject({
      ok: true,
    });
});

promise('sandbox.refusal-explained', 'bubblewrap is missing: the package is named', () => {
  const bin = scratchDir();
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    let names: string[] = [];
    try {
      names = readdirSync(folder);
    } catch {
      // A folder of the search path that isn't there.
    }
    for (const name of names) {
      if (['bash', 'mount', 'unshare', 'setpriv', 'mktemp', 'mkdir', 'rm', 'base64'].includes(name)) {
        try {
          symlinkSync(join(folder, name), join(bin, name));
        } catch {
          // The first of the name counts.
        }
      }
    }
  }
  expect(probeIn('', bin)).toEqual({
    ok: false,
    reason: 'The sandbox needs the program bwrap, which is not installed.',
    remedy: expect.stringContaining('apt-get install bubblewrap'),
  });
});

promise('sandbox.refusal-explained', 'user namespaces are refused: the setting is named', () => {
  // In a user namespace of one's own the number of further ones can be set to none.
  const drop = isRoot ? 'setpriv --reuid=65534 --regid=65534 --clear-groups' : '';
  const none = 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"';
  expect(probeIn(`exec ${drop} unshare --user --map-root-user bash --norc -c '${none}' bash "$@";`)).toEqual({
    ok: false,
    reason: expect.stringContaining('user.max_user_namespaces is 0'),
    remedy: expect.stringContaining('sysctl -w user.max_user_namespaces'),
  });
});

promise('sandbox.refusal-explained', 'what other machines refuse', () => {
  const facts: MachineFacts = {
    kernel: '6.1.0-18-amd64',
    unprivilegedUsernsClone: '1',
    maxUserNamespaces: '15000',
    apparmorRestrictsUserns: '',
    container: false,
  };
  const exit: Exit = {
    code: 1,
    step: 'namespace',
    errors: 'unshare: unshare failed: Operation not permitted',
  };
  const rows: [Partial<Exit>, Partial<MachineFacts>, RegExp, RegExp][] = [
    [
      {},
      { unprivilegedUsernsClone: '0' },
      /unprivileged_userns_clone is 0/,
      /sysctl -w kernel.unprivileged_userns_clone=1/,
    ],
    [
      { step: 'mount' },
      { apparmorRestrictsUserns: '1' },
      /AppArmor/,
      /apparmor_restrict_unprivileged_userns=0/,
    ],
    [{}, { container: true }, /Operation not permitted/, /docker run --security-opt/],
    [
      { step: 'bubblewrap', errors: "bwrap: Can't mount proc" },
      { container: true },
      /Can't mount proc/,
      /systempaths=unconfined/,
    ],
    [{ step: 'overlay', errors: 'mount: unknown' }, { kernel: '5.10.0-28' }, /5\.11/, /Update the kernel/],
    [{ step: 'overlay', errors: 'wrong fs type' }, {}, /wrong fs type/, /DESKHAND_HOME on a local disk/],
    [{ errors: 'spawn unshare ENOENT' }, {}, /program unshare/, /util-linux/],
    [{ step: 'tools', errors: 'setpriv is not installed' }, {}, /program setpriv/, /util-linux/],
    [{}, {}, /at namespace, exit code 1/, /bwrap --unshare-all/],
  ];
  for (const [some, more, reason, remedy] of rows) {
    const refusal = explain({ ...exit, ...some }, { ...facts, ...more }, '/x/launch.sh');
    expect(refusal.reason).toMatch(reason);
    expect(refusal.remedy).toMatch(remedy);
  }
});

test('runProgram: any bytes, an end to everything, no surprise', async () => {
  const odd = pathFromBytes(Buffer.from([0x61, 0xff, 0x0a]));
  const dir = `${scratchDir()}/${odd}`;
  expect((await runProgram(['mkdir', dir])).code).toBe(0);
  expect(pathFromBytes((await runProgram(['pwd'], { cwd: dir })).stdout)).toBe(`${dir}\n`);
  expect((await runProgram(['cat'], { input: Buffer.from([0, 255]) })).stdout).toEqual(Buffer.from([0, 255]));
  expect(await runProgram(['sh', '-c', 'echo e >&2; exit 3'])).toMatchObject({ code: 3, stderr: 'e\n' });
  expect((await runProgram(['no-such-program'])).code).toBe(127);
  expect((await runProgram(['sleep', '60'], { timeoutMs: 100 })).code).toBe(137);
  expect((await runProgram(['true'], { input: Buffer.alloc(1_000_000) })).code).toBe(0);
  mkdirSync(`${scratchDir()}/plain`);
});
