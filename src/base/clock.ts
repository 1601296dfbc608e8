/** Time comes in from outside, so that a test can set it. */
export interface Clock {
  /** Milliseconds since 1970, as the wall clock shows it: may jump either way. */
  now(): number;
  /** Resolves after so many milliseconds; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};

/** `2026-11-24T08:00:00.000Z` */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Local time for names that people read: date `2026-11-24`, time `0800`. */
export function localStamp(ms: number): { date: string; time: string } {
  const at = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  return {
    date: `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    time: `${two(at.getHours())}${two(at.getMinutes())}`,
  };
}

/** The same instant as people here read it, still exact: `2026-11-24T09:00:00+01:00`. */
export function localIso(ms: number): string {
  const { date, time } = localStamp(ms);
  const minutes = -new Date(ms).getTimezoneOffset();
  const two = (value: number) => String(value).padStart(2, '0');
  const zone = `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  return `${date}T${time.slice(0, 2)}:${time.slice(2)}:${two(new Date(ms).getSeconds())}${zone}`;
}
