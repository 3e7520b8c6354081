// All that a page of this shop does to take a payment.
//
// A shop that knows its Kassa's address writes the same as markup:
//
//   <script type="module" src="https://kassa.example/assets/checkout/kassa-checkout.js"></script>
//   <kassa-checkout session="TOKEN" api="https://kassa.example" lang="fi">
//     <a href="https://kassa.example/checkout/TOKEN">Maksa pankissa</a>
//   </kassa-checkout>

import { kassa } from "./data.js";
import { currentLanguage, text } from "./texts.js";

/** Makes `<kassa-checkout>` or `<kassa-status>` for a payment. */
export function kassaElement(name, { token, checkout_url: page }) {
  const element = document.createElement(name);
  element.setAttribute("session", token);
  element.setAttribute("api", kassa);
  element.setAttribute("lang", currentLanguage());
  // What stands inside is seen until the element is there, and when it cannot be loaded.
  const link = Object.assign(document.createElement("a"), { href: page, className: "go" });
  link.dataset.text = name === "kassa-checkout" ? "checkout.hosted" : "thanks.view";
  link.textContent = text(link.dataset.text);
  element.append(link);
  document.addEventListener("shop-language", () => element.setAttribute("lang", currentLanguage()));
  // Without Kassa's script the link above is still a way to pay.
  import(`${kassa}/assets/checkout/kassa-checkout.js`).catch(() => {});
  return element;
}

/** Sends an order to the shop's own back end, which makes the payment. */
export async function placeOrder(order) {
  const answer = await fetch("/api/orders", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(order),
  });
  if (!answer.ok) throw new Error(`the shop answered ${answer.status}`);
  return remember(await answer.json());
}

/** Reads an order by the key in the page's address; `null` when there is none. */
export async function readOrder(key = new URLSearchParams(location.search).get("order")) {
  const answer = key && (await fetch(`/api/orders/${encodeURIComponent(key)}`));
  return answer?.ok ? remember(await answer.json()) : null;
}

/** The orders made on this device, the newest first. */
export const ownOrders = () => JSON.parse(localStorage.getItem("shop-orders") ?? "[]");

function remember(order) {
  const others = ownOrders().filter(({ key }) => key !== order.key);
  const kept = [{ key: order.key, number: order.number }, ...others].slice(0, 10);
  localStorage.setItem("shop-orders", JSON.stringify(kept));
  return order;
}
