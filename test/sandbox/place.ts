import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Path } from '../../src/base/path.ts';
import { pathToBytes } from '../../src/base/path.ts';
import type { ToolContent } from '../../src/base/tool.ts';
import { type SandboxSpec, type Session, startSession } from '../../src/sandbox/sandbox.ts';
import { scratchRoot } from '../scratch.ts';

export const root = join(import.meta.dirname, '..', '..');

/** The guest as it is now: bundled once by each test process, all to the same name. */
const guest = join(scratchRoot, 'guest.mjs');
let isBundled = false;

export const assets = {
  node: join(root, 'node_modules/node/bin/node'),
  guest,
  launcher: join(root, 'sandbox/launch.sh'),
};

export function bundleOnce(): void {
  if (isBundled) return;
  isBundled = true;
  mkdirSync(scratchRoot, { recursive: true });
  const own = `${guest}.${process.pid}`;
  const script = `import { bundleGuest } from '${root}/sandbox/bundle.ts'; await bundleGuest('${own}');`;
  const made = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stderr);
  // Others may be starting sessions on it: it changes only when it is another one.
  if (existsSync(guest) && readFileSync(guest).equals(readFileSync(own))) rmSync(own);
  else renameSync(own, guest);
}

/** A new folder with its stage, removed with the test. `owner`: whom both belong to; by default whoever runs the tests. */
export function newPlace(name: Path = 'folder', owner = self): SandboxSpec {
  const { spec, remove } = keptPlace(name, owner);
  onTestFinished(remove);
  return spec;
}

/** The same for a group of tests: it stays until it is removed. */
export function keptPlace(
  name: Path,
  owner: { uid: number; gid: number },
): { spec: SandboxSpec; remove: () => void } {
  bundleOnce();
  const dir = mkdtempSync(join(scratchRoot, 's-'));
  const spec: SandboxSpec = {
    folder: `${dir}/${name}`,
    stage: `${dir}/stage`,
    resultRel: 'results/one',
    readOnlyRel: [],
    skillsRel: [],
    owner,
    assets,
  };
  for (const path of [spec.folder, spec.stage, `${spec.stage}/upper`, `${spec.stage}/work`]) {
    mkdirSync(pathToBytes(path));
    chownSync(pathToBytes(path), owner.uid, owner.gid);
  }
  chownSync(dir, owner.uid, owner.gid);
  return { spec, remove: () => removePlace(dir) };
}

/** Removes a folder that holds a stage under the name `stage`. */
export function removePlace(dir: string): void {
  // The overlay leaves a folder that its own owner may not list.
  const work = join(dir, 'stage/work/work');
  if (existsSync(work)) chmodSync(work, 0o700);
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
}

export const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
export const nobody = { uid: 65534, gid: 65534 };
export const isRoot = self.uid === 0;

export interface Answer {
  text: string;
  isError: boolean;
  content: ToolContent[];
}

export type Call = (tool: string, input: unknown, signal?: AbortSignal) => Promise<Answer>;

/** A running session that ends with the test. */
export async function open(
  spec: SandboxSpec,
): Promise<{ session: Session; call: Call; bash: (command: string, more?: object) => Promise<Answer> }> {
  const session = startSession(spec);
  onTestFinished(() => session.stop());
  const ready = await session.ready;
  if (!ready.ok) throw new Error(`${ready.reason} ${ready.remedy}`);
  const call = callerOf(session);
  return { session, call, bash: (command, more = {}) => call('Bash', { command, ...more }) };
}

export function callerOf(session: Session): Call {
  return async (name, input, signal = new AbortController().signal) => {
    const tool = session.tools.find((candidate) => candidate.name === name);
    if (tool === undefined) throw new Error(`no tool ${name}`);
    const { content, isError } = await tool.run(input, { callId: 'test', signal });
    return {
      content,
      isError,
      text: content.map((part) => (part.type === 'text' ? part.text : '')).join('\n'),
    };
  };
}

/** Processes of the machine whose command line holds the word. */
export function processesWith(word: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(word);
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}
