// The thank-you page. What it says comes from the shop's back end, never from the address.

import { clear, lineItem, sums } from "./basket.js";
import { kassaElement, readOrder } from "./kassa.js";
import { text } from "./texts.js";

/** What the customer reads in each state of the payment; a word not known here is one to wait for. */
const SAYS = {
  paid: "thanks.paid",
  partially_refunded: "thanks.paid",
  created: "thanks.open",
  declined: "thanks.open",
  cancelled: "thanks.open",
  expired: "thanks.open",
  failed: "thanks.open",
  refunded: "thanks.returned",
  reversed: "thanks.returned",
};
const LAST_ASK = 15 * 60 * 1000;

const heading = document.querySelector("h1");
const lead = document.querySelector(".lead");
const again = document.querySelector(".again");
const began = Date.now();
let order = await readOrder();
let timer;

function show() {
  const says = order ? (SAYS[order.payment.status] ?? "thanks.wait") : "thanks.missing";
  for (const [element, key] of [[heading, says], [lead, `${says}.text`]]) {
    if (element.textContent !== text(key)) element.textContent = text(key);
  }
  document.title = `${text(says)} – Metsän Puoti`;
  document.querySelector(".receipt").hidden = !order;
  if (!order) return;
  again.hidden = says !== "thanks.open";
  again.href = `/checkout.html?order=${order.key}`;
  document.querySelector(".number").textContent = order.number;
  document.querySelector(".reference").textContent = order.payment.reference;
  const list = document.querySelector(".lines");
  list.replaceChildren(...order.bill.lines.map((line) => lineItem(line)));
  document.querySelector(".sums-place").replaceChildren(sums(order.bill));
  emptyBasketOnce(says);
}

/** The basket is kept until the order is paid, or as good as: then it is emptied, once for an order. */
function emptyBasketOnce(says) {
  if (!["thanks.paid", "thanks.wait"].includes(says) || localStorage.getItem("shop-emptied") === order.key) return;
  localStorage.setItem("shop-emptied", order.key);
  clear();
}

async function ask() {
  clearTimeout(timer);
  order = (await readOrder().catch(() => null)) ?? order;
  show();
  if (Date.now() - began < LAST_ASK) timer = setTimeout(ask, Date.now() - began < 60_000 ? 3_000 : 15_000);
}

document.addEventListener("shop-language", show);
show();
if (order) {
  document.querySelector(".status").append(kassaElement("kassa-status", order.payment));
  document.addEventListener("kassa-status", ask);
  timer = setTimeout(ask, 3_000);
}
