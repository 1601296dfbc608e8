import type { Clock } from '../base/clock.ts';

/** The longest single sleep: timers of Node end at once when they are asked for more than 24 days. */
const longestSleepMs = 3_600_000;

/** A signal that is aborted once the time is up, unless it is stopped before. */
export function startDeadline(clock: Clock, endsAt: number): { signal: AbortSignal; stop(): void } {
  const passed = new AbortController();
  const stopped = new AbortController();
  void sleepFor(clock, endsAt - clock.now(), stopped.signal).then((isOver) => {
    if (isOver) passed.abort();
  });
  return { signal: passed.signal, stop: () => stopped.abort() };
}

/** Counts what was slept and not what the clock shows, which someone may set meanwhile. False when it was stopped. */
async function sleepFor(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  for (let leftMs = ms; leftMs > 0; leftMs -= longestSleepMs) {
    try {
      await clock.sleep(Math.min(leftMs, longestSleepMs), signal);
    } catch (thrown) {
      if (signal.aborted) return false;
      throw thrown;
    }
  }
  return !signal.aborted;
}
