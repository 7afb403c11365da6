import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { Shape } from "../brand/shapes.tsx";
import type { Choice } from "./ballot.ts";
import "./face.css";

/** Beyond so many choices some are below the fold: their pictures are fetched as they are scrolled to. */
const EAGER_MAX = 6;

/** A choice's shape, in outline where another choice has it filled. */
export function Emblem({ of, as }: { of: Choice; as: string }): JSX.Element {
  return (
    <span class={of.hollow ? `${as} hollow` : as}>
      <Shape name={of.shape} />
    </span>
  );
}

interface FaceProps {
  of: Choice;
  label: string;
  /** how many choices there are */
  among: number;
  /** what stands between picture and label */
  children?: ComponentChildren;
}

/**
 * A door's upper part: the choice's picture, with its shape beside the label, so that neither colour nor
 * picture tells by itself which one it is; where there is no picture, or it does not come, the shape, large.
 */
export function Face({ of, label, among, children }: FaceProps): JSX.Element {
  const failed = useSignal("");
  const pictured = of.picture !== "" && of.picture !== failed.value;
  return (
    <>
      {pictured ? (
        <span class="em pic">
          <img
            src={of.picture}
            alt=""
            width="104"
            height="104"
            decoding="async"
            loading={among > EAGER_MAX ? "lazy" : "eager"}
            draggable={false}
            onError={() => (failed.value = of.picture)}
          />
        </span>
      ) : (
        <Emblem of={of} as="em" />
      )}
      {children}
      <b>
        {pictured && <Emblem of={of} as="shape-by" />}
        {label}
      </b>
    </>
  );
}
