// The words of the shop in three languages, and sums as people write them.

import { texts as tables } from "./data.js";

const LANGUAGES = ["fi", "sv", "en"];

const wished = [new URLSearchParams(location.search).get("lang"), localStorage.getItem("shop-language"), ...navigator.languages];
let language = wished.map((tag) => tag?.slice(0, 2).toLowerCase()).find((tag) => LANGUAGES.includes(tag)) ?? "fi";

/** The language on screen. */
export const currentLanguage = () => language;

/** A text; `{name}` in it is replaced by the value of that name. */
export const text = (key, values = {}) => tables[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** Cents as a sum: 4990 is `49,90 €`. Integers only. */
export function money(cents) {
  const rest = String(cents % 100).padStart(2, "0");
  const whole = (cents - (cents % 100)) / 100;
  return language === "en" ? `€${whole}.${rest}` : `${whole},${rest}\u00a0€`;
}

/** Puts the texts of the language into every element that names one. */
export function translate(root = document) {
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  for (const element of root.querySelectorAll("[data-cents]")) element.textContent = money(Number(element.dataset.cents));
}

/** Changes the language; pages listen to `shop-language` on the document. */
export function setLanguage(next) {
  language = next;
  localStorage.setItem("shop-language", next);
  show();
}

function show() {
  document.documentElement.lang = language;
  translate();
  document.title = `${text(document.body.dataset.title)} – Metsän Puoti`.replace(/^Metsän Puoti – /, "");
  document.dispatchEvent(new CustomEvent("shop-language"));
}

show();
