/** Promises of this area: see ../promises.ts. */
export const agentPromises = [
  {
    id: 'model.retried',
    text: 'A failure that may pass (busy, overloaded, cut, stalled, broken reply) is tried again, with growing waits.',
  },
  {
    id: 'model.fails-named',
    text: 'A failure that stays ends the run failed, with the reason in plain words.',
  },
  {
    id: 'model.not-retried',
    text: 'What trying again can not mend (key, unknown model, refused request) is not tried again, and the remedy is named.',
  },
  { id: 'model.retry-after', text: 'The wait that a server asks for is kept.' },
  { id: 'model.whole-calls', text: 'A tool call that was cut on its way never runs.' },
  { id: 'model.paid-once', text: 'A turn that has been answered is never asked again.' },
  { id: 'model.abort', text: 'A request ends soon after its run is cancelled, at any point of it.' },
  {
    id: 'model.prefix',
    text: 'Each request begins with the bytes of the one before, so that the server reads it from its cache.',
  },
  {
    id: 'model.key-given',
    text: 'Only the key that deskhand was given is sent, never one found on the machine.',
  },
  { id: 'model.proxy', text: 'HTTPS_PROXY and NODE_EXTRA_CA_CERTS are honoured.' },
  {
    id: 'runbook.blocks',
    text: "The runbook model runs the task's own blocks in order, one a turn, and sends nothing anywhere.",
  },
  { id: 'runbook.stops', text: 'The first block that fails ends the runbook, and the run is failed.' },
  { id: 'agent.journal-first', text: 'A turn is journalled before any of its tools runs.' },
  { id: 'agent.one-result', text: 'Every tool call gets exactly one result, whatever happens to it.' },
  { id: 'agent.data', text: 'What tools say stands between marks that nobody who wrote it can know.' },
  {
    id: 'agent.stops',
    text: 'A reply that was cut, refused or empty is never taken for the end of the work.',
  },
  {
    id: 'agent.budget',
    text: 'No request is sent that the budget can not pay, and the figure that ran out is named.',
  },
  {
    id: 'agent.deadline',
    text: 'A run ends when its minutes are over, also in the middle of a request or a tool.',
  },
  {
    id: 'agent.real-work',
    text: 'A task in plain words on a table nobody has seen before ends with the right figures in the right files.',
  },
] as const;
