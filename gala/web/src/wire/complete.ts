import { SHAPES, type Messages } from "../protocol.gen.ts";

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * A received message with every field present: the service does not send defaults.
 * Unknown fields stay (an old page may meet a new server); what is no object becomes an all-default one.
 */
export function complete<Name extends keyof Messages>(name: Name, received: unknown): Messages[Name] {
  const { absent, parts } = SHAPES[name];
  const whole: Fields = { ...absent, ...(isFields(received) ? received : {}) };
  for (const [field, part] of Object.entries(parts)) {
    const held = whole[field];
    if (part.as === "list") {
      whole[field] = Array.isArray(held) ? held.map((one) => complete(part.of, one)) : [];
    } else if (part.as === "map") {
      const entries = isFields(held) ? Object.entries(held) : [];
      whole[field] = Object.fromEntries(entries.map(([key, one]) => [key, complete(part.of, one)]));
    } else if (isFields(held)) {
      whole[field] = complete(part.of, held);
    }
  }
  return whole as unknown as Messages[Name];
}
