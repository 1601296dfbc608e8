/** Promises of this area: see ../promises.ts. */
export const sandboxPromises = [
  {
    id: 'sandbox.only-the-folder',
    text: 'A run sees the granted folder and a read-only system; not other folders, accounts, keys or the home.',
  },
  {
    id: 'sandbox.no-network',
    text: 'Without accepted hosts a run reaches no network, not even this machine’s own.',
  },
  { id: 'sandbox.no-processes', text: 'A run can neither see nor touch a process outside.' },
  {
    id: 'sandbox.no-leaks',
    text: 'Of deskhand’s environment, open files and own folder in the granted one, a run gets nothing.',
  },
  {
    id: 'sandbox.control-read-only',
    text: 'Instructions, tasks and other control files in the folder’s root cannot be changed by a run.',
  },
  {
    id: 'sandbox.no-kernel-settings',
    text: 'A run cannot change the machine’s kernel settings, also where deskhand is root.',
  },
  {
    id: 'sandbox.stage-only',
    text: 'What a run writes in the folder lands in the stage; the folder itself stays as it is.',
  },
  { id: 'sandbox.as-owner', text: 'Where deskhand is root, a run works as the owner of the folder.' },
  { id: 'sandbox.any-folder-name', text: 'A folder may be called anything that the system allows.' },
  {
    id: 'sandbox.nothing-left',
    text: 'When a session has been stopped, or deskhand has died, no process of it is left.',
  },
  {
    id: 'sandbox.guest-not-trusted',
    text: 'A guest that floods, lies, stalls or dies ends its own run with a reason, and nothing else.',
  },
  {
    id: 'sandbox.refusal-explained',
    text: 'Where no sandbox can be started, the reason and the remedy are named.',
  },
  {
    id: 'bash.state-lasts',
    text: 'Working directory, variables and functions last from command to command, whatever ended the one before.',
  },
  {
    id: 'bash.timeout',
    text: 'A command that takes too long is ended with all its processes, and the shell goes on with its state.',
  },
  {
    id: 'bash.background',
    text: 'A command that leaves something running in the background returns at once.',
  },
  {
    id: 'bash.output-bounded',
    text: 'Of long output a model gets head and tail, and can read the rest in a file.',
  },
  {
    id: 'tools.as-known',
    text: 'The file tools take Claude Code’s inputs, and say what to do when a call cannot work.',
  },
  { id: 'tools.never-block', text: 'A pipe or a device in the folder blocks no tool.' },
  { id: 'exec.transparent', text: 'exec passes input, output and exit codes through unchanged.' },
] as const;
