import { en, type Dictionary } from "./en.ts";

export const sw: Dictionary = en;
