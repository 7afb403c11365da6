import "../brand/tokens.css";
import { render } from "preact";

render(<main data-page="director" />, document.getElementById("page") as HTMLElement);
