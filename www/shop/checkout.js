// The checkout page: details, then the payment.

import { bill, items, lineItem, stepper, sums } from "./basket.js";
import { kassaElement, placeOrder, readOrder } from "./kassa.js";
import { wishes } from "./panel.js";
import { currentLanguage, text } from "./texts.js";

const form = document.querySelector(".details");
const [fields, given] = [".fields", ".given"].map((name) => form.querySelector(name));
const payment = document.querySelector(".payment");
const message = document.querySelector(".message");
const steppers = new Map();
let order = await readOrder();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  pay();
});
given.querySelector("button").addEventListener("click", () => {
  forget();
  fields.querySelector("input").focus();
});
document.addEventListener("shop-wishes", () => order && pay());
document.addEventListener("shop-basket", showSummary);
document.addEventListener("shop-language", showAll);

async function pay() {
  const submit = fields.querySelector("button");
  submit.disabled = true;
  say("checkout.working");
  try {
    const { provider, option, banks, choose_at, page } = wishes();
    order = await placeOrder({
      items: order ? Object.fromEntries(order.bill.lines.map(({ id, quantity }) => [id, quantity])) : items(),
      language: currentLanguage(),
      customer: Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()])),
      selection: { option, ...(banks.length > 0 && { banks }) },
      choose_at,
      provider,
    });
    history.replaceState(null, "", `?order=${order.key}`);
    say();
    if (page === "hosted") return location.assign(order.payment.checkout_url);
    showAll();
    showPayment();
    payment.querySelector("h2").focus();
  } catch {
    say("checkout.failed");
  } finally {
    submit.disabled = false;
  }
}

/** Takes the customer back to the details; the order that was made is simply never paid. */
function forget() {
  order = null;
  history.replaceState(null, "", location.pathname);
  showAll();
  showPayment();
}

function say(key) {
  message.hidden = !key;
  message.classList.toggle("bad", key === "checkout.failed");
  message.textContent = key ? text(key) : "";
}

function showPayment() {
  const place = payment.querySelector(".place");
  payment.classList.toggle("waiting", !order);
  if (order) return place.replaceChildren(kassaElement("kassa-checkout", order.payment));
  const later = Object.assign(document.createElement("p"), { className: "soft", textContent: text("checkout.later") });
  later.dataset.text = "checkout.later";
  place.replaceChildren(later);
}

function showAll() {
  fields.hidden = Boolean(order);
  given.hidden = !order;
  const [first, last, email] = ["first_name", "last_name", "email"].map((name) => form.elements[name].value);
  given.querySelector("p").replaceChildren(`${first} ${last}`, document.createElement("br"), email);
  showSummary();
}

function showSummary() {
  const priced = order?.bill ?? bill();
  const empty = priced.lines.length === 0;
  document.querySelector(".columns").hidden = empty;
  document.querySelector(".nothing").hidden = !empty;
  const place = document.querySelector(".summary .place");
  if (empty) return place.replaceChildren();
  const list = place.querySelector(".lines") ?? Object.assign(document.createElement("ul"), { className: "lines" });
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  list.replaceChildren(...priced.lines.map((line) => lineItem(line, order ? undefined : stepperOf(line.id))));
  const heading = document.querySelector(".summary .number");
  heading.textContent = order ? text("checkout.order", { number: order.number }) : "";
  place.replaceChildren(list, sums(priced));
  if (focused?.isConnected) focused.focus();
}

function stepperOf(id) {
  if (!steppers.has(id)) steppers.set(id, stepper(id, { always: true }));
  return steppers.get(id);
}

showAll();
showPayment();
