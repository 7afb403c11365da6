import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { Icon } from "../brand/icons.tsx";
import { usePage } from "../viewer/page.ts";
import { Field, Ways } from "./field.tsx";
import { added } from "./hits.ts";
import type { Hit } from "./moles.ts";
import { practiceRound } from "./practice_round.ts";
import { Meter } from "./rail.tsx";
import type { Pause } from "./running.ts";

const NOBODY: ReadonlySet<number> = new Set();
const NEVER: readonly Pause[] = [];

/** A round made up on this phone, so that nobody meets the doors for the first time when it counts. */
export function Practice(): JSX.Element {
  const { evening, words, local_ms, manners } = usePage();
  const w = words.value;
  const tries = useSignal(0);
  const hits = useSignal<readonly Hit[]>([]);
  const from_ms = useRef(local_ms());
  const table = useMemo(() => practiceRound(Math.random), [tries.value]);
  void evening.now_ms.value; // the end is noticed with the clock
  const over = local_ms() - from_ms.current > table.length_ms;
  return (
    <>
      <p class="banner practice flat" data-practice>
        <Icon name="practice" />
        <span>
          <b>{w.t("practice")}.</b> {w.t("practiceSub")}
        </span>
      </p>
      <Meter counted={hits.value.length} coming={0} threshold={table.total} plain />
      <Field
        key={tries.value}
        table={table}
        hits={hits.value}
        also={NOBODY}
        opens_at_ms={from_ms.current}
        pauses={NEVER}
        at_ms={local_ms}
        still={false}
        shut={false}
        strike={(mole, at_ms) => (hits.value = added(hits.peek(), mole.id, at_ms))}
      />
      <div class={manners.button.value ? "stack" : "push stack"}>
        {over && (
          <div class="row" role="status">
            <b class="grow num">{w.t("practiceEnd", { n: hits.value.length, of: table.total })}</b>
            <button
              type="button"
              class="btn line"
              data-act="again"
              onClick={() => {
                from_ms.current = local_ms();
                hits.value = [];
                tries.value++;
              }}
            >
              {w.t("practiceAgain")}
            </button>
          </div>
        )}
        <Ways />
      </div>
    </>
  );
}
