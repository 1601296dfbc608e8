import { execFile, spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { pathToBytes } from '../../src/base/path.ts';
import type { RunProgram, Stage } from '../../src/changes/changes.ts';

/** Runs a script in the merged view, as the sandbox would: in a user namespace with one mapped id. */
export function runInStage(
  stage: Stage,
  script: string | Buffer,
  environment: Record<string, string> = {},
): void {
  const file = `${stage.dir}/../script-${Math.random()}`;
  writeFileSync(file, script);
  const mount = `
    set -e
    exec 3<"$LOWER" 4<"$STAGE"
    mount -t tmpfs t /mnt; mkdir /mnt/{lower,stage,view}
    mount -c --bind /proc/self/fd/3 /mnt/lower; mount -c --bind /proc/self/fd/4 /mnt/stage
    mount -t overlay -o userxattr,lowerdir=/mnt/lower,upperdir=/mnt/stage/upper,workdir=/mnt/stage/work o /mnt/view
    cp "$SCRIPT" /mnt/script; cd /mnt/view; exec bash -e /mnt/script`;
  const { uid, gid } = stage.owner;
  const isOther = process.getuid?.() === 0 && uid !== 0;
  const asOwner = isOther ? ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'] : [];
  const argv = [...asOwner, 'unshare', '--user', '--map-root-user', '--mount', 'bash', '-c', mount];
  const done = spawnSync(argv[0] ?? '', argv.slice(1), {
    env: { ...process.env, LOWER: stage.folder, STAGE: stage.dir, SCRIPT: file, LC_ALL: 'C', ...environment },
  });
  rmSync(file);
  if (done.status !== 0) throw new Error(`The run's script failed: ${done.stderr}`);
}

export function inFolder(dir: string, script: string | Buffer): void {
  const done = spawnSync('bash', ['-e'], { cwd: dir, input: script, env: { ...process.env, LC_ALL: 'C' } });
  if (done.status !== 0) throw new Error(`A script failed: ${done.stderr}`);
}

export const runProgram: RunProgram = (argv, options) =>
  new Promise((resolve) => {
    const [program = '', ...args] = argv;
    const cwd = options?.cwd === undefined ? process.cwd() : pathToBytes(options.cwd).toString();
    execFile(program, args, { cwd, encoding: 'buffer', maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 127;
      resolve({ code, stdout, stderr: stderr.toString() });
    });
  });
