/** Promises of this area: see ../promises.ts. */
export const agentPromises = [] as readonly { id: string; text: string }[];
