/**
 * The crew member's pass. It comes once, as `/director#pass=…`: a fragment is never sent to a server, and it is taken
 * out of the address bar at once so that nobody reads it over a shoulder or copies it with the link.
 */

const KEPT = "gala.director.pass";

/** The pass from the address or from this tab's earlier visit; "" if there is none. `name`: where it is kept. */
export function takePass(location: Location, history: History, kept: Storage, name = KEPT): string {
  const given = new URLSearchParams(location.hash.replace(/^#/, "")).get("pass");
  if (given) {
    kept.setItem(name, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return kept.getItem(name) ?? "";
}

export function forgetPass(kept: Storage, name = KEPT): void {
  kept.removeItem(name);
}
