import type { Folder } from '../disk/disk.ts';
import { type ChainFile, type ChainProblem, checkChain } from './chain.ts';
import { readChainFiles } from './chain-files.ts';
import { journalRel } from './publish.ts';

/** Events after which everything so far has been published: a copy that lacks one of them was cut. */
const publishedAfter = new Set(['granted', 'run-ended', 'undone']);

/** Checks the ledger, its published copy, and both against each other. Empty: all is well. Reads only. */
export function verifyFolder(o: {
  ledger: Folder;
  folder: Folder;
  machine: string;
  ledgerName: string;
}): ChainProblem[] {
  const files = readChainFiles(o.ledger, '');
  const own = checkChain(files);
  const problems = own.problems.map((problem) => ({ ...problem, file: `${o.ledgerName}/${problem.file}` }));
  const last = files.at(-1);
  if (last !== undefined && own.tail !== null) {
    problems.push({
      file: `${o.ledgerName}/${last.name}`,
      line: lineCount(last.bytes) + 1,
      reason: cutReason,
    });
  }
  const rel = journalRel(o.machine);
  const published = readChainFiles(o.folder, rel);
  const copy = checkChain(published);
  problems.push(...copy.problems.map((problem) => ({ ...problem, file: `${rel}/${problem.file}` })));
  // Two broken chains are already named line by line; comparing them would only repeat it.
  if (problems.length === 0) problems.push(...compare(files, published, rel));
  return problems;
}

const cutReason = 'the last line is cut; the next start of deskhand closes it and goes on after it';

/** Byte for byte, file by file. The copy may lack only the newest lines of a run that has not ended yet. */
function compare(files: ChainFile[], published: ChainFile[], rel: string): ChainProblem[] {
  const copies = new Map(published.map((file) => [file.name, file.bytes]));
  const problems: ChainProblem[] = [];
  for (const file of files) {
    const copy = copies.get(file.name) ?? Buffer.alloc(0);
    const place = { file: `${rel}/${file.name}`, line: lineCount(copy) + 1 };
    copies.delete(file.name);
    if (!copy.equals(file.bytes.subarray(0, copy.length))) {
      problems.push({
        ...place,
        line: firstDifference(copy, file.bytes),
        reason: "the line differs from this machine's ledger",
      });
    } else if (lacksAnEnd(file.bytes.subarray(copy.length))) {
      problems.push({ ...place, reason: "lines are missing here that this machine's ledger has" });
    }
  }
  for (const name of copies.keys()) {
    problems.push({ file: `${rel}/${name}`, line: 1, reason: "this machine's ledger has no such file" });
  }
  return problems;
}

function lacksAnEnd(missing: Buffer): boolean {
  return checkTypes(missing).some((type) => publishedAfter.has(type));
}

function checkTypes(bytes: Buffer): string[] {
  const lines = bytes.toString('utf8').split('\n');
  return lines.map((line) => /"type":"([a-z-]+)"/.exec(line)?.[1] ?? '');
}

function lineCount(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}

function firstDifference(copy: Buffer, own: Buffer): number {
  let at = 0;
  while (at < copy.length && copy[at] === own[at]) at += 1;
  return lineCount(copy.subarray(0, at)) + 1;
}
