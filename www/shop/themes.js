// The page of themes: what is chosen is shown at once, and written out as CSS to take along.

import { kassaElement, placeOrder } from "./kassa.js";
import { currentLanguage, text } from "./texts.js";

/** What Kassa's own look has where a theme says nothing; www/widget/README.md lists them. */
const OWN = { accent: "light-dark(#1f5fd0, #8ab4ff)", "font-size": "1rem", radius: "16px", space: "20px", density: "1" };
/** How a control's number becomes a property, and back. */
const RANGES = {
  size: { property: "font-size", write: (pixels) => `${pixels / 16}rem`, read: (value) => Number.parseFloat(value) * 16, unit: " px" },
  radius: { property: "radius", write: (pixels) => `${pixels}px`, read: Number.parseFloat, unit: " px" },
  space: { property: "space", write: (pixels) => `${pixels}px`, read: Number.parseFloat, unit: " px" },
  density: { property: "density", write: String, read: Number.parseFloat, unit: "" },
};

const form = document.querySelector(".controls");
const place = document.querySelector(".stage .place");
const code = document.querySelector(".result code");
const said = document.querySelector(".copied");
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [sheet];

/** What the theme says, and what was changed on top of it: values by property. */
let theme = {};
let changed = {};

form.elements.theme.addEventListener("change", choose);
form.elements.scheme.addEventListener("change", show);
form.elements.accent.addEventListener("input", ({ target }) => {
  change({ accent: target.value, "accent-ink": inkOn(target.value) });
});
form.elements.font.addEventListener("change", ({ target }) => change({ font: target.value || undefined }));
for (const [name, { property, write }] of Object.entries(RANGES)) {
  form.elements[name].addEventListener("input", ({ target }) => change({ [property]: write(target.valueAsNumber) }));
}
form.addEventListener("reset", (event) => {
  event.preventDefault();
  changed = {};
  show();
});
form.addEventListener("submit", (event) => event.preventDefault());
document.querySelector(".copy").addEventListener("click", async () => {
  const done = await navigator.clipboard.writeText(code.textContent).then(() => true, () => false);
  said.textContent = text(done ? "themes.copied" : "themes.refused");
});

async function choose() {
  const name = form.elements.theme.value;
  theme = name ? declarations(await fetch(`/themes/${name}.css`).then((answer) => answer.text())) : {};
  changed = {};
  show();
}

function change(values) {
  changed = { ...changed, ...values };
  show();
}

function show() {
  const values = Object.entries({ ...theme, ...changed }).filter(([, value]) => value);
  const lines = values.map(([name, value]) => `  --kassa-${name}: ${value};`);
  const rule = lines.length > 0 ? `kassa-checkout,\nkassa-status {\n${lines.join("\n")}\n}\n` : "";
  const { value: scheme } = form.elements.scheme;
  // The page paints the ground around the element, in the same scheme.
  const around = [theme.ground && `--kassa-ground: ${theme.ground}`, scheme !== "auto" && `color-scheme: ${scheme}`];
  sheet.replaceSync(`${rule}.stage .place { ${around.filter(Boolean).join("; ")} }`);
  code.textContent = rule || `/* ${text("themes.none")} */\n`;
  said.textContent = "";
  for (const element of place.querySelectorAll(".bare")) {
    if (scheme === "auto") element.removeAttribute("theme");
    else element.setAttribute("theme", scheme);
  }
  showControls();
}

/** The controls say what is on screen, whoever said it last. */
function showControls() {
  const value = (name) => changed[name] ?? theme[name] ?? OWN[name];
  for (const [name, { property, read, unit }] of Object.entries(RANGES)) {
    const field = form.elements[name];
    field.value = read(value(property));
    field.parentElement.querySelector("output").value = `${field.value}${unit}`;
  }
  form.elements.accent.value = firstHex(value("accent"));
  form.elements.font.value = changed.font ?? "";
}

/** The properties of a theme's file, without their prefix. */
function declarations(css) {
  return Object.fromEntries([...css.matchAll(/--kassa-([\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name, value]));
}

/** The first colour of a value, with six digits as a colour field wants it. */
function firstHex(value) {
  const [, digits] = value.match(/#([\da-f]{3,6})/i);
  return `#${digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits}`;
}

/** Black or white, whichever can be read better on a colour (relative luminance, WCAG 2.2). */
function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

async function fill() {
  try {
    const { payment } = await placeOrder({
      items: { tea: 1 },
      language: currentLanguage(),
      customer: { first_name: "Maija", last_name: "Meikäläinen", email: "maija@example.fi" },
      selection: { option: "all_banks" },
      choose_at: "kassa",
    });
    const elements = ["kassa-checkout", "kassa-status"].map((name) => kassaElement(name, payment));
    for (const element of elements) element.classList.add("bare");
    place.replaceChildren(...elements);
  } catch {
    const message = Object.assign(document.createElement("p"), { textContent: text("themes.offline") });
    message.dataset.text = "themes.offline";
    place.replaceChildren(message);
  }
  show();
}

document.addEventListener("shop-language", show);
await fill();
