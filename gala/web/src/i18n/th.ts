import { en, type Dictionary } from "./en.ts";

export const th: Dictionary = en;
