import { codeOf, messageOf, PersonError } from '../base/errors.ts';
import { type Path, pathToJson, printPath } from '../base/path.ts';
import { Folder } from '../disk/disk.ts';
import type { Grant } from '../formats/grants.ts';
import type { Home } from '../home/home.ts';
import { fold, isBehindPublished, Ledger, type RunState, type State } from '../ledger/ledger.ts';
import { type Decision, decide, type Marks, noteMarks } from '../plan/plan.ts';
import { type RunPlace, tellFolder } from '../run/run.ts';
import { type HomeFiles, readWorkspace, type Workspace } from '../workspace/workspace.ts';
import { type Means, readiness } from './readiness.ts';

/** One granted folder while deskhand is at work: its handles, its ledger, and what was seen at the last look. */
export class Desk {
  readonly grant: Grant;
  readonly place: RunPlace;
  /** The run that is at work here. One at a time in a folder, so that runs don't make conflicts for each other. */
  active: { run: Promise<unknown>; stop: AbortController; task: Path } | null = null;
  /** After trouble with this machine's disk: no new run before then. */
  heldUntil = 0;
  workspace: Workspace | null = null;
  #marks: Marks = new Map();
  #folded: { seq: number; state: State } | null = null;

  private constructor(grant: Grant, place: RunPlace) {
    this.grant = grant;
    this.place = place;
  }

  /** A sentence instead when the folder or its ledger can't be used; the grant then holds still. */
  static open(home: Home, grant: Grant, now: number): Desk | { notice: string; isTrouble: boolean } {
    const name = printPath(grant.path);
    const folder = openIfThere(grant.path);
    if (folder === null)
      return {
        notice: `${name} is not there (renamed, unmounted, signed out?): its tasks wait until it comes back`,
        isTrouble: false,
      };
    const files = home.openGrant(grant.id);
    const ledger = openLedger(files.ledger, now);
    if ('trouble' in ledger) {
      for (const handle of [folder, files.ledger, files.runs]) handle.close();
      return {
        notice: `${name} holds still: its ledger can't be written (${ledger.trouble})`,
        isTrouble: true,
      };
    }
    if ('broken' in ledger) {
      const first = ledger.broken[0];
      for (const handle of [folder, files.ledger, files.runs]) handle.close();
      const where =
        first === undefined ? '' : `${files.ledger.path}/${first.file}:${first.line}: ${first.reason}`;
      return {
        notice: `${name} holds still: its ledger on this machine is broken. ${where}`,
        isTrouble: true,
      };
    }
    if (isBehindPublished(files.ledger, folder, home.machine)) {
      const journal = printPath(`${grant.path}/.deskhand/journal/${home.machine}`);
      for (const handle of [folder, files.ledger, files.runs]) handle.close();
      return { notice: behind(name, files.ledger.path, journal), isTrouble: true };
    }
    const place = { machine: home.machine, folder, ledger, ledgerDir: files.ledger, runs: files.runs };
    const desk = new Desk(grant, place);
    desk.#noteGrant(now);
    return desk;
  }

  get state(): State {
    const { seq } = this.place.ledger.head;
    if (this.#folded?.seq !== seq) this.#folded = { seq, state: fold(this.place.ledger.events) };
    return this.#folded.state;
  }

  /** Claims without an ending, left by a process that was stopped. */
  unfinishedRuns(): RunState[] {
    return [...this.state.runs.values()].filter((run) => run.outcome === null);
  }

  /** Reads the folder and says what is owed. */
  look(files: HomeFiles, now: number, o: { paused: boolean; means: Means }): Decision[] {
    const workspace = readWorkspace({
      folder: this.place.folder,
      grant: this.grant,
      home: files,
      ...(this.workspace === null ? {} : { previous: this.workspace }),
    });
    this.workspace = workspace;
    this.#marks = noteMarks(this.#marks, workspace.tasks, now);
    return decide({
      tasks: workspace.tasks,
      state: this.state,
      marks: this.#marks,
      now,
      settleMs: workspace.settings.settleMs,
      paused: o.paused || workspace.paused,
      ...readiness(workspace, o.means),
    });
  }

  /** The folder is not ours any more: its published copy gets this line only if it is granted again. */
  noteRevoked(now: number): void {
    const { ledger } = this.place;
    if (ledger.isDoubtful || !this.state.isGranted) return;
    ledger.append({ type: 'revoked', run: null, folder: pathToJson(this.grant.path) }, now);
  }

  close(): void {
    this.place.folder.close();
    this.place.ledgerDir.close();
    this.place.runs.close();
  }

  /** Files decide, the ledger records: a grant that it does not know yet is its next line. */
  #noteGrant(now: number): void {
    if (this.state.isGranted) return;
    const { machine, ledger } = this.place;
    const folder = pathToJson(this.grant.path);
    ledger.append(
      { type: 'granted', run: null, folder, machine, grant: this.grant.id, mode: this.grant.mode },
      now,
    );
    tellFolder(this.place, now);
  }
}

function behind(name: string, ledger: Path, journal: Path): string {
  return [
    `${name} holds still: its published log goes on after the end of this machine's ledger, so the ledger was lost or is an old copy.`,
    '  Going on would do again what was done.',
    `  Bring back ${printPath(ledger)}, or, to begin anew, move ${journal} away.`,
  ].join('\n');
}

/** Opening mends a line that was cut, which a full disk can refuse. */
function openLedger(dir: Folder, now: number): ReturnType<typeof Ledger.open> | { trouble: string } {
  try {
    return Ledger.open(dir, now);
  } catch (thrown) {
    if (codeOf(thrown) === null) throw thrown;
    return { trouble: messageOf(thrown) };
  }
}

/** null: not there now, or no folder any more. */
export function openIfThere(path: Path): Folder | null {
  try {
    return Folder.open(path);
  } catch (thrown) {
    if (thrown instanceof PersonError) return null;
    throw thrown;
  }
}
