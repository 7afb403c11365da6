import type { ComponentChildren, JSX } from "preact";
import { Icon } from "../brand/icons.tsx";
import { usePage } from "../viewer/page.ts";

interface MeterProps {
  counted: number;
  coming: number;
  /** how many the service left out */
  out?: number;
  threshold: number;
  /** of a practice: no entry is to be had */
  plain?: boolean;
}

/** Hits towards the entry: counted ones in full light, those on their way dotted. */
export function Meter({ counted, coming, out = 0, threshold, plain = false }: MeterProps): JSX.Element {
  const { words } = usePage();
  const w = words.value;
  const of = Math.max(1, threshold);
  const share = (n: number): number => Math.min(100, (n / of) * 100);
  const earned = !plain && threshold > 0 && counted >= threshold;
  const sentence = earned
    ? w.t("hitsCounted", { n: counted })
    : w.t(plain ? "hitsPlain" : "hitsFor", { n: counted, of: threshold });
  return (
    <div class="stack" data-counted-hits={counted}>
      <div class="row">
        <b class="grow num">{sentence}</b>
        {earned ? (
          <span class="earned" data-earned>
            <Icon name="seal" />
            {w.t("entryEarned")}
          </span>
        ) : (
          <span class="small sub num">
            {coming > 0 ? w.t("onTheWay", { n: coming }) : out > 0 ? w.t("hitsLeftOut", { n: out }) : ""}
          </span>
        )}
      </div>
      <div
        class="rail"
        style={{ "--p": share(counted), "--q": share(counted + coming) }}
        role="progressbar"
        aria-label={sentence}
        aria-valuenow={Math.min(counted, of)}
        aria-valuemin={0}
        aria-valuemax={of}
      >
        {coming > 0 && <u />}
        <i />
      </div>
      <span class="sr" aria-live="polite">
        {earned ? `${w.t("entryEarned")}. ${w.t("entryEarnedSub")}` : ""}
      </span>
    </div>
  );
}

/** The arch, lit from its feet as far as `part` of `whole`. */
export function Feet({ part, whole, children }: { part: number; whole: number; children: ComponentChildren }): JSX.Element {
  return (
    <div class="arch feet" style={{ "--left": Math.min(100, (part / Math.max(1, whole)) * 100) }}>
      <svg viewBox="0 0 240 190" aria-hidden="true">
        <path class="t" d="M14 184V116a106 106 0 0 1 212 0v68" pathLength="100" />
        {part > 0 && <path class="l" d="M14 184V116a106 106 0 0 1 212 0v68" pathLength="100" />}
        {part >= whole && <circle class="k" cx="120" cy="10" r="8" />}
      </svg>
      <div class="in">{children}</div>
    </div>
  );
}
