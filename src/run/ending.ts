import type { Problem } from '../base/errors.ts';
import { isRecord } from '../base/json-lines.ts';
import type { Usage } from '../base/model.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Path } from '../base/path.ts';
import type { Applied } from '../changes/changes.ts';
import { Folder } from '../disk/disk.ts';
import type { RunState } from '../ledger/ledger.ts';

/** Everything that a run's result tells, whatever way it ended: success and failure have the same fields. */
export interface Ending {
  outcome: Outcome;
  /** In plain words; for `done` empty. */
  reason: string;
  /** The model's last words. */
  text: string;
  problems: Problem[];
  changes: Applied[];
  /** What the run made that can't come out of the sandbox, and why. */
  dropped: { path: Path; why: string }[];
  /** What is odd about the task file, but stops nothing. */
  warnings: (string | Problem)[];
  /** Limits that bit, and what else a person should know. */
  notes: string[];
  turns: number;
  usage: Usage;
  costUsd: number | null;
  model: string | null;
  tier: string | null;
}

/** An ending before anything happened; a run that was taken up again brings along what it has spent. */
export function emptyEnding(run: RunState): Ending {
  return {
    outcome: 'failed',
    reason: '',
    text: '',
    problems: [],
    changes: [],
    dropped: [],
    warnings: [],
    notes: [],
    turns: run.turns,
    usage: run.usage,
    costUsd: run.costUsd,
    model: run.model,
    tier: run.tier,
  };
}

/** Written before the apply begins, so that a run that is cut off in it can still tell what the model said. */
export function writeEnding(dir: Path, ending: Ending): void {
  const folder = Folder.open(dir);
  try {
    folder.write('ending.json', JSON.stringify(ending), { mode: 0o600 });
  } finally {
    folder.close();
  }
}

export function readEnding(folder: Folder): Ending | null {
  const reading = folder.read('ending.json', endingBytesMax);
  if (reading.kind !== 'file') return null;
  const value: unknown = JSON.parse(reading.bytes.toString('utf8'));
  // Written by us with fsync and rename into a folder that only the owner can write: its shape is what we wrote.
  return isRecord(value) ? (value as unknown as Ending) : null;
}

const endingBytesMax = 64 * 1024 * 1024;
