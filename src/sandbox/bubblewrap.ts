import { type Path, pathToBytes } from '../base/path.ts';
import type { SandboxSpec } from './sandbox.ts';

/** What is started on the host: a program and its arguments, and the bytes of the launcher's request. */
export interface Launch {
  program: string;
  args: string[];
  /** NUL-separated names and values; see sandbox/launch.sh. */
  request: Buffer;
}

/** What runs inside: arguments are bytes, the environment comes beside the short list that every program gets. */
export interface Inside {
  command: Path[];
  environment?: Record<string, string>;
  /** Nothing is opened but what the sandbox itself needs: the folder is an empty one that is gone afterwards. */
  probe?: boolean;
  /** A terminal of its own is kept; else the program gets a session without one, so that it can't type into ours. */
  terminal?: boolean;
}

/** Where things stand inside. sandbox/launch.sh puts them there. */
export const inside = {
  node: '/run/deskhand/bin/node',
  guest: '/run/deskhand/guest.mjs',
  home: '/home/deskhand',
  path: '/run/deskhand/bin:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin',
} as const;

export function bubblewrapLaunch(spec: SandboxSpec, what: Inside): Launch {
  const asOwner = process.getuid?.() === 0 && spec.owner.uid !== 0;
  const namespaces = asOwner ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
  return {
    program: 'unshare',
    args: [...namespaces, '--', 'bash', spec.assets.launcher],
    request: printRequest([
      ['probe', what.probe ? 'yes' : ''],
      ['folder', spec.folder],
      ['stage', spec.stage],
      ['node', spec.assets.node],
      ['guest', spec.assets.guest],
      ['launcher', spec.assets.launcher],
      ['user', asOwner ? `${spec.owner.uid}:${spec.owner.gid}` : ''],
      ['parent', String(process.pid)],
      ...spec.readOnlyRel.map((rel): Field => ['readonly', rel]),
      ...spec.skillsRel.map((rel): Field => ['visible', rel]),
      ...options(spec, what).map((option): Field => ['option', option]),
      ...what.command.map((word): Field => ['command', word]),
    ]),
  };
}

type Field = [name: string, value: Path];

function printRequest(fields: Field[]): Buffer {
  const nul = Buffer.from([0]);
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from(name), nul, pathToBytes(value), nul]));
}

/** bubblewrap's own arguments, save what is mounted: that depends on the machine, and the launcher looks there. */
function options(spec: SandboxSpec, what: Inside): Path[] {
  return [
    '--unshare-all',
    '--unshare-user',
    '--disable-userns',
    ...['--uid', '1000', '--gid', '1000', '--hostname', 'deskhand'],
    ...['--cap-drop', 'ALL', '--die-with-parent'],
    ...(what.terminal ? [] : ['--new-session']),
    '--clearenv',
    ...Object.entries(environment(spec, what)).flatMap(([name, value]) => ['--setenv', name, value]),
  ];
}

function environment(spec: SandboxSpec, what: Inside): Record<string, Path> {
  return {
    PATH: inside.path,
    HOME: inside.home,
    LANG: 'C.UTF-8',
    TMPDIR: '/tmp',
    TZ: Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...(spec.resultRel === null ? {} : { DESKHAND_RESULT: spec.resultRel }),
    ...(spec.run === undefined ? {} : { DESKHAND_RUN: spec.run }),
    ...what.environment,
  };
}
