import type { Output } from './output.ts';
import type { Wiring } from './wiring.ts';

/** What a command is handed. It returns its exit code, and throws a PersonError for a person's mistake. */
export interface ActInput {
  output: Output;
  wiring: Wiring;
  options: Record<string, unknown>;
  args: string[];
}
