/**
 * The port that lets one program at a time work for a DESKHAND_HOME. Here it is a lock of the operating system that
 * dies with its process; a fleet on a database server would be another implementation, so nothing outside this port
 * may assume that there is only one machine.
 */
export interface Claims {
  /** Takes the lock, or says who has it. */
  take(): Promise<Claim | Holder>;
}

export interface Claim {
  kind: 'claim';
  release(): void;
}

/** Who holds the lock, as far as it can be known: process number, what it runs as, since when. */
export interface Holder {
  kind: 'holder';
  pid: number | null;
  command: string | null;
  since: string | null;
}
