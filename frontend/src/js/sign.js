// form[data-sign]: signing by drawing or by typing. Without this script the name that is typed is the signature.
//   [data-sign-how]    hidden part with the choice; its field "how" says drawn or typed
//   canvas[data-pad]   where one draws; [data-clear] begins anew; input[name=drawing] takes it as PNG when the form is sent
//   [data-typed]       shows the name as it is typed into input[name=name]
import SignaturePad from "signature_pad";
import { text } from "./texts.js";

/** Ink of what is sent: it stands on paper, whatever the colours of the page. */
const INK = "#191a1f";
/** Pixels of the picture for each of the page. */
const SCALE = 2;

export function sign(form) {
  const choice = form.querySelector("[data-sign-how]");
  const canvas = form.querySelector("[data-pad]");
  const problem = form.querySelector("[data-sign-problem]");
  const { name, how, drawing } = form.elements;
  const typed = form.querySelector("[data-typed]");
  choice.hidden = false;

  const pad = new SignaturePad(canvas, { penColor: getComputedStyle(canvas).color, minWidth: 0.8, maxWidth: 2.4 });
  const fit = () => {
    const { offsetWidth, offsetHeight } = canvas;
    if (!offsetWidth) return;
    const ratio = Math.max(devicePixelRatio || 1, 1);
    const drawn = pad.toData();
    Object.assign(canvas, { width: offsetWidth * ratio, height: offsetHeight * ratio });
    canvas.getContext("2d").scale(ratio, ratio);
    pad.fromData(drawn);
  };
  new ResizeObserver(fit).observe(canvas);
  form.querySelector("[data-clear]").addEventListener("click", () => pad.clear());
  pad.addEventListener("beginStroke", () => (problem.hidden = true));

  const show = () => (typed.textContent = name.value);
  name.addEventListener("input", show);
  show();

  form.addEventListener("submit", (event) => {
    const isDrawn = how.value === "drawn";
    if (isDrawn && pad.isEmpty()) {
      event.preventDefault();
      problem.hidden = false;
      problem.textContent = text("signFirst");
      form.querySelector("[data-sign-how] button").focus();
      return;
    }
    drawing.value = isDrawn ? picture(pad, canvas) : "";
  });
}

/** What was drawn as PNG, in dark ink on nothing. */
function picture(pad, { offsetWidth, offsetHeight }) {
  const sheet = document.createElement("canvas");
  Object.assign(sheet, { width: offsetWidth * SCALE, height: offsetHeight * SCALE });
  sheet.getContext("2d").scale(SCALE, SCALE);
  const copy = new SignaturePad(sheet);
  copy.fromData(pad.toData().map((group) => ({ ...group, penColor: INK })));
  copy.off();
  return sheet.toDataURL("image/png");
}
