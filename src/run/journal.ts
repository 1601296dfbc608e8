import type { LoopOptions } from '../agent/agent.ts';
import { printJsonLine } from '../base/json-lines.ts';
import type { Message } from '../base/model.ts';
import type { RunState } from '../ledger/ledger.ts';
import type { buildPrompt } from './prompt.ts';
import type { RunOptions } from './run.ts';

/**
 * What is written down before each effect. The transcript (in DESKHAND_HOME only: it holds what files say) keeps each
 * message; the ledger keeps what happened, without content. Both are on disk before the next step begins.
 */
export function openJournal(
  o: RunOptions,
  run: RunState,
  prompt: ReturnType<typeof buildPrompt>,
): LoopOptions['journal'] {
  const transcript = `${run.run}/transcript.jsonl`;
  const keep = (...messages: (Message | { role: 'system'; content: string })[]) =>
    o.place.runs.append(transcript, messages.map(printJsonLine).join(''));
  keep({ role: 'system', content: prompt.system }, prompt.opening);
  return {
    received: async (turn) => {
      keep({ role: 'assistant', content: turn.content });
      o.place.ledger.append(
        {
          type: 'turn-received',
          run: run.run,
          turn: turn.turn,
          requestId: turn.requestId,
          stop: turn.stop,
          attempts: turn.attempts,
          usage: turn.usage,
          costUsd: turn.costUsd,
          calls: turn.calls,
        },
        o.clock.now(),
      );
    },
    settled: async (turn) => {
      keep({ role: 'user', content: turn.said });
      o.place.ledger.append(
        { type: 'turn-settled', run: run.run, turn: turn.turn, results: turn.results },
        o.clock.now(),
      );
    },
  };
}
