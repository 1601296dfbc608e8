/** How a run ends. Final outcomes close the task's slot; open ones keep it until their remedy comes. */
export const finalOutcomes = [
  'done',
  'done-no-changes',
  'failed',
  'timed-out',
  'over-budget',
  'cancelled',
  'skipped-missed',
] as const;
export const openOutcomes = ['waiting', 'blocked', 'interrupted'] as const;
export const outcomes = [...finalOutcomes, ...openOutcomes] as const;

export type Outcome = (typeof outcomes)[number];

/** Outcomes with which `once` still exits 0: nothing went wrong. */
export const goodOutcomes: ReadonlySet<Outcome> = new Set([
  'done',
  'done-no-changes',
  'waiting',
  'skipped-missed',
]);
