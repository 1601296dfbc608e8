import type { Problem } from '../base/errors.ts';
import { sha256 } from '../base/hash.ts';
import { limits } from '../base/limits.ts';
import {
  type Message,
  type Model,
  type ModelReply,
  type ModelRequest,
  noUsage,
  type ToolResultBlock,
} from '../base/model.ts';
import { type Fence, findFences } from './fences.ts';

/**
 * The model that needs no key and sends nothing anywhere: it has the task's own blocks run, one a turn, and reports
 * what they said. It keeps nothing between requests: the next block is the one after as many as have been answered.
 *
 * A `sh` block runs in the run's lasting shell and stops at the first command that fails (`set -e`); python and node
 * get their code on standard input, so that no quoting can break it. The first block that fails ends the runbook.
 */
export function openRunbook(text: string, firstLine: number): Model | { problem: Problem } {
  const fences = findFences(text).map((fence) => ({ ...fence, line: fence.line + firstLine - 1 }));
  const unclosed = fences.find((fence) => !fence.closed);
  if (unclosed) return { problem: neverClosed(unclosed) };
  const blocks = fences.filter((fence) => interpreter(fence.language) !== null && fence.code.trim() !== '');
  if (blocks.length === 0) return { problem: noBlock(firstLine) };
  return {
    id: 'runbook',
    endpoint: null,
    price: {
      bands: [{ promptTokensMax: Infinity, input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }],
      asOf: 'always',
    },
    contextTokens: Number.MAX_SAFE_INTEGER,
    outputTokensMax: limits.replyTokensMax,
    respond: async (request, { signal }) =>
      signal.aborted ? { ...answer('aborted'), attempts: 0 } : nextStep(blocks, request),
  };
}

function nextStep(blocks: Fence[], request: ModelRequest): ModelReply {
  const results = toolResults(request.messages);
  if (results.at(-1)?.is_error === true) return failed(blocks, results);
  const next = blocks[results.length];
  if (next === undefined)
    return { ...answer('end_turn'), content: [{ type: 'text', text: report(blocks, results) }] };
  if (!request.tools.some((tool) => tool.name === 'Bash')) {
    const message = 'The runbook model needs the tool Bash, which is not there.';
    return { ...answer('error'), error: { kind: 'runbook', message } };
  }
  const description = `Block ${name(blocks, next)}`;
  const input = { command: command(next), description, timeout: limits.toolMsMax };
  return {
    ...answer('tool_use'),
    content: [{ type: 'tool_use', id: `block-${results.length + 1}`, name: 'Bash', input }],
  };
}

/** The reason is the line that says what was wrong, as far as one can tell; all that was said stands in the detail. */
function failed(blocks: Fence[], results: ToolResultBlock[]): ModelReply {
  const block = blocks[results.length - 1];
  if (block === undefined) throw new Error('There are more results than blocks.');
  const lines = outputOf(results.at(-1)).trimEnd().split('\n');
  const wrong =
    lines.findLast((line) => /error|denied|no such|not found|cannot|failed/i.test(line)) ?? lines.at(-1);
  const message = `Block ${name(blocks, block)} failed: ${wrong?.trim().slice(0, 300) || 'it said nothing'}`;
  return { ...answer('error'), error: { kind: 'runbook', message, detail: report(blocks, results) } };
}

function answer(stop: ModelReply['stop']): ModelReply {
  return { content: [], stop, usage: noUsage, attempts: 1 };
}

/** The shell command that runs a block. */
function command({ language, code }: Fence): string {
  const program = interpreter(language);
  if (program === 'shell') return `set -e\n${code}set +e\n`;
  // A text can't hold its own hash, so no line of the code can be the one that ends it.
  const end = `END_${sha256(code)}`;
  return `${program} <<'${end}'\n${code}${end}\n`;
}

/** Node finds out by itself whether code on standard input is a module. */
function interpreter(language: string): string | null {
  switch (language) {
    case 'sh':
    case 'bash':
      return 'shell';
    case 'python':
    case 'py':
      return 'python3 -';
    case 'node':
    case 'js':
      return 'node -';
    default:
      return null;
  }
}

function toolResults(messages: Message[]): ToolResultBlock[] {
  return messages.flatMap((message) =>
    message.role === 'user' ? message.content.filter((block) => block.type === 'tool_result') : [],
  );
}

function report(blocks: Fence[], results: ToolResultBlock[]): string {
  const parts = results.map((result, at) => {
    const block = blocks[at];
    const title = block === undefined ? '' : `Block ${name(blocks, block)}`;
    const output = outputOf(result).trimEnd();
    const end = result.is_error === true ? ' failed' : '';
    return output === '' || output === '(no output)'
      ? `${title}${end}: no output.`
      : `${title}${end}:\n\n${tail(output)}`;
  });
  return [heading(blocks.length, results), ...parts].join('\n\n');
}

function heading(count: number, results: ToolResultBlock[]): string {
  if (results.at(-1)?.is_error !== true) return count === 1 ? 'The block ran.' : `All ${count} blocks ran.`;
  const left = count - results.length;
  if (left === 0) return 'The last block failed.';
  return `Block ${results.length} failed; ${left === 1 ? 'the one' : `the ${left}`} after it did not run.`;
}

function name(blocks: Fence[], block: Fence): string {
  return `${blocks.indexOf(block) + 1} of ${blocks.length} (${block.language}, line ${block.line})`;
}

/** What a tool said, without the lines that mark it as data. */
function outputOf(result: ToolResultBlock | undefined): string {
  const texts = (result?.content ?? []).flatMap((block) => (block.type === 'text' ? [block.text] : []));
  return texts
    .map((text) => /^<data-[^\n]*>\n([\s\S]*)\n<\/data-[^\n]*>$/.exec(text)?.[1] ?? text)
    .join('\n');
}

/** The end of a long output, indented as Markdown's code, so that nothing in it can look like the report itself. */
function tail(output: string): string {
  const lines = output.split('\n');
  const kept = lines.slice(-40).map((line) => `    ${line.slice(0, 500)}`);
  return (lines.length > 40 ? [`    … (${lines.length - 40} lines before)`, ...kept] : kept).join('\n');
}

function neverClosed(fence: Fence): Problem {
  return {
    what: `The block that begins here is never closed.`,
    line: fence.line,
    rule: 'A block ends with a line of at least as many backticks as it began with.',
    example: '```sh\nls\n```',
  };
}

function noBlock(line: number): Problem {
  return {
    what: 'A task for the runbook model needs at least one fenced block, and this one has none.',
    line,
    rule: 'Blocks of sh (or bash), python (or py) and node (or js) are run, in order; other text is not read.',
    example: '---\nmodel: runbook\n---\n```sh\nwc -l sales.csv\n```',
  };
}
