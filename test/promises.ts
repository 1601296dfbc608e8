import { test } from 'vitest';
import { agentPromises } from './promises/agent.ts';
import { changesPromises } from './promises/changes.ts';
import { formatsPromises } from './promises/formats.ts';
import { mainPromises } from './promises/main.ts';
import { sandboxPromises } from './promises/sandbox.ts';

/** What deskhand promises to its users, one sentence each. Tests cite a promise by its id; one that no test cites fails. */
export interface ProductPromise {
  id: string;
  text: string;
}

export const promises: readonly ProductPromise[] = [
  ...mainPromises,
  ...formatsPromises,
  ...sandboxPromises,
  ...changesPromises,
  ...agentPromises,
];

/** A test that proves a promise. */
export function promise(
  id: string,
  title: string,
  prove: () => void | Promise<void>,
  timeoutMs?: number,
): void {
  if (!promises.some((known) => known.id === id))
    throw new Error(`No promise is called ${id}: add it to test/promises/.`);
  test(`[${id}] ${title}`, prove, timeoutMs);
}
