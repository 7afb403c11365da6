/** The way to the statement of the evening: a page of its own, to read or print. */
import { useState } from "preact/hooks";
import type { JSX } from "preact";

/** Fetched with the pass, which no address may hold, and shown in a tab of its own. */
export function StatementLink({ pass }: { pass: string }): JSX.Element {
  const [problem, setProblem] = useState("");
  const open = async (): Promise<void> => {
    const tab = window.open("", "_blank"); // at once: later a browser would take it for a pop-up
    setProblem("");
    try {
      const response = await fetch("/statement", { headers: { authorization: `Bearer ${pass}` } });
      if (!response.ok) throw new Error(response.status === 404 ? "It is written after the show." : `The service said ${response.status}.`);
      const address = URL.createObjectURL(await response.blob());
      if (tab) tab.location.href = address;
      else location.href = address;
    } catch (error) {
      tab?.close();
      setProblem(error instanceof TypeError ? "No link." : (error as Error).message);
    }
  };
  return (
    <>
      <button type="button" class="statement" onClick={() => void open()}>
        Statement
      </button>
      {problem && <span role="alert">{problem}</span>}
    </>
  );
}
