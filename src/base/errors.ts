/**
 * The two kinds of failure: a person's mistake, which is shown as a plain message that teaches, and a bug,
 * which keeps its stack. Expected endings of a run are values (see outcome.ts), never exceptions.
 */

/** One mistake in one place: what was wrong, where, the rule, and an example that would be right. */
export interface Problem {
  what: string;
  /** Path as the person would type it; absent when the mistake is in the command itself. */
  file?: string;
  /** 1-based. */
  line?: number;
  rule?: string;
  example?: string;
}

/** A person's mistake. Printed without a stack, exit code 2. Carries every mistake found, not the first. */
export class PersonError extends Error {
  readonly problems: Problem[];

  constructor(problems: Problem | Problem[], options?: ErrorOptions) {
    const all = Array.isArray(problems) ? problems : [problems];
    super(all.map(printProblem).join('\n'), options);
    this.name = 'PersonError';
    this.problems = all;
  }
}

/** One problem as text: `file:line: what`, then the rule and the example on lines of their own. */
export function printProblem(problem: Problem): string {
  const where = problem.file
    ? `${problem.file}${problem.line === undefined ? '' : `:${problem.line}`}: `
    : '';
  const rule = problem.rule ? `\n  Rule: ${problem.rule}` : '';
  const example = problem.example ? `\n  Right: ${problem.example.replaceAll('\n', '\n         ')}` : '';
  return `${where}${problem.what}${rule}${example}`;
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The system's code (`ENOENT`, `EACCES`…) of a failed file or process call, or null. */
export function codeOf(thrown: unknown): string | null {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return null;
  return typeof thrown.code === 'string' ? thrown.code : null;
}
