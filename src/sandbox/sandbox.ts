/**
 * The sandbox: the only place where anything runs that a model wrote.
 *
 * Hides: which means of the operating system fence a run in, and how host and guest talk. Promises: what runs inside
 * sees the folder's staged view, a read-only system and nothing else of the machine; whatever the guest says is
 * checked; when `stop` resolves no process of the session is left. Never: runs a command of a model bare, writes in the
 * folder, or knows what a run is for.
 */
import type { Readable, Writable } from 'node:stream';
import type { Path } from '../base/path.ts';
import type { Tool } from '../base/tool.ts';
import { execInBubblewrap } from './exec.ts';
import { probeBubblewrap } from './probe.ts';
import { startBubblewrapSession } from './session.ts';

export { guestTools } from './guest-tools.ts';
export { type ProgramResult, runProgram } from './run-program.ts';
export { hasTerminal } from './terminal.ts';

/** How strong the fence is. */
export type Tier = 'bubblewrap';

/** The files that a sandbox is made of, as absolute paths. */
export interface SandboxAssets {
  node: Path;
  /** dist/guest.mjs */
  guest: Path;
  /** sandbox/launch.sh */
  launcher: Path;
}

export interface SandboxSpec {
  /** Absolute; inside it is seen at this very path. */
  folder: Path;
  /** Absolute, holds upper/ and work/ on one file system, both the owner's. */
  stage: Path;
  /** Relative to the folder; made in the view before anything runs, and told as DESKHAND_RESULT. */
  resultRel: Path | null;
  /** Control names in the folder's root: those that exist are read-only in the view. */
  readOnlyRel: Path[];
  /** Parts of .deskhand/ that stay visible, read-only; all else of it is hidden. */
  skillsRel: Path[];
  /** Of the folder: where deskhand is root, the guest runs as this user. */
  owner: { uid: number; gid: number };
  assets: SandboxAssets;
  /** The run's id, told as DESKHAND_RUN. */
  run?: string;
}

export type Probe = { ok: true; tier: Tier; version: string } | { ok: false; reason: string; remedy: string };
export type Ready = { ok: true } | { ok: false; reason: string; remedy: string };

export interface Session {
  tier: Tier;
  tools: Tool[];
  /** Never rejects. */
  ready: Promise<Ready>;
  /** Resolves when no more calls are answered, with the reason: stopped, the guest died, or it broke the protocol. */
  ended: Promise<string>;
  /** Ends every process of the sandbox; resolves when the last is gone and the view unmounted. Never throws. */
  stop(): Promise<void>;
}

export interface ExecOptions {
  stdin: 'inherit' | 'ignore' | Readable;
  stdout: 'inherit' | Writable;
  stderr: 'inherit' | Writable;
  /** The command gets a terminal of its own, joined to stdin and stdout, which must then be streams. */
  tty?: boolean;
  signal: AbortSignal;
}

/** `code` is the command's own, 128+n when signal n ended it, 126 not executable, 127 not found; 125 comes with our reason. */
export interface ExecResult {
  code: number;
  reason?: string;
  remedy?: string;
}

/** Really starts one, and says what to change where that fails. */
export function probeSandbox(assets: SandboxAssets): Promise<Probe> {
  return probeBubblewrap(assets);
}

/** Returns at once; the tools wait until the guest is there. */
export function startSession(spec: SandboxSpec): Session {
  return startBubblewrapSession(spec);
}

/** Runs one command in exactly what a run gets, its input and output passed through byte for byte. */
export function execInSandbox(spec: SandboxSpec, argv: Path[], options: ExecOptions): Promise<ExecResult> {
  return execInBubblewrap(spec, argv, options);
}
