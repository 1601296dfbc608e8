import { PersonError } from '../base/errors.ts';
import { type Path, pathFromBytes } from '../base/path.ts';

/** Runs a program of the system; comes from the sandbox, which alone may start processes. */
export type RunProgram = (
  argv: string[],
  options?: { cwd?: Path },
) => Promise<{ code: number; stdout: Buffer; stderr: string }>;

/** What the overlay noted about entries of its upper layer, which only extended attributes tell. */
export interface OverlayMarks {
  /** Folders that hide whatever the person's folder holds at their place. */
  opaque: Set<Path>;
  /** What was taken over from the person's folder, and not made anew. */
  copiedUp: Set<Path>;
  /** Names of other attributes, such as a file manager's tags. */
  attributes: Map<Path, string[]>;
}

/** One call for the whole layer. Entries that may not be read are left out here, and named by the walk. */
export async function readOverlayMarks(upper: Path, runProgram: RunProgram): Promise<OverlayMarks> {
  const pattern = '^(user\\.|system\\.posix_acl_access$)';
  const argv = ['getfattr', '-R', '-P', '-h', '-d', '-e', 'hex', '-m', pattern, '.'];
  const { code, stdout, stderr } = await runProgram(argv, { cwd: upper });
  if (code === 127 || (code !== 0 && stdout.length === 0 && !stderr.includes('ermission'))) {
    throw new PersonError({
      what: `The changes of a run can't be read, since the program getfattr does not work: ${stderr.trim() || 'it is missing'}`,
      rule: 'getfattr belongs to the package "attr".',
      example: 'sudo apt-get install attr',
    });
  }
  return parseOverlayMarks(stdout);
}

/** `# file: NAME` lines with bytes like LF and backslash written as \\ooo, each followed by its attributes. */
export function parseOverlayMarks(output: Buffer): OverlayMarks {
  const marks: OverlayMarks = { opaque: new Set(), copiedUp: new Set(), attributes: new Map() };
  let path: Path = '';
  for (const line of output.toString('latin1').split('\n')) {
    if (line.startsWith('# file: ')) path = unescapeName(line.slice('# file: '.length));
    else if (line !== '') addMark(marks, path, line.split('=')[0] ?? '');
  }
  return marks;
}

function addMark(marks: OverlayMarks, path: Path, attribute: string): void {
  if (attribute === 'user.overlay.opaque') marks.opaque.add(path);
  else if (attribute === 'user.overlay.origin') marks.copiedUp.add(path);
  else if (attribute === 'user.overlay.metacopy' || attribute === 'user.overlay.redirect') {
    throw new Error(`An overlay that keeps its data elsewhere can't be collected: ${attribute}`);
  } else if (!attribute.startsWith('user.overlay.')) {
    marks.attributes.set(path, [...(marks.attributes.get(path) ?? []), attribute]);
  }
}

function unescapeName(name: string): Path {
  const raw = name.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return pathFromBytes(Buffer.from(raw, 'latin1'));
}
