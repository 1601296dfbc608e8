import { PersonError } from '../base/errors.ts';
import type { Answer } from '../home/home.ts';
import type { Wiring } from './wiring.ts';

/** Waits for the program that holds the lock to answer a request. It looks at once when it is well. */
export async function waitForAnswer(read: () => Answer | null, wiring: Wiring): Promise<Answer> {
  const until = wiring.clock.now() + answerMs;
  while (wiring.clock.now() < until && !wiring.signal.aborted) {
    const answer = read();
    if (answer !== null) return answer;
    await wiring.clock.sleep(lookMs, wiring.signal).catch(() => undefined);
  }
  throw new PersonError({
    what: 'the deskhand at work did not answer; the request stays and is answered when it does',
    example: 'deskhand status',
  });
}

const answerMs = 30_000;
const lookMs = 50;
