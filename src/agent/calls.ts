import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { ImageBlock, TextBlock, ToolResultBlock, ToolUseBlock } from '../base/model.ts';
import { type Tool, type ToolContent, type ToolResult, textResult } from '../base/tool.ts';
import { wrongInput } from './tool-input.ts';

export interface CallsOptions {
  tools: Tool[];
  clock: Clock;
  signal: AbortSignal;
  /** Names the lines between which what tools say stands, so that nothing in it can pass for something else. */
  dataTag: string;
  onStart: (call: ToolUseBlock) => void;
  onEnd: (call: ToolUseBlock, end: { isError: boolean; ms: number }) => void;
}

/** One call and what came of it, as the ledger keeps it. */
export interface CallEnd {
  id: string;
  isError: boolean;
  bytes: number;
  ms: number;
}

/** Runs the calls of one turn beside each other; results stand in the order of the calls, one for each, always. */
export async function runCalls(
  calls: ToolUseBlock[],
  o: CallsOptions,
): Promise<{ results: ToolResultBlock[]; ends: CallEnd[] }> {
  const all = await Promise.all(calls.map((call) => runCall(call, o)));
  return { results: all.map(({ result }) => result), ends: all.map(({ end }) => end) };
}

async function runCall(
  call: ToolUseBlock,
  o: CallsOptions,
): Promise<{ result: ToolResultBlock; end: CallEnd }> {
  const startedAt = o.clock.now();
  o.onStart(call);
  const tool = o.tools.find((candidate) => candidate.name === call.name);
  const mistake = tool === undefined ? unknownTool(call, o.tools) : wrongInput(tool, call.input);
  const said =
    mistake !== null || tool === undefined ? textResult(mistake ?? '', true) : await runTool(tool, call, o);
  const ms = Math.max(0, o.clock.now() - startedAt);
  o.onEnd(call, { isError: said.isError, ms });
  const content = said.content.map((part) => block(part, call.name, mistake === null ? o.dataTag : null));
  return {
    result: {
      type: 'tool_result',
      tool_use_id: call.id,
      content,
      ...(said.isError ? { is_error: true } : {}),
    },
    end: { id: call.id, isError: said.isError, bytes: bytesOf(said), ms },
  };
}

/** A tool that throws, or that does not stop when told to, still gives a result. */
async function runTool(tool: Tool, call: ToolUseBlock, { signal }: CallsOptions): Promise<ToolResult> {
  if (signal.aborted) return abortedResult();
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<ToolResult>((resolve) => {
    onAbort = () => resolve(abortedResult());
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([tool.run(call.input, { callId: call.id, signal }), aborted]);
  } catch (thrown) {
    return textResult(`${tool.name} failed: ${messageOf(thrown)}`, true);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function abortedResult(): ToolResult {
  return textResult('Aborted: the run was ended before this call was done.', true);
}

function unknownTool(call: ToolUseBlock, tools: Tool[]): string {
  const names = tools.map((tool) => tool.name).join(', ');
  return `There is no tool named "${call.name}". The tools are: ${names || 'none'}.`;
}

/** What a tool said is data: it stands between two lines whose name nobody who wrote it can have known. */
function block(part: ToolContent, from: string, dataTag: string | null): TextBlock | ImageBlock {
  if (part.type === 'image')
    return { type: 'image', source: { type: 'base64', media_type: part.mediaType, data: part.base64 } };
  const text = part.text.toWellFormed();
  if (dataTag === null) return { type: 'text', text };
  const safe = text.replaceAll(`data-${dataTag}`, 'data-(tag removed)');
  return { type: 'text', text: `<data-${dataTag} from="${from}">\n${safe}\n</data-${dataTag}>` };
}

function bytesOf(said: ToolResult): number {
  return said.content.reduce(
    (sum, part) => sum + Buffer.byteLength(part.type === 'text' ? part.text : part.base64),
    0,
  );
}
