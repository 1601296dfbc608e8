import type { ToolResult } from '../../src/base/tool.ts';

/** Something that a model did wrong or that the folder doesn't allow: words for the model, no stack. */
export class CallError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CallError';
  }
}

/** Runs one call. A CallError becomes an error result. */
export type GuestTool = (input: CallInput, signal: AbortSignal) => Promise<ToolResult> | ToolResult;

/** A call's inputs, checked as they are taken: models do leave some out, or send a number as text. */
export class CallInput {
  readonly #tool: string;
  readonly #values: Record<string, unknown>;

  constructor(tool: string, values: Record<string, unknown>) {
    this.#tool = tool;
    this.#values = values;
  }

  text(name: string): string {
    const value = this.textOrNull(name);
    if (value === null) throw new CallError(`${this.#tool} needs ${name}, a text.`);
    return value;
  }

  textOrNull(name: string): string | null {
    const value = this.#values[name] ?? null;
    if (value !== null && typeof value !== 'string') throw new CallError(`${name} must be a text.`);
    return value;
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.#values[name] ?? otherwise;
    if (value === true || value === 'true') return true;
    if (value === false || value === 'false') return false;
    throw new CallError(`${name} must be true or false.`);
  }

  /** A whole number of at least `min`. */
  count(name: string, otherwise: number, min = 0): number {
    const value = this.#values[name] ?? otherwise;
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isFinite(number) || number < min) {
      throw new CallError(`${name} must be a number of at least ${min}.`);
    }
    return Math.floor(number);
  }
}
