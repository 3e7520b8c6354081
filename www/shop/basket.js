// The basket: kept on the device, priced again by the back end.

import { catalogue } from "./data.js";
import { money, text } from "./texts.js";

const { products, delivery, free_from } = catalogue;
const MOST = 99;
const quantities = read();

/** Quantities by product, without zeros. */
export const items = () => Object.fromEntries(Object.entries(quantities).filter(([, quantity]) => quantity > 0));

/** How many pieces there are. */
export const count = () => Object.values(quantities).reduce((sum, quantity) => sum + quantity, 0);

/** The lines and sums, in cents, as the back end computes them. */
export function bill() {
  const lines = products
    .filter(({ id }) => quantities[id] > 0)
    .map(({ id, price }) => ({ id, quantity: quantities[id], sum: price * quantities[id] }));
  const goods = lines.reduce((sum, line) => sum + line.sum, 0);
  const fee = goods >= free_from ? 0 : delivery;
  return { lines, goods, delivery: fee, total: goods + fee };
}

/** Sets a quantity; pages listen to `shop-basket` on the document. */
export function set(id, quantity) {
  quantities[id] = Math.min(Math.max(Math.trunc(quantity) || 0, 0), MOST);
  localStorage.setItem("shop-basket", JSON.stringify(quantities));
  document.dispatchEvent(new CustomEvent("shop-basket"));
}

/** Empties the basket, after the order is paid. */
export const clear = () => products.forEach(({ id }) => set(id, 0));

/** A quantity field with its two buttons. `always` keeps it when the quantity is zero. */
export function stepper(id, { always = false } = {}) {
  const input = Object.assign(document.createElement("input"), { type: "text", inputMode: "numeric", maxLength: 2, name: id, autocomplete: "off" });
  const fewer = button("−", () => set(id, quantities[id] - 1));
  const more = button("+", () => set(id, (quantities[id] ?? 0) + 1));
  const add = button(text("basket.add"), () => set(id, 1));
  const steps = document.createElement("div");
  const box = document.createElement("div");
  steps.className = "steps";
  steps.append(fewer, input, more);
  box.className = "stepper";
  add.className = "quiet add";
  box.append(steps, ...(always ? [] : [add]));
  input.addEventListener("change", () => set(id, Number(input.value)));

  function show() {
    const quantity = quantities[id] ?? 0;
    const name = text(`${id}.name`);
    const inside = box.contains(document.activeElement);
    input.value = quantity;
    input.ariaLabel = `${text("basket.quantity")}: ${name}`;
    fewer.ariaLabel = text("basket.fewer", { name });
    more.ariaLabel = text("basket.more", { name });
    more.disabled = quantity >= MOST;
    add.textContent = text("basket.add");
    add.ariaLabel = `${text("basket.add")}: ${name}`;
    if (always) return;
    const wasEmpty = steps.hidden;
    steps.hidden = quantity === 0;
    add.hidden = quantity > 0;
    // The control that had the focus is gone: the one in its place takes it.
    if (inside && wasEmpty !== steps.hidden) (quantity > 0 ? more : add).focus();
  }
  document.addEventListener("shop-basket", show);
  document.addEventListener("shop-language", show);
  show();
  return box;
}

/** The sums as a description list. */
export function sums({ lines, delivery: fee, total }) {
  const list = document.createElement("dl");
  list.className = "sums";
  const goods = lines.reduce((sum, line) => sum + line.sum, 0);
  for (const [key, value] of [
    ["basket.goods", money(goods)],
    ["basket.delivery", fee === 0 ? text("basket.free") : money(fee)],
    ["basket.total", money(total)],
  ]) {
    const row = document.createElement("div");
    const [term, sum] = ["dt", "dd"].map((name) => document.createElement(name));
    term.textContent = text(key);
    sum.textContent = value;
    row.append(term, sum);
    list.append(row);
  }
  return list;
}

/** A line with its drawing; `control` stands where the quantity does. */
export function lineItem({ id, quantity, sum }, control) {
  const item = document.createElement("li");
  const art = Object.assign(new Image(56, 56), { src: `/art/${id}.svg`, alt: "", className: `art art-${id}` });
  const name = Object.assign(document.createElement("span"), { className: "name", textContent: text(`${id}.name`) });
  const price = Object.assign(document.createElement("span"), { className: "sum", textContent: money(sum) });
  const many = control ?? Object.assign(document.createElement("span"), { className: "many", textContent: `${quantity} × ${money(sum / quantity)}` });
  item.append(art, name, price, many);
  return item;
}

function button(label, action) {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: label });
  made.addEventListener("click", action);
  return made;
}

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem("shop-basket") ?? "{}");
    const known = products.map(({ id }) => [id, kept[id]]).filter(([, quantity]) => Number.isInteger(quantity) && quantity > 0 && quantity <= MOST);
    return Object.fromEntries(known);
  } catch {
    return {};
  }
}
