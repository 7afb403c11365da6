import { en, type Dictionary } from "./en.ts";

export const zh_cn: Dictionary = en;
