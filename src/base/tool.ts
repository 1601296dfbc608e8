/**
 * The port through which a model acts. Sandbox (and later connectors) supply Tools; the agent loop calls them.
 * A tool never throws for what a model did wrong: it answers with `isError` and words that help.
 */

/** What a call can change: nothing; the staged view of the folder; something outside that cannot be taken back. */
export type Effect = 'none' | 'stage' | 'outside';

export interface ToolSpec {
  /** The name that models know: `Bash`, `Read`, `Write`, `Edit`, `Glob`, `Grep`… */
  name: string;
  description: string;
  /** JSON Schema of the input, as it goes over the wire. */
  inputSchema: Record<string, unknown>;
  effect: Effect;
}

export type ToolContent =
  | { type: 'text'; text: string }
  | { type: 'image'; mediaType: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp'; base64: string };

export interface ToolResult {
  content: ToolContent[];
  isError: boolean;
}

export interface Tool extends ToolSpec {
  /** Aborting the signal ends the call soon, with an error result. */
  run(input: unknown, options: { callId: string; signal: AbortSignal }): Promise<ToolResult>;
}

export function textResult(text: string, isError = false): ToolResult {
  return { content: [{ type: 'text', text }], isError };
}
