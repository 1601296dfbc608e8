import { z } from 'zod';
import { limits } from '../base/limits.ts';
import type { ToolContent } from '../base/tool.ts';

/**
 * The lines between host and guest: one JSON object a line, LF ends it, docs/formats.md is the text of it.
 * What the guest says comes from an attacker: a line that is not exactly one of these is no line.
 */
export const guestProtocol = 1;

/** Host → guest. The guest reads them without zod: it is one small file, and the host is to be trusted. */
export type HostLine =
  | { type: 'call'; id: string; tool: string; input: Record<string, unknown> }
  | { type: 'cancel'; id: string };

const text = z.strictObject({ type: z.literal('text'), text: z.string() });

/** Base64 of an image that is no larger than a model takes. */
const image = z.strictObject({
  type: z.literal('image'),
  mediaType: z.enum(['image/png', 'image/jpeg', 'image/gif', 'image/webp']),
  base64: z
    .string()
    .max(Math.ceil(limits.imageBytesMax / 3) * 4)
    .regex(/^[A-Za-z0-9+/]*={0,2}$/),
});

const guestLine = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hello'), protocol: z.number().int() }),
  z.strictObject({
    type: z.literal('result'),
    id: z.string().max(64),
    content: z.array(z.discriminatedUnion('type', [text, image])).max(20),
    isError: z.boolean(),
  }),
  z.strictObject({ type: z.literal('failed'), reason: z.string().max(2_000) }),
]);

/** Guest → host. */
export type GuestLine = z.infer<typeof guestLine>;

/** One line of the guest, or null when it is none. Its text is made fit for a request: no halves of characters. */
export function parseGuestLine(line: string): GuestLine | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  const parsed = guestLine.safeParse(value);
  if (!parsed.success) return null;
  return parsed.data.type === 'result'
    ? { ...parsed.data, content: boundContent(parsed.data.content) }
    : parsed.data;
}

/** The guest bounds its own results; this holds one that doesn't. */
const contentCharsMax = limits.toolResultCharsMax + 4_000;

function boundContent(content: ToolContent[]): ToolContent[] {
  let left = contentCharsMax;
  return content.map((part) => {
    if (part.type === 'image') return part;
    const whole = part.text.toWellFormed();
    const kept = whole.slice(0, Math.max(left, 0)).toWellFormed();
    left -= whole.length;
    return { type: 'text', text: kept.length < whole.length ? `${kept}\n[cut: too long]` : kept };
  });
}
