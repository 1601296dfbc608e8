import { parseJsonLine } from '../base/json-lines.ts';
import { limits } from '../base/limits.ts';
import { pathToJson, printPath } from '../base/path.ts';
import type { Folder } from '../disk/disk.ts';
import { fold, readLedger } from '../ledger/ledger.ts';
import type { ActInput } from './act.ts';
import { grantOfRun } from './steer-commands.ts';
import { openHome } from './wiring.ts';

/** The result of a run as it was told, and with --json what the ledger says of it. */
export async function show({ output, wiring, options, args }: ActInput): Promise<number> {
  const home = openHome(wiring);
  const run = args[0] ?? '';
  const grant = grantOfRun(home, run);
  const files = home.openGrant(grant.id);
  try {
    if (options['transcript'] === true) {
      for (const line of readText(files.runs, `${run}/transcript.jsonl`).split('\n')) {
        const message = parseJsonLine(line);
        if (message !== null) output.data(message, printMessage(message));
      }
      return 0;
    }
    const state = fold(readLedger(files.ledger).events).runs.get(run);
    if (output.isJson && state !== undefined) {
      output.data(
        {
          ...state,
          folder: pathToJson(grant.path),
          task: pathToJson(state.task),
          result: pathToJson(state.result),
        },
        '',
      );
      return 0;
    }
    const result = readText(files.runs, `${run}/result.md`);
    output.data(
      null,
      result === '' ? `run ${run} is still at work on ${printPath(state?.task ?? '')}` : result.trimEnd(),
    );
    return 0;
  } finally {
    files.ledger.close();
    files.runs.close();
  }
}

function readText(folder: Folder, rel: string): string {
  const reading = folder.read(rel, limits.ledgerBytesMax);
  return reading.kind === 'file' ? reading.bytes.toString('utf8') : '';
}

/** A message for people: who speaks, then its texts, calls and results, without anything that moves a cursor. */
function printMessage(message: Record<string, unknown>): string {
  const content = message['content'];
  const blocks: unknown[] = Array.isArray(content) ? content : [{ type: 'text', text: content }];
  return [`── ${String(message['role'])}`, ...blocks.map(printBlock)].join('\n');
}

function printBlock(block: unknown): string {
  const one = block as Record<string, unknown>;
  if (typeof one['text'] === 'string') return printLines(one['text']);
  if (one['type'] === 'tool_use')
    return printLines(`→ ${String(one['name'])} ${JSON.stringify(one['input'], null, 2)}`);
  if (one['type'] === 'tool_result' && Array.isArray(one['content'])) {
    return `← ${one['is_error'] === true ? '(error) ' : ''}${one['content'].map(printBlock).join('\n')}`;
  }
  return `[${String(one['type'])}]`;
}

function printLines(text: string): string {
  return text.split('\n').map(printPath).join('\n');
}
