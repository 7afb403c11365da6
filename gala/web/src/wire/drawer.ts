/** What this page keeps on the phone, shared by its tabs. Names are `gala.…`. */
export interface Drawer {
  get(name: string): string;
  set(name: string, value: string): void;
  /** Called when another tab changed something. */
  watch(changed: (name: string) => void): void;
}

/**
 * localStorage, or memory where the browser refuses it (private windows): then a reload forgets,
 * but the evening can be played.
 */
export function browserDrawer(): Drawer {
  const memory = new Map<string, string>();
  let storage: Storage | null = null;
  try {
    storage = window.localStorage;
    storage.setItem("gala.kept", "1");
  } catch {
    storage = null;
  }
  return {
    get: (name) => (storage ? storage.getItem(`gala.${name}`) : memory.get(name)) ?? "",
    set: (name, value) => {
      memory.set(name, value);
      try {
        storage?.setItem(`gala.${name}`, value);
      } catch {
        // Full: what is in memory still serves this tab.
        storage = null;
      }
    },
    watch: (changed) =>
      window.addEventListener("storage", (event) => {
        if (event.key?.startsWith("gala.")) changed(event.key.slice("gala.".length));
      }),
  };
}
