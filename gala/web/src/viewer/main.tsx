import "../brand/tokens.css";
import { render } from "preact";

render(<main />, document.getElementById("page") as HTMLElement);
