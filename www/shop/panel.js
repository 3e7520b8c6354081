// The developer's panel: what to try, and what the shop, Kassa and the browser said to each other.

import { ownOrders } from "./kassa.js";
import { currentLanguage, text, translate } from "./texts.js";

const OPTIONS = ["method_then_bank", "banks_among_methods", "banks_in_group", "all_banks", "named_banks", "single_bank"];
const BANKS = { nordea: "Nordea", op: "OP", danske: "Danske Bank", "s-pankki": "S-Pankki", saastopankki: "Säästöpankki", aktia: "Aktia", alandsbanken: "Ålandsbanken", pop: "POP Pankki", omasp: "Oma Säästöpankki" };
const PROVIDERS = { ecommpay: "ecommpay Open Banking", op: "OP Online Payment" };
const EVENTS = ["kassa-ready", "kassa-bank", "kassa-redirect", "kassa-status", "kassa-error"];
const EVERY = 1_500;

const standard = { through: "ecommpay", option: "all_banks", named: ["nordea", "op"], single: "nordea", choose_at: "kassa", page: "embedded" };
const kept = { ...standard, ...JSON.parse(localStorage.getItem("shop-wishes") ?? "{}") };

/** What the visitor wants to try, as the shop API takes it. */
export function wishes() {
  const { through, option, named, single, page } = kept;
  const banks = { named_banks: named, single_bank: [single] }[option] ?? [];
  // OP has no page of its own to choose on.
  const choose_at = through === "op" ? "kassa" : kept.choose_at;
  return { provider: through, option, banks, choose_at, page };
}

const opener = document.querySelector(".open-panel");
const panel = document.querySelector(".panel");
const list = panel.querySelector(".entries");
const offline = panel.querySelector(".offline");
let last = 0;
let timer;

opener.addEventListener("click", () => toggle(panel.hidden));
panel.querySelector(".close").addEventListener("click", () => toggle(false));
panel.addEventListener("keydown", (event) => event.key === "Escape" && toggle(false));
for (const name of EVENTS) {
  document.addEventListener(name, ({ detail }) => {
    const at = Math.floor(Date.now() / 1000);
    add({ at, kind: "browser", outcome: name === "kassa-error" ? "failed" : "good", title: name, detail });
  });
}
document.addEventListener("shop-language", () => {
  buildChoices();
  list.querySelectorAll("li").forEach((item) => item.retell());
});

function toggle(open) {
  panel.hidden = !open;
  opener.ariaExpanded = String(open);
  document.body.classList.toggle("with-panel", open);
  sessionStorage.setItem("shop-panel", open ? "open" : "");
  clearTimeout(timer);
  if (open) poll();
  (open ? panel.querySelector("h2") : opener).focus();
}

async function poll() {
  clearTimeout(timer);
  const keys = ownOrders().map(({ key }) => key);
  try {
    const answer = await fetch(`/api/journal?after=${last}&orders=${keys.join(",")}`);
    const { entries } = await answer.json();
    entries.forEach(add);
    last = entries.at(-1)?.seq ?? last;
    offline.hidden = true;
    if (entries.length > 0) await showTrace();
  } catch {
    offline.hidden = false;
  }
  timer = setTimeout(poll, EVERY);
}

function add(entry) {
  const item = document.createElement("li");
  const [head, what, title, time, body] = ["summary", "span", "strong", "time", "pre"].map((name) => document.createElement(name));
  const whole = document.createElement("details");
  const outcome = document.createElement("span");
  item.className = `entry ${entry.outcome}`;
  what.className = "kind";
  outcome.className = "outcome";
  title.textContent = entry.title;
  body.textContent = JSON.stringify(entry.detail, null, 2) ?? "";
  head.append(what, time, title, outcome);
  whole.append(head, body);
  item.append(whole);
  item.retell = () => {
    const good = entry.kind === "webhook" && entry.outcome === "good" ? "verified" : entry.outcome;
    what.textContent = text(`panel.${entry.kind}`);
    outcome.textContent = text(`panel.${good}`);
    time.textContent = new Date(entry.at * 1000).toLocaleTimeString(currentLanguage());
  };
  item.retell();
  list.prepend(item);
  panel.querySelector(".none").hidden = true;
}

/** Kassa's own record of the newest order. */
async function showTrace() {
  const newest = ownOrders()[0];
  const answer = newest && (await fetch(`/api/orders/${newest.key}/events`));
  if (!answer?.ok) return;
  const trace = panel.querySelector(".trace");
  trace.hidden = false;
  trace.querySelector("summary").textContent = text("panel.trace", newest);
  trace.querySelector("pre").textContent = JSON.stringify(await answer.json(), null, 2);
}

function buildChoices() {
  const place = panel.querySelector(".choices");
  const { through, option, named, single, choose_at, page } = kept;
  const parts = [
    select("through", through, Object.entries(PROVIDERS)),
    select("option", option, OPTIONS.map((name) => [name, text(`panel.${name}`)])),
  ];
  if (option === "named_banks") parts.push(checkboxes(named));
  if (option === "single_bank") parts.push(select("single", single, Object.entries(BANKS), "panel.bank"));
  const places = ["kassa", "provider"].map((name) => [name, text(`panel.${name}`)]);
  if (through !== "op") parts.push(select("choose_at", choose_at, places, "panel.where"));
  parts.push(
    select("page", page, ["embedded", "hosted"].map((name) => [name, text(`panel.${name}`)])),
  );
  const focused = document.activeElement?.name;
  place.replaceChildren(...parts);
  if (focused && !panel.contains(document.activeElement)) place.querySelector(`select[name="${focused}"]`)?.focus();
}

function select(name, value, choices, label = `panel.${name}`) {
  const box = document.createElement("label");
  const field = Object.assign(document.createElement("select"), { name });
  for (const [id, words] of choices) field.append(new Option(words, id, false, id === value));
  field.addEventListener("change", () => wish({ [name]: field.value }));
  box.append(text(label), field);
  return box;
}

function checkboxes(chosen) {
  const group = document.createElement("fieldset");
  const legend = Object.assign(document.createElement("legend"), { textContent: text("panel.banks") });
  group.append(legend);
  for (const [id, name] of Object.entries(BANKS)) {
    const box = document.createElement("label");
    const field = Object.assign(document.createElement("input"), { type: "checkbox", checked: chosen.includes(id), value: id });
    field.addEventListener("change", () => {
      const checked = [...group.querySelectorAll(":checked")].map(({ value }) => value);
      // Named banks are two at least; one bank has an option of its own.
      if (checked.length < 2) field.checked = true;
      else wish({ named: checked }, false);
    });
    box.append(field, name);
    group.append(box);
  }
  return group;
}

function wish(change, rebuild = true) {
  Object.assign(kept, change);
  localStorage.setItem("shop-wishes", JSON.stringify(kept));
  if (rebuild) buildChoices();
  document.dispatchEvent(new CustomEvent("shop-wishes"));
}

translate(panel);
buildChoices();
if (sessionStorage.getItem("shop-panel") === "open") {
  panel.hidden = false;
  opener.ariaExpanded = "true";
  document.body.classList.add("with-panel");
  poll();
}
